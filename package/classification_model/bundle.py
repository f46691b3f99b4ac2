"""The trained bundle: a manifest and its siblings, saved whole, verified before it is used.

    trained_models/<pipeline_save_file><version>.json   the manifest
                                               .pkl     the whole scikit-learn pipeline
                                               .onnx    what comes after the encoding
                                               .golden.jsonl    rows with their answers
                                               .html    the model card; .md and .svg too

The manifest names each sibling with its sha256, so it alone decides which bytes are the
model. Saving replaces it in one step, between staging the siblings under names that carry
their digest and moving them to their own; a reader that meets the moment in between finds
the staged file by its digest. So a crash leaves the old bundle or the new one.
"""

from __future__ import annotations

import glob
import hashlib
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from classification_model.config.home import Home
from classification_model.config.schema import FrozenModel, Label, RowSchema
from classification_model.errors import (
    BundleError,
    DamagedModelError,
    IncompatibleModelError,
    MissingModelError,
)
from classification_model.processing.features import Feature
from classification_model.records import Choice, Gate

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = [
    "FORMAT",
    "Bundle",
    "FileRecord",
    "Manifest",
    "library_versions",
    "load",
    "load_any",
    "save",
]

FORMAT = 1
"""The number that changes when a reader of the old format would misread the new one."""

_LIBRARIES = ("joblib", "numpy", "onnx", "onnxruntime", "pydantic", "scikit-learn", "skl2onnx")


class FileRecord(FrozenModel):
    """A sibling of the manifest: its name, sha256 and size in bytes."""

    name: str
    sha256: str
    size: int


class Manifest(FrozenModel):
    """What the model is. No clock and no host name: the same inputs give the same bytes."""

    format: int
    version: str
    target: str
    classes: tuple[Label, ...]
    row_schema: RowSchema
    features: tuple[Feature, ...]
    rows: int
    data_sha256: str
    config_sha256: str
    python: str
    libraries: dict[str, str]
    metrics: dict[str, float]
    choice: Choice
    gate: Gate | None
    onnx_refused: str | None
    files: dict[str, FileRecord]

    def is_of(self, *, data_sha256: str, config_sha256: str) -> bool:
        """Whether the model was trained on these very data, by this very configuration."""
        return (self.data_sha256, self.config_sha256) == (data_sha256, config_sha256)

    def source(self) -> bytes:
        """The manifest as the bytes of its file."""
        return (self.model_dump_json(indent=2) + "\n").encode()


@dataclass(frozen=True, slots=True)
class Bundle:
    """A manifest with the bytes of its siblings, by suffix, all of them verified.

    ``digest`` is the sha256 of the manifest, and so stands for the whole bundle.
    """

    manifest: Manifest
    digest: str
    contents: Mapping[str, bytes]

    @classmethod
    def of(cls, manifest: Manifest, *, stem: str, contents: Mapping[str, bytes]) -> Bundle:
        """A bundle in memory: the manifest is completed with a record of each sibling.

        Args:
            manifest: everything but ``files``.
            stem: the name that the files share, ``<pipeline_save_file><version>``.
            contents: the siblings' bytes by suffix, such as ``.pkl``.
        """
        files = {
            suffix: FileRecord(name=stem + suffix, sha256=_sha256(content), size=len(content))
            for suffix, content in contents.items()
        }
        complete = manifest.model_copy(update={"files": files})
        return cls(complete, _sha256(complete.source()), dict(contents))

    def pipeline(self) -> Pipeline:
        """Unpickle the pipeline.

        Raises:
            IncompatibleModelError: another scikit-learn made it than the one installed.
        """
        from classification_model.processing.data_manager import load_pipeline

        made, installed = self.manifest.libraries["scikit-learn"], metadata.version("scikit-learn")
        if made.split(".")[:2] != installed.split(".")[:2]:
            raise IncompatibleModelError(
                f"{self.manifest.files['.pkl'].name}: made by scikit-learn {made}, and {installed} "
                f"is installed: pip install 'scikit-learn=={made}', or train again"
            )
        return load_pipeline(self.contents[".pkl"])


def library_versions() -> dict[str, str]:
    """The installed versions of the libraries that decide what a bundle holds."""
    versions = {}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def python_version() -> str:
    """The running Python, as major.minor."""
    return ".".join(platform.python_version_tuple()[:2])


def save(home: Home, *, stem: str, contents: Mapping[str, bytes], manifest: Manifest) -> Bundle:
    """Write a bundle, whole or not at all, then remove the models of other versions.

    ``stem``, ``contents`` and ``manifest`` are those of :meth:`Bundle.of`.
    """
    folder = home.trained_models
    folder.mkdir(exist_ok=True)
    new = Bundle.of(manifest, stem=stem, contents=contents)
    files = new.manifest.files
    for suffix, record in files.items():
        _write(_staged(folder, record), contents[suffix])
    temporary = folder / f".{stem}.json.{os.getpid()}"
    _write(temporary, new.manifest.source())
    temporary.replace(folder / f"{stem}.json")
    _sync_folder(folder)
    # From here on the new bundle is the one that is read; what follows is tidying.
    for record in files.values():
        _staged(folder, record).replace(folder / record.name)
    _sync_folder(folder)
    keep = {f"{stem}.json", *(record.name for record in files.values())}
    _remove_others(folder, stem, keep)
    return new


def load_any(home: Home) -> Bundle | None:
    """The bundle that a home holds, of whatever version, or nothing where there is none whole."""
    for file, source in _manifests(home.trained_models):
        try:
            return _bundle(home, _parse(file, source), source)
        except BundleError:
            continue
    return None


def load(home: Home) -> Bundle:
    """Read the bundle of the version that VERSION names, and verify every byte of it.

    Raises:
        MissingModelError: nothing was trained for this version.
        DamagedModelError: a file is missing, or is not the one that was saved.
        IncompatibleModelError: the bundle is of a format that this package does not read.
    """
    version = home.version()
    found = dict(_manifests(home.trained_models))
    for file, source in found.items():
        manifest = _parse(file, source)
        if manifest.version == version:
            return _bundle(home, manifest, source)
    others = ", ".join(file.name for file in found) or "nothing"
    raise MissingModelError(
        f"{home.trained_models}: no model of version {version} (found {others}): "
        "train it with tox -e train"
    )


def _bundle(home: Home, manifest: Manifest, source: bytes) -> Bundle:
    contents = {
        suffix: _read_sibling(home.trained_models, record)
        for suffix, record in manifest.files.items()
    }
    return Bundle(manifest, _sha256(source), contents)


def _manifests(folder: Path) -> Iterable[tuple[Path, bytes]]:
    for file in sorted(folder.glob("[!.]*.json")):
        yield file, file.read_bytes()


def _parse(file: Path, source: bytes) -> Manifest:
    try:
        manifest = Manifest.model_validate_json(source)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise DamagedModelError(
            f"{file}: not a manifest this package reads: {where}: {fault['msg']}; "
            "restore the file or train again"
        ) from None
    if manifest.format != FORMAT:
        raise IncompatibleModelError(
            f"{file}: format {manifest.format}, and this package reads {FORMAT}: "
            "install the package that made it, or train again"
        )
    return manifest


def _read_sibling(folder: Path, record: FileRecord) -> bytes:
    found = "no such file"
    for file in (folder / record.name, _staged(folder, record)):
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            continue
        if _sha256(content) == record.sha256:
            return content
        found = f"{len(content)} bytes with sha256 {_sha256(content)[:12]}"
    raise DamagedModelError(
        f"{folder / record.name}: not the file that was saved: expected {record.size} bytes with "
        f"sha256 {record.sha256[:12]}, found {found}; restore the file or train again"
    )


def _staged(folder: Path, record: FileRecord) -> Path:
    return folder / f".{record.name}.{record.sha256[:16]}"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder last; Windows cannot open a folder, and needs no such thing."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_others(folder: Path, stem: str, keep: set[str]) -> None:
    """Remove what earlier bundles left, also where removing was cut short before.

    A manifest is set aside before its files go, so that nobody reads it without them, and
    goes last, so that the files are still known to whoever has to go on.
    """
    for file, _ in list(_manifests(folder)):
        if file.name not in keep:
            file.replace(file.with_name(f".{file.name}"))
    for file in sorted(folder.glob(".*.json")):
        for record in _records(file.read_bytes()):
            if record.name not in keep:
                (folder / record.name).unlink(missing_ok=True)
        file.unlink()
    hidden = [file for file in folder.glob(".*") if file.name != ".gitkeep"]
    for file in sorted([*hidden, *folder.glob(f"{glob.escape(stem)}.*")]):
        if file.name not in keep:
            file.unlink()


def _records(source: bytes) -> Iterable[FileRecord]:
    try:
        return Manifest.model_validate_json(source).files.values()
    except ValidationError:
        return ()

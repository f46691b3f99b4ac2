"""Saving a bundle, whole or not at all.

The siblings are staged under names that carry their digest, and the manifest is put in place
in one step: from then on the new bundle is the one that is read, for a reader that does not
find a sibling under its name looks for it among the staged. Only then do they move to their
names, and what earlier bundles left goes. So wherever it is cut short, there is the old bundle
or the new one, and the next save clears up.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from classification_model.bundle.contents import Bundle
from classification_model.bundle.folder import OLD, STAGED, manifests, staged, sync, write
from classification_model.bundle.manifest import Manifest, files_named, sha256
from classification_model.config.home import Home
from classification_model.errors import SaveError

__all__ = ["restore", "save"]

_ENDINGS = (
    ".features", ".html", ".json", ".jsonl", ".learned", ".md", ".onnx", ".pkl", ".profile", ".svg",
)  # fmt: skip


def save(home: Home, *, stem: str, contents: Mapping[str, bytes], manifest: Manifest) -> Bundle:
    """Write a bundle, whole or not at all, then remove the models of other versions.

    ``stem``, ``contents`` and ``manifest`` are those of :meth:`Bundle.of`. One at a time:
    where others may save too, call it while the home is :func:`locked`.

    Raises:
        SaveError: the disk is full or fails; it says which bundle there is now.
    """
    new = Bundle.of(manifest, stem=stem, contents=contents)
    restore(home, new, new.manifest.source())
    return new


def restore(home: Home, new: Bundle, source: bytes) -> None:
    """Write a bundle with the very bytes of its manifest, as :func:`save` does.

    Raises:
        SaveError: the disk is full or fails; it says which bundle there is now.
    """
    folder, stem = home.trained_models, new.stem
    try:
        folder.mkdir(exist_ok=True)
        _settle(folder)
        _put(folder, new, source)
    except OSError as error:
        with suppress(OSError):
            _settle(folder)
            _remove(folder, STAGED)
        raise SaveError(
            f"{folder}: the new model is not saved: {_reason(error)}; the one that was there "
            "stays; mend that, and train again"
        ) from None
    try:
        sync(folder)
        _settle(folder)
        sync(folder)
        _remove_others(folder, stem, new.manifest)
    except OSError as error:
        raise SaveError(
            f"{folder}: the new model is saved, but the folder cannot be put in order: "
            f"{_reason(error)}; mend that, and train again"
        ) from None


def _put(folder: Path, new: Bundle, source: bytes) -> None:
    """Stage the siblings, then put the manifest in place in one step."""
    for suffix, record in new.manifest.files.items():
        write(staged(folder, record), new.contents[suffix])
    temporary = folder / f".{new.stem}.json.staged"
    write(temporary, source)
    sync(folder)
    temporary.replace(folder / f"{new.stem}.json")


def _settle(folder: Path) -> None:
    """Move what is staged for a manifest that is in place to its name.

    A save that was cut short may have left a part of a file; nobody needs that.
    """
    for source in manifests(folder).values():
        for record in files_named(source) or ():
            waiting = staged(folder, record)
            if not waiting.exists():
                continue
            if sha256(waiting.read_bytes()) == record.sha256:
                waiting.replace(folder / record.name)
            else:
                waiting.unlink()


def _remove_others(folder: Path, stem: str, manifest: Manifest) -> None:
    """Remove what earlier bundles left, also where removing was cut short before.

    A manifest is set aside before its files go, so that nobody reads it without them, and
    goes last, so that the files are still known to whoever has to go on. A manifest that git
    merged names nothing any more, so files go by their names, too. What is not of a bundle is
    left alone.
    """
    keep = {f"{stem}.json", *(record.name for record in manifest.files.values())}
    for file, source in manifests(folder).items():
        if file.name not in keep and files_named(source) is not None:
            file.replace(file.with_name(f".{file.name}.old"))
    for file in sorted(folder.glob(OLD)):
        for record in files_named(file.read_bytes()) or ():
            if record.name not in keep:
                (folder / record.name).unlink(missing_ok=True)
        file.unlink()
    of_bundles = glob.escape(stem.removesuffix(manifest.version))
    for file in sorted(folder.glob(f"{of_bundles}[0-9]*")):
        if file.name not in keep and file.name.endswith(_ENDINGS):
            file.unlink()
    _remove(folder, STAGED)


def _remove(folder: Path, pattern: str) -> None:
    for file in sorted(folder.glob(pattern)):
        file.unlink()


def _reason(error: OSError) -> str:
    where = f": {error.filename}" if error.filename else ""
    return f"{error.strerror or error}{where}"

"""Reading a bundle: what is returned was verified, byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from classification_model.bundle.contents import Bundle
from classification_model.bundle.folder import manifests, staged
from classification_model.bundle.manifest import Manifest, SavedFile, parse, sha256, version_of
from classification_model.config.home import Home
from classification_model.config.versions import numbers
from classification_model.errors import BundleError, DamagedModelError, MissingModelError

__all__ = ["load", "load_any", "versions_there"]


def load(home: Home) -> Bundle:
    """Read the bundle that a home holds, and verify every byte of it.

    It is the model that is served, whatever VERSION says: that is of the next training. While a
    training saves in the same home, it is the old bundle or the new one.

    Raises:
        MissingModelError: nothing was trained.
        DamagedModelError: a file is missing, or is not the one that was saved.
        IncompatibleModelError: the bundle is of a format that this package does not read.
    """
    found = load_any(home)
    if found is None:
        raise MissingModelError(
            f"{home.trained_models}: no model; train one: "
            f"classification-model train --home {home.path}, or tox -e train in the repository"
        )
    return found


def load_any(home: Home) -> Bundle | None:
    """The same, or nothing where there is none.

    Raises:
        BundleError: there is one, and it is not whole.
    """
    folder = home.trained_models
    found = _manifests(folder)
    while True:
        try:
            return _first_whole(home, found)
        except BundleError:
            before, found = found, _manifests(folder)
            if found == before:  # else a training has just replaced what was being read
                raise


def versions_there(home: Home) -> list[str]:
    """The versions of all bundles that a home holds: one, unless somebody merged two."""
    return sorted(filter(None, map(version_of, _manifests(home.trained_models).values())))


def _first_whole(home: Home, found: Mapping[Path, bytes]) -> Bundle | None:
    """The bundle of the version in VERSION, else the highest: a merge may have left two."""
    faults: dict[Path, BundleError] = {}
    wanted = home.next_version()
    versions = {file: version_of(source) or "" for file, source in found.items()}
    highest_first = sorted(found, key=lambda file: numbers(versions[file]), reverse=True)
    for file in sorted(highest_first, key=lambda file: versions[file] != wanted):
        try:
            return _bundle(home.trained_models, parse(file, found[file]), found[file])
        except BundleError as error:
            faults[file] = error
    if faults:
        raise faults[min(faults)]
    return None


def _manifests(folder: Path) -> dict[Path, bytes]:
    try:
        return manifests(folder)
    except OSError as error:
        raise DamagedModelError(
            f"{error.filename or folder}: cannot be read: {error.strerror}; "
            "restore the file or train again"
        ) from None


def _bundle(folder: Path, manifest: Manifest, source: bytes) -> Bundle:
    contents = {suffix: _read_sibling(folder, record) for suffix, record in manifest.files.items()}
    return Bundle(manifest, sha256(source), contents)


def _read_sibling(folder: Path, record: SavedFile) -> bytes:
    file = folder / record.name
    found = []
    # Twice, because a training that is saving may move the staged one between two looks.
    for place in (file, staged(folder, record), file):
        try:
            content = place.read_bytes()
        except OSError as error:
            found.append(f"{error.strerror}".lower())
            continue
        digest = sha256(content)
        if digest == record.sha256:
            return content
        found.append(f"{len(content)} bytes with sha256 {digest[:12]}")
    raise DamagedModelError(
        f"{file}: not the file that was saved: expected {record.size} bytes with "
        f"sha256 {record.sha256[:12]}, found {found[0]}; restore the file or train again"
    )

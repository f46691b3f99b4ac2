"""The files in trained_models/: their names, writing and syncing."""

from __future__ import annotations

import os
from pathlib import Path

from classification_model.bundle.manifest import SavedFile

__all__ = ["OLD", "STAGED", "manifests", "staged", "sync", "write"]

STAGED = ".*.staged"
"""Files that wait to take their place."""

OLD = ".*.old"
"""Manifests whose files are to be removed."""


def manifests(folder: Path) -> dict[Path, bytes]:
    """Whatever may be a manifest, with its bytes, by name."""
    found = {}
    for file in sorted(folder.glob("[!.]*.json")):
        try:
            found[file] = file.read_bytes()
        except FileNotFoundError:
            if not file.is_symlink():  # a training has put its own in the place of what was listed
                return manifests(folder)
    return found


def staged(folder: Path, record: SavedFile) -> Path:
    """Where a file waits; its digest in the name tells it from that of any other bundle."""
    return folder / f".{record.name}.{record.sha256[:16]}.staged"


def write(file: Path, content: bytes) -> None:
    """Write a file, and return when it would outlast a power cut."""
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def sync(folder: Path) -> None:
    """Make renames in a folder last; Windows cannot open a folder, and needs no such thing."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

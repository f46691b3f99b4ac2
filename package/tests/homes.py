"""The repository's home, and copies of it to spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

from classification_model.config.home import Home

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "package" / "classification_model"


def copy_home(target: Path, *, trained: bool) -> Home:
    """A copy of the repository's home: configuration, version, data and, if wanted, model."""
    leave_out = shutil.ignore_patterns("*.py", "__pycache__", "config", "processing")
    shutil.copytree(SOURCE, target, ignore=leave_out)
    if not trained:
        shutil.rmtree(target / "trained_models")
    return Home(target)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes."""
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}

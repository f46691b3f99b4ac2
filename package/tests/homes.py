"""Homes for the tests: the repository's own, small ones made from a CSV, and copies to spoil."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from classification_model import new_home
from classification_model.config.home import Home
from tables import Sample

__all__ = ["REPOSITORY", "SOURCE", "copy_of", "files_of", "make_home"]

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "package" / "classification_model"

# One quick estimator: these tests are about the road, not about how good a model is.
_ESTIMATOR = """\
estimator:
  name: logistic_regression
  parameters:
    C: 0.5
"""


def make_home(sample: Sample, folder: Path, *, quick: bool = True) -> Home:
    """A home that ``init`` wrote for a CSV, not yet trained."""
    folder.mkdir(parents=True)
    source = sample.write(folder / "data.csv")
    home, _ = new_home.create(source, sample.target, folder / "home")
    if quick:
        text = home.config_file.read_text(encoding="utf-8")
        text = re.sub(r"^estimator:.*", _ESTIMATOR, text, flags=re.MULTILINE | re.DOTALL)
        home.config_file.write_text(text, encoding="utf-8")
    return home


_CODE = ("batch", "card", "config", "evaluation", "processing")


def copy_of(home: Home, folder: Path) -> Home:
    """A copy of a home, without code where the home is a package."""
    leave_out = shutil.ignore_patterns("*.py", "__pycache__", *_CODE)
    shutil.copytree(home.path, folder, ignore=leave_out)
    return Home(folder)


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes."""
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}

"""Homes for the tests: the repository's own, small ones made from a CSV, and copies to spoil."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import numpy as np
import pytest

from classification_model import bundle
from classification_model.bundle import Bundle
from classification_model.bundle.stamp import moved_on
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.config.schema import Label, RowSchema
from classification_model.init import scaffold
from classification_model.processing.csv_reader import Table
from classification_model.processing.data_manager import Dataset, read_csv
from classification_model.processing.splitting import row_units
from classification_model.processing.typed_columns import columns_of_rows
from classification_model.processing.value_rules import TypedRow, number_format
from tables import Sample

__all__ = [
    "FEATURES",
    "MOVED_ON",
    "REPOSITORY",
    "SOURCE",
    "as_written",
    "copy_of",
    "dataset_of",
    "files_of",
    "make_home",
    "needs_its_scikit_learn",
    "parsed",
    "records_of",
    "saved_again",
    "table_has_moved_on",
]

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "package" / "classification_model"
FEATURES = Path(__file__).with_name("passengers.py")
"""Functions of the tests' own: those of the home that ships are whosever data it is about."""

LOCK = ".lock"

_MADE_BY = bundle.load(Home(SOURCE)).manifest.libraries["scikit-learn"]

needs_its_scikit_learn = pytest.mark.skipif(
    version("scikit-learn") != _MADE_BY,
    reason=f"scikit-learn {_MADE_BY} made the shipped pickle, and with another it is refused",
)
MOVED_ON = "the model of the repository was rolled back: its table has moved on"
"""Why what compares the two is skipped."""

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
    home, _ = scaffold.create(source, sample.target, folder / "home")
    if quick:
        text = home.config_file.read_text(encoding="utf-8")
        text = re.sub(r"^estimator:.*", _ESTIMATOR, text, flags=re.MULTILINE | re.DOTALL)
        home.config_file.write_text(text, encoding="utf-8")
    return home


_CODE = (
    "batch", "bundle", "card", "cli", "config", "evaluation", "inference", "init", "learners",
    "monitoring", "processing", "publishing", "training",
)  # fmt: skip


def parsed(
    content: bytes, known: Sequence[str] = (), name: str = "t.csv", encoding: str | None = None
) -> Table:
    """The table of a file's bytes."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(content)
        return read_csv(file, known, encoding)


def records_of(table: Table) -> list[dict[str, str]]:
    """Each row as a dict of column to cell."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def dataset_of(schema: RowSchema, rows: Sequence[TypedRow], labels: Sequence[Label]) -> Dataset:
    """Typed rows that a test made, as if they had been read."""
    lines, units = np.arange(len(rows)) + 2, row_units(len(rows), 0)
    return Dataset(columns_of_rows(rows, schema), [*labels], lines, units, digest="x", size=1)


def table_has_moved_on(home: Home) -> bool:
    """Whether the table was last trained on for another version than the model's."""
    config, version = load_config(home), bundle.load(home).manifest.version
    return moved_on(home, config, version) is not None


def copy_of(home: Home, folder: Path) -> Home:
    """A copy of a home, without code where the home is a package."""

    def code(_: str, names: list[str]) -> set[str]:
        modules = {name for name in names if name.endswith(".py") and name != "features.py"}
        return modules | {"__pycache__", *_CODE}

    shutil.copytree(home.path, folder, ignore=code)
    return Home(folder)


def as_written(row: Mapping[str, object], schema: RowSchema) -> dict[str, object]:
    """A row as its columns write it in a file: with decimal commas, where they have them."""
    return {
        name: number_format(schema.columns[name]).write(float(value))
        if isinstance(value, int | float) and not isinstance(value, bool)
        else value
        for name, value in row.items()
    }


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its bytes, but for the lock of a training, which stays."""
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.name != LOCK}


def saved_again(
    home: Home, *, contents: Mapping[str, bytes] = MappingProxyType({}), **changes: object
) -> Bundle:
    """Save a home's bundle with other files or another manifest, so that every digest is right."""
    source = bundle.load(home)
    return bundle.save(
        home,
        stem=source.manifest.files[".pkl"].name.removesuffix(".pkl"),
        contents={**source.contents, **contents},
        manifest=source.manifest.model_copy(update=changes),
    )

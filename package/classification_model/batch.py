"""Score a file of rows into a file of predictions."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from classification_model.config.home import Home
from classification_model.errors import DataError
from classification_model.predict import load_model
from classification_model.processing.data_manager import faults, read_csv, write_csv

__all__ = ["Scored", "score_file"]


@dataclass(frozen=True, slots=True)
class Scored:
    """What was done: how many rows, and what was unusual about some of them."""

    rows: int
    warnings: list[dict[str, Any]]


def score_file(source: Path, output: Path, *, home: str | os.PathLike[str] | None = None) -> Scored:
    """Write the columns of a CSV with ``prediction`` and one ``probability_<class>`` for each.

    Rows keep their order. The output is written whole or not at all.

    Raises:
        DataError: the file is no CSV, or a row of it is bad: then nothing is written.
        BundleError: there is no model that can be used.
    """
    model = load_model(Home.find(home))
    schema = model.manifest.row_schema
    table = read_csv(source, list(schema.columns))
    if absent := [name for name in schema.columns if name not in table.columns]:
        raise DataError(
            f"{source}: no column {', '.join(map(repr, absent))}; the file has "
            f"{', '.join(map(repr, table.columns))}"
        )
    added = ["prediction", *(f"probability_{label}" for label in model.manifest.classes)]
    if taken := [name for name in added if name in table.columns]:
        raise DataError(f"{source}: has a column {taken[0]!r} already; rename it")
    # A file may carry columns of its own beside those that the model knows.
    known = [*schema.columns, *(name for name in schema.ignored if name in table.columns)]
    columns = [table.column(name) for name in known]
    rows = [dict(zip(known, cells, strict=True)) for cells in zip(*columns, strict=True)]
    checked = model.validator.validate(rows)
    if checked.errors:
        raise DataError(f"{source}: {faults(checked.errors, table.lines)}; nothing was written")
    result = model.score(checked)
    answers = zip(table.rows, result["predictions"], result["probabilities"], strict=True)
    lines = ([*row, label, *(shares or ())] for row, label, shares in answers)
    write_csv(output, [*table.columns, *added], lines)
    return Scored(len(rows), result["warnings"])

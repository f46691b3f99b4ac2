"""Find the units of a table that stay together: by record, or by the column of ``split``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from classification_model.config.core import Config
from classification_model.config.schema import Column, RowSchema
from classification_model.errors import DataError
from classification_model.processing.column_rules import ColumnRules
from classification_model.processing.splitting import (
    Digests,
    Units,
    group_units,
    record_units,
    time_units,
)
from classification_model.processing.typed_columns import TypedColumn
from classification_model.processing.value_rules import TypedValue

__all__ = ["units_of"]


def units_of(
    config: Config, digests: Digests, texts: Sequence[str], lines: npt.NDArray[np.int64]
) -> Units:
    """What is held out as a whole.

    Args:
        config: its ``split``, and how the column that it names is written.
        digests: of each row's record.
        texts: of the column that ``split`` names; empty where it names none.
        lines: the line of each row.

    Raises:
        DataError: a row has no time, or one that cannot be read.
    """
    rule = config.split
    records = record_units(digests, copies=rule.copies)
    if rule.groups is not None:
        stripped = [text.strip() for text in texts]
        known = [None if text in config.missing_markers else text for text in stripped]
        return group_units(records, known, seed=config.random_state)
    if rule.time is not None:
        moments = _moments(config, rule.time, texts, lines)
        return time_units(records, moments, column=rule.time, lines=lines.tolist())
    return records


def _moments(
    config: Config, name: str, texts: Sequence[str], lines: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Each row's moment: by the kind that config.yml gives the column, else as a date or number."""
    told = config.row_schema().columns.get(name)
    columns = [told] if told else [Column(kind="date"), Column(kind="number")]
    raw = pa.array(texts, pa.string())
    good = np.zeros(len(texts), np.bool_)
    for column in columns:
        schema = RowSchema(columns={name: column}, missing_markers=config.missing_markers)
        typed = ColumnRules(schema).check({name: raw})
        good = typed.good
        if good.all():
            return _numbers(typed.columns[name], name)
    line = lines[int(good.argmin())]
    raise DataError(
        f"line {line}: {name!r} is neither a date such as 2024-12-31 nor a number, and rows are "
        "held out by it; give it a kind in columns, or change split in config.yml"
    )


def _numbers(column: TypedColumn, name: str) -> npt.NDArray[np.float64]:
    if column.numbers is not None:
        return column.numbers
    codes, values = column.distinct()
    moments = np.array([_number(value, name) for value in values], np.float64)
    return moments[codes]


def _number(value: TypedValue, name: str) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).timestamp()
    if isinstance(value, date):
        return float(value.toordinal()) * 86_400
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    raise DataError(f"split: {name!r} is no column of dates or numbers; choose another for time")

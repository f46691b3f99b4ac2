"""What people pass to be predicted, as typed rows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from classification_model.errors import RowError
from classification_model.processing.validation import RowValidator, Validated

__all__ = ["validated"]

_EXPECTED = (
    "input_data: expected a DataFrame, a list of dicts (one for each row), one dict or Series "
    "(one row), or the path of a file"
)


def validated(
    data: Any, validator: RowValidator, encoding: str | None = None, *, keep_total: bool = False
) -> Validated:
    """Check the rows of a frame, a list, one dict or Series, or a file.

    ``encoding`` is what a file may be in where it is not UTF-8. A row at the end of a file that
    sums up the others is an error, unless ``keep_total`` says that it is a row.

    Raises:
        TypeError: it is something else.
        DataError: the file cannot be read.
        InvalidRowsError: a frame lacks a column, or has one twice.
    """
    if isinstance(data, str | os.PathLike):
        return _of_file(os.fspath(data), validator, encoding, keep_total=keep_total)
    if isinstance(data, Mapping):
        return validator.validate([_one_row(data, "a dict")])
    if isinstance(data, Sequence) and not isinstance(data, bytes | bytearray):
        return validator.validate(_rows(data))
    if hasattr(data, "items") and hasattr(data, "index") and _dimensions(data) == 1:
        return validator.validate([_one_row(dict(data.items()), "a Series")])
    from classification_model.processing.frames import FrameValidator, is_frame

    if not is_frame(data):
        raise TypeError(f"{_EXPECTED}, found {type(data).__name__}")
    return FrameValidator(validator.schema, validator).validate(data)


def _rows(data: Sequence[Any]) -> Sequence[Mapping[str, object]]:
    for position, row in enumerate(data):
        if not isinstance(row, Mapping):
            raise TypeError(f"{_EXPECTED}, found {type(row).__name__} at row {position} of a list")
    return data


def _one_row(row: Mapping[Any, object], what: str) -> Mapping[str, object]:
    for name, value in row.items():
        if isinstance(value, list | tuple | dict) or _dimensions(value):
            raise TypeError(f"{_EXPECTED}, found {what} with a {type(value).__name__} in {name!r}")
    return row


def _dimensions(value: Any) -> int:
    return getattr(value, "ndim", 0)


def _of_file(
    name: str, validator: RowValidator, encoding: str | None, *, keep_total: bool
) -> Validated:
    from classification_model.processing.reading import blocks, records
    from classification_model.processing.reading.columns import check_columns

    columns = validator.schema.columns
    source = blocks.head(name, [*columns], hint=encoding, keep_total=keep_total)
    check_columns(source, columns, ())
    found = [record for block in blocks.blocks(source) for record in records.records(block)]
    faults = {i: record for i, record in enumerate(found) if record.fault}
    readable = [i for i in range(len(found)) if i not in faults]
    raw = [
        {name: cell for name, cell in (found[i].row or {}).items() if name in columns}
        for i in readable
    ]
    checked = validator.validate(raw)
    typed = dict(zip(readable, checked.rows, strict=True))
    errors = [
        RowError(readable[e.row], e.column, e.rule, e.message, e.value) for e in checked.errors
    ] + [
        RowError(i, record.column, "unreadable", f"line {record.line} {record.fault}", None)
        for i, record in faults.items()
    ]
    errors.sort(key=lambda error: error.row)
    return Validated([typed.get(i) for i in range(len(found))], errors)

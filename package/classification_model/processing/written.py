"""Typed values as a table writes them, so that reading gives the same values again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date

from pydantic_core import PydanticCustomError

from classification_model.config.schema import Column, RowSchema
from classification_model.processing.reading.csv_cells import text_of
from classification_model.processing.value_rules import (
    TypedValue,
    date_format,
    number_format,
    parser,
)

__all__ = ["RowWriter"]

Cell = Callable[[object], str]
_UNREAD = Column(kind="raw")


class RowWriter:
    """Writes raw rows as the cells of a table.

    Args:
        schema: how its columns are read. What it does not know is written as it was sent.
        columns: of the table, in their order.
    """

    def __init__(self, schema: RowSchema, columns: Sequence[str]) -> None:
        self._cells: dict[str, Cell] = {
            name: _cell(schema.columns[name], _marker(schema, name), schema.missing_markers)
            if name in schema.columns
            else _as_sent
            for name in columns
        }

    def write(self, row: Mapping[str, object]) -> list[str]:
        """The cells of a row; a column that it lacks is missing.

        Raises:
            ValueError: a value breaks its column's rule, or cannot be written so that reading
                gives it again; the message names the column.
        """
        cells = []
        for name, cell in self._cells.items():
            try:
                cells.append(cell(row.get(name)))
            except (PydanticCustomError, ValueError) as error:
                raise ValueError(f"column {name!r}: {error}") from None
        return cells


def _cell(column: Column, marker: str, markers: Sequence[str]) -> Cell:
    read, write = parser(column, markers), _text_of(column)

    def cell(value: object) -> str:
        typed = read(value)
        text = marker if typed is None else write(typed)
        if read(text) != typed:
            raise ValueError(f"no text in this table means {typed!r}")
        return text

    return cell


def _marker(schema: RowSchema, name: str) -> str:
    """The text that means "missing" in a column: an empty one, where that may be."""
    known = (*schema.columns[name].missing_markers, *schema.missing_markers)
    return "" if "" in known or not known else known[0]


def _text_of(column: Column) -> Callable[[TypedValue], str]:
    """How a column writes a value that is there."""
    if column.kind in ("integer", "number"):
        numbers = number_format(column)
        return lambda value: numbers.write(float(value))  # type: ignore[arg-type]
    if column.kind != "date":
        return text_of
    dates = date_format(column)

    def date_text(value: TypedValue) -> str:
        if not isinstance(value, date):
            return text_of(value)
        with suppress(ValueError):
            written = value.strftime(dates.written)
            if dates.written and dates.parse(written) == value:
                return written
        return dates.text(value)

    return date_text


def _as_sent(value: object) -> str:
    """A value of a column that is not looked at: a number as a CSV would have it."""
    if isinstance(value, float) and not isinstance(value, bool):
        return str(parser(_UNREAD)(value))
    return text_of(value)

"""Values as cells of CSV, and rows as lines of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from classification_model.processing.reading.delimiters import plain_line
from classification_model.processing.reading.sources import Record, Source

__all__ = ["csv_line", "line_of", "neutral", "text_of"]

_RUN = frozenset("=+-@\t\r\n")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)


def neutral(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run: numbers and harmless text as they are.

    What begins like a formula gets an apostrophe in front, as OWASP advises against CSV injection.
    """
    return "'" + cell if cell[:1] in _RUN and not _NUMBER.fullmatch(cell) else cell


def csv_line(cells: Iterable[object]) -> str:
    """Cells as a line of CSV, without its end, neutral to spreadsheets."""
    return plain_line(neutral(text_of(cell)) for cell in cells)


def text_of(value: object) -> str:
    """A value as a cell: a missing one is empty, and what has parts is JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def line_of(source: Source, record: Record) -> str:
    """A row as CSV: as it stands in the file, where it can stand so in the output."""
    if source.format == "csv":
        cells = record.cells
        # Few rows hold a cell that begins like a formula.
        harmless = _RUN.isdisjoint([cell[:1] for cell in cells])
        harmless = harmless or all(neutral(cell) == cell for cell in cells)
        as_it_stands = source.delimiter == "," and harmless
        return record.text if as_it_stands else csv_line(cells)
    row = record.row or {}
    return csv_line(row.get(column) for column in source.columns)

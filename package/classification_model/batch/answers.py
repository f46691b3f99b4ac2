"""What is said of a block of rows, and how it is written: as lines of CSV or as a table."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from classification_model.batch.sources import Record, Source
from classification_model.config.schema import Label
from classification_model.processing.validation import TypedRow

__all__ = ["Answer", "Rejected", "ScoredRow", "Warned", "csv_line", "line_of", "neutral"]

Warned = dict[tuple[str, str], tuple[int, str]]
"""By column and rule: how many rows are unusual in that way, and what to say of the first."""

_RUN = frozenset("=+-@\t\r\n")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not scored: where it is, and why."""

    file: str
    line: int
    column: str | None
    value: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}"
        where += f", column {self.column!r}" if self.column else ""
        return f"{where}: {self.reason}" + (f", found {self.value!r}" if self.value else "")


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row with its answer."""

    record: Record
    typed: TypedRow
    label: Label
    shares: Sequence[float]


@dataclass(slots=True)
class Answer:
    """What became of a block: scored rows as ``content``, the others rejected, both in order.

    ``content`` is CSV, each line led by its newline, or an Arrow table. ``refused`` counts rows
    that were rejected and are not at hand.
    """

    scored: int
    content: Any
    rejected: list[Rejected] = field(default_factory=list)
    warned: Warned = field(default_factory=dict)
    done: int = 0
    refused: int = 0

    def warn(self, column: str, rule: str, count: int, message: str) -> None:
        """Add to what is unusual."""
        before, first = self.warned.get((column, rule), (0, message))
        self.warned[column, rule] = (before + count, first)


def neutral(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run: numbers and harmless text as they are.

    What begins like a formula gets an apostrophe in front, as OWASP advises against CSV injection.
    """
    return "'" + cell if cell[:1] in _RUN and not _NUMBER.fullmatch(cell) else cell


def csv_line(cells: Iterable[object]) -> str:
    """Cells as a line of CSV, without its end, neutral to spreadsheets."""
    stream = io.StringIO()
    # The writer quotes what has a character of its line end, so that must be both of them.
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([neutral(text_of(cell)) for cell in cells])
    return stream.getvalue().removesuffix("\r\n")


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
        as_it_stands = source.delimiter == "," and all(neutral(cell) == cell for cell in cells)
        return record.text if as_it_stands else csv_line(cells)
    row = record.row or {}
    return csv_line(row.get(column) for column in source.columns)

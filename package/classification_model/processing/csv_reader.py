"""A whole CSV as a table of text, row by row: what ``init`` looks at.

Nothing here knows what the cells mean: that is the row schema's.
"""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass

from classification_model.errors import DataError
from classification_model.processing.reading import csv_blocks
from classification_model.processing.reading.sources import check_columns, unreadable

__all__ = ["Table", "parse"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under named columns, each with the line of the file that it starts on."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    lines: list[int]
    delimiter: str
    encoding: str

    def column(self, name: str) -> list[str]:
        """The cells of one column, in order."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]

    def records(self) -> list[dict[str, str]]:
        """Each row as a dict of column to cell."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def parse(name: str, source: bytes, known_columns: Collection[str] = ()) -> Table:
    """Find out encoding and delimiter, and read the table.

    Args:
        name: the file's name, for messages.
        source: the file's content.
        known_columns: columns that the file is expected to have; with them the delimiter is
            certain even in a file of one row.

    Raises:
        DataError: the content is no text, has no header or no rows, has two columns of one
            name, or rows that cannot be read.
    """
    head = csv_blocks.head_of(name, io.BytesIO(source), known_columns)
    check_columns(head, (), ())
    found = [*csv_blocks.body(head, source)]
    if faults := [record for record in found if record.fault]:
        raise unreadable(name, faults)
    if not found:
        raise DataError(f"{name}: has a header and no rows")
    return Table(
        columns=head.columns,
        rows=[tuple(record.cells) for record in found],
        lines=[record.line for record in found],
        delimiter=head.delimiter,
        encoding=head.encoding,
    )

"""A whole file as a table of text, row by row: what ``init`` looks at.

Nothing here knows what the cells mean: that is the row schema's.
"""

from __future__ import annotations

import gc
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from classification_model.errors import DataError
from classification_model.processing.reading import blocks, csv_blocks, records
from classification_model.processing.reading.columns import check_columns
from classification_model.processing.reading.csv_cells import text_of
from classification_model.processing.reading.notes import notes_on
from classification_model.processing.reading.sources import (
    TOTAL,
    Record,
    format_of,
    opened,
    unreadable,
)
from classification_model.processing.reading.totals import totals_at_end

__all__ = ["Table", "parse", "read"]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under named columns, each with the line of the file that it starts on.

    ``raw`` has the rows of what is no CSV, by the types that it has.
    ``notes`` is what a person should know of how it was read. Without a delimiter it was no CSV.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    lines: list[int]
    delimiter: str
    encoding: str
    notes: Sequence[str] = ()
    raw: Sequence[Mapping[str, object]] = ()

    def column(self, name: str) -> list[str]:
        """The cells of one column, in order."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]

    def records(self) -> list[dict[str, str]]:
        """Each row as a dict of column to cell."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make millions of objects that stay: to look for garbage among them takes a third longer."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def parse(
    name: str,
    source: bytes,
    known_columns: Collection[str] = (),
    encoding: str | None = None,
    *,
    keep_total: bool = True,
) -> Table:
    """Find out encoding and delimiter, and read the table.

    Args:
        name: the file's name, for messages.
        source: the file's content.
        known_columns: columns that the file is expected to have; with them the delimiter is
            certain even in a file of one row.
        encoding: of its text; else the text says it.
        keep_total: whether rows at the end that sum up the others are rows.

    Raises:
        DataError: the content is no text, has no header or no rows, has two columns of one
            name, or rows that cannot be read.
    """
    head = csv_blocks.head_of(name, io.BytesIO(source), known_columns, encoding)
    csv_blocks.refuse_binary(name, io.BytesIO(source), head.encoding)
    check_columns(head, (), ())
    every = [*csv_blocks.body(head, source)]
    found = [record for record in every if not record.no_row]
    if faults := [record for record in found if record.fault]:
        raise unreadable(name, faults)
    if not keep_total and (count := totals_at_end([record.cells for record in found])):
        every += [Record(record.line, fault=TOTAL) for record in found[-count:]]
        found = found[:-count]
    if not found:
        raise DataError(f"{name}: has a header and no rows")
    return Table(
        columns=head.columns,
        rows=[tuple(record.cells) for record in found],
        lines=[record.line for record in found],
        delimiter=head.delimiter,
        encoding=head.encoding,
        notes=notes_on(head, [record for record in every if record.no_row]),
    )


@_uncollected()
def read(
    name: str,
    known_columns: Sequence[str] = (),
    encoding: str | None = None,
    *,
    keep_total: bool = True,
) -> Table:
    """Read a file of any format as a table of text; see :func:`parse`.

    Raises:
        DataError: there is no such file, or it is no table.
    """
    if format_of(name) == "csv":
        with opened(name) as stream:
            return parse(name, stream.read(), known_columns, encoding, keep_total=keep_total)
    source = blocks.head(name, known_columns)
    check_columns(source, (), ())
    every = [record for block in blocks.blocks(source) for record in records.records(block)]
    if faults := [record for record in every if record.fault]:
        raise unreadable(name, faults)
    rows = [record.row or {} for record in every]
    return Table(
        columns=source.columns,
        rows=[tuple(text_of(row.get(column)) for column in source.columns) for row in rows],
        lines=[record.line for record in every],
        delimiter="",
        encoding="utf-8",
        raw=rows,
    )

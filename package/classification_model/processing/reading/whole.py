"""A labelled table by whole columns, part by part: what training reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from classification_model.errors import DataError, MissingExtraError
from classification_model.processing.arrays import Indices
from classification_model.processing.reading import blocks, records
from classification_model.processing.reading.csv_cells import text_of
from classification_model.processing.reading.sources import (
    Block,
    Record,
    Source,
    size_of,
    unreadable,
)
from classification_model.processing.typed_columns import TypedColumn, raw_values
from classification_model.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Part", "parts"]


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows as columns of raw values, and the line of the file that each row starts on."""

    columns: Mapping[str, pa.Array | TypedColumn]
    lines: Indices

    def texts(self, name: str) -> list[str]:
        """The cells of a column as a CSV has them."""
        import pyarrow as pa

        column = self.columns[name]
        if isinstance(column, pa.StringArray):
            found: list[str] = column.fill_null("").to_pylist()
            return found
        return [text_of(value) for value in raw_values(column)]

    def take(self, rows: Indices) -> Part:
        """Some of the rows."""
        taken = {name: column.take(rows) for name, column in self.columns.items()}
        return Part(taken, self.lines[rows])


def parts(
    source: Source,
    wanted: Sequence[str],
    progress: Progress,
    left_out: list[Record] | None = None,
) -> Iterator[Part]:
    """The rows of a table, in order.

    Args:
        source: as its head was read.
        wanted: the columns that are asked for.
        progress: is told of the rows.
        left_out: gets the lines that are no rows.

    Raises:
        MissingExtraError: pyarrow is not installed.
        DataError: there is no row, or one cannot be read; the first of those are named.
    """
    try:
        import pyarrow  # noqa: F401, ICN001 - only asked for
    except ImportError:
        raise MissingExtraError(
            purpose="reading a table by columns", extra="train", module="pyarrow"
        ) from None
    faults: list[Record] = []
    yield from _read(source, wanted, progress, faults)
    if left_out is not None:
        left_out += [record for record in faults if record.no_row]
    if faults := [record for record in faults if not record.no_row]:
        raise unreadable(source.name, faults)


def _read(
    source: Source, wanted: Sequence[str], progress: Progress, faults: list[Record]
) -> Iterator[Part]:
    rows, size = 0, size_of(source.name)
    for block in blocks.blocks(source):
        part = _by_columns(block, wanted) or _by_rows(block, wanted, faults)
        rows += len(part.lines)
        progress.count(rows, max(rows, round(rows * size / max(block.done, 1))), "rows")
        yield part
    if not rows and all(record.no_row for record in faults):
        raise DataError(f"{source.name}: has a header and no rows")


def _by_columns(block: Block, wanted: Sequence[str]) -> Part | None:
    """A block whose every row Arrow reads as we do, else nothing."""
    from classification_model.processing.reading.tables import table_of

    table = table_of(block, wanted, as_csv=False)
    if table is None or table.odd.any():
        return None
    return Part(table.columns(wanted), table.starts())


def _by_rows(block: Block, wanted: Sequence[str], faults: list[Record]) -> Part:
    import pyarrow as pa

    found = [*records.records(block)]
    faults += [record for record in found if record.fault]
    good = [record for record in found if record.row is not None and not record.fault]
    cells = {name: [(record.row or {}).get(name) for record in good] for name in wanted}
    columns: dict[str, pa.Array | TypedColumn] = {
        # JSON may hold anything in a column.
        name: pa.array(column, pa.string())
        if block.source.format == "csv"
        else TypedColumn.of(column)
        for name, column in cells.items()
    }
    return Part(columns, np.array([record.line for record in good], np.int64))

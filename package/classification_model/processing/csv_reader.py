"""A whole file as a table of text: what ``init`` looks at.

Nothing here knows what the cells mean: that is the row schema's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from classification_model.processing.arrays import Indices
from classification_model.processing.reading import blocks, csv_blocks, records
from classification_model.processing.reading.columns import check_columns
from classification_model.processing.reading.csv_cells import text_of
from classification_model.processing.reading.notes import notes_on
from classification_model.processing.reading.sources import Record, Source, opened, unreadable
from classification_model.processing.reading.whole import parts
from classification_model.progress import Progress

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Table", "read"]


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of text, and the line of the file that each row starts on.

    ``raw`` has the columns of what is no CSV, by the types that it has.
    ``notes`` is what a person should know of how it was read. Without a delimiter it was no CSV.
    """

    columns: tuple[str, ...]
    texts: Mapping[str, pa.StringArray]
    lines: Indices
    delimiter: str
    encoding: str
    notes: Sequence[str] = ()
    raw: Mapping[str, Sequence[object]] = field(default_factory=dict)

    def column(self, name: str) -> list[str]:
        """The cells of one column, in order."""
        found: list[str] = self.texts[name].to_pylist()
        return found

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """Each row's cells, where they are few."""
        return [*zip(*(self.column(name) for name in self.columns), strict=True)]

    def repeats(self) -> int:
        """How many rows are another one's equals."""
        import pyarrow as pa

        seen = np.zeros(len(self.lines), np.int64)
        count = min(1, len(seen))
        for texts in self.texts.values():
            if count == len(seen):
                break
            codes = texts.dictionary_encode().indices.to_numpy()
            together = pa.array(seen * len(seen) + codes).dictionary_encode()
            seen, count = together.indices.to_numpy().astype(np.int64), len(together.dictionary)
        return len(seen) - count


def read(
    name: str,
    known_columns: Sequence[str] = (),
    encoding: str | None = None,
    *,
    keep_total: bool = True,
    progress: Progress | None = None,
) -> Table:
    """Find out how a file of any format is written, and read it as a table of text.

    Args:
        name: of the file.
        known_columns: columns that it is expected to have; with them the delimiter of a CSV is
            certain even where it has one row.
        encoding: of a CSV; else its text says it.
        keep_total: whether rows at the end of a CSV that sum up the others are rows.
        progress: is told of the rows.

    Raises:
        DataError: there is no such file, or it is no table: no text, without header or rows, with
            two columns of one name, or with rows that cannot be read.
        MissingExtraError: pyarrow is not installed.
    """
    source = blocks.head(name, known_columns, encoding, keep_total=keep_total)
    if source.format == "csv":
        with opened(name) as stream:
            csv_blocks.refuse_binary(name, stream, source.encoding)
    check_columns(source, (), ())
    if source.format != "csv":
        return _of_records(source)
    left_out: list[Record] = []
    found = [*parts(source, source.columns, progress or Progress(), left_out)]
    return Table(
        columns=source.columns,
        texts={
            column: _joined([part.columns[column] for part in found]) for column in source.columns
        },
        lines=np.concatenate([part.lines for part in found]),
        delimiter=source.delimiter,
        encoding=source.encoding,
        notes=notes_on(source, left_out),
    )


def _joined(arrays: Sequence[pa.StringArray]) -> pa.StringArray:
    import pyarrow as pa

    return pa.concat_arrays(arrays)


def _of_records(source: Source) -> Table:
    """What is no CSV, whose values have types."""
    import pyarrow as pa

    every = [record for block in blocks.blocks(source) for record in records.records(block)]
    if faults := [record for record in every if record.fault]:
        raise unreadable(source.name, faults)
    raw = {name: [(record.row or {}).get(name) for record in every] for name in source.columns}
    return Table(
        columns=source.columns,
        texts={name: pa.array([*map(text_of, cells)], pa.string()) for name, cells in raw.items()},
        lines=np.array([record.line for record in every], np.int64),
        delimiter="",
        encoding="utf-8",
        raw=raw,
    )

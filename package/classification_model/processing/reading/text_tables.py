"""The cells of a CSV's block by columns, without Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from classification_model.processing.arrays import Indices
from classification_model.processing.reading import csv_records
from classification_model.processing.reading.csv_cells import line_of
from classification_model.processing.reading.sources import Block, Record
from classification_model.processing.typed_columns import TypedColumn

__all__ = ["TextTable"]


class TextTable:
    """The rows of a block as the row-wise reader finds them, those that it can read by columns."""

    keeps_types = False

    def __init__(self, block: Block) -> None:
        self.names = block.source.columns
        self._source = block.source
        self._records, _ = csv_records.read(
            csv_records.lines_of(block.content), block.line, block.source
        )
        rows = [csv_records.is_row(block.source, record) for record in self._records]
        self.odd = ~np.array(rows, np.bool_)

    def columns(self, names: Sequence[str]) -> dict[str, TypedColumn]:
        """The raw cells of some columns, in the rows that are not odd."""
        kept = [self._records[i].cells for i in np.flatnonzero(~self.odd).tolist()]
        every = [*zip(*kept, strict=True)] or [()] * len(self.names)
        return {name: TypedColumn.of_texts(every[self.names.index(name)]) for name in names}

    def starts(self) -> Indices:
        """The line of the file that each row starts on."""
        return np.array([record.line for record in self._records], np.int64)

    def records(self, row: int) -> Iterator[Record]:
        """What is to be scored, or rejected, of one row."""
        yield csv_records.checked(self._source, self._records[row])

    def lines(self, chosen: Indices) -> list[str]:
        """Some of the rows as lines of CSV, each led by a newline."""
        return ["\n" + line_of(self._source, self._records[row]) for row in chosen.tolist()]

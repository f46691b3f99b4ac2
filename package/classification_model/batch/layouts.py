"""How scored rows are written: lines of CSV, or a table for Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from classification_model.batch.answers import Rejected, ScoredRow
from classification_model.inference.engines import Probabilities
from classification_model.predict import Model
from classification_model.processing.reading.csv_cells import csv_line, line_of, text_of
from classification_model.processing.reading.sources import Block, Source

if TYPE_CHECKING:
    import pyarrow as pa

    from classification_model.processing.reading.tables import Positions, Table
    from classification_model.processing.typed_columns import Typed

__all__ = ["CsvLayout", "Layout", "ParquetLayout", "Target", "added_columns"]

Target = Literal["csv", "parquet"]


def added_columns(model: Model) -> list[str]:
    """The columns that the answer adds to those of a row."""
    return ["prediction", *(f"probability_{label}" for label in model.manifest.classes)]


class CsvLayout:
    """Lines of CSV, each led by a newline: the row, then its answer."""

    def __init__(self, model: Model) -> None:
        self._labels = [csv_line([label]) for label in model.manifest.classes]
        self._classes = model.manifest.classes

    def accepted(self, source: Source, row: ScoredRow) -> ScoredRow | Rejected:  # noqa: ARG002
        """A row can always be written."""
        return row

    def of_rows(self, block: Block, scored: Sequence[ScoredRow]) -> list[str]:
        """Rows that were answered one by one."""
        labels = dict(zip(self._classes, self._labels, strict=True))
        return [
            f"\n{line_of(block.source, row.record)},{labels[row.label]},"
            + ",".join(map(repr, row.shares))
            for row in scored
        ]

    def of_table(self, table: Table, typed: Typed, shares: Probabilities) -> pa.Array:
        """The good rows of a table."""
        import pyarrow as pa
        import pyarrow.compute as pc

        labels = pa.array(self._labels, pa.string()).take(pa.array(shares.argmax(axis=1)))
        texts = [
            pa.array(np.ascontiguousarray(column, np.float64)).cast(pa.string())
            for column in shares.T
        ]
        chosen = np.flatnonzero(~table.odd)[typed.good]
        return pc.binary_join_element_wise(table.lines(chosen), labels, *texts, ",")

    def joined(self, parts: Sequence[Any], order: Positions | None) -> bytes:
        """The lines of all parts, in order."""
        if all(isinstance(part, list) for part in parts):
            return "".join(line for part in parts for line in part).encode()
        import pyarrow as pa

        lines = pa.concat_arrays([pa.array(part, pa.string()) for part in parts])
        if order is not None:
            lines = lines.take(pa.array(order))
        _, offsets, text = lines.buffers()
        bounds = np.frombuffer(offsets, np.int32)[[lines.offset, lines.offset + len(lines)]]
        return memoryview(text)[bounds[0] : bounds[1]].tobytes()


class ParquetLayout:
    """Arrow tables: the columns of the model by their kinds, the others as text.

    What comes from Parquet keeps the types that it has there.
    """

    def __init__(self, model: Model) -> None:
        import pyarrow as pa

        kinds = {
            "boolean": pa.bool_(),
            "category": pa.string(),
            "date": pa.date32(),
            "integer": pa.int64(),
            "number": pa.float64(),
            "text": pa.string(),
        }
        columns = model.manifest.row_schema.columns
        self._types = {name: kinds[column.kind] for name, column in columns.items()}
        self._whole = [name for name, column in columns.items() if column.kind == "integer"]
        self._classes = pa.array(model.manifest.classes)
        self._added = added_columns(model)

    def accepted(self, source: Source, row: ScoredRow) -> ScoredRow | Rejected:
        """A row, unless a whole number of it does not fit into a column of them."""
        if source.format == "parquet":
            return row
        for name in self._whole:
            value = row.typed[name]
            if value is not None and not -(2**63) <= value < 2**63:  # type: ignore[operator]
                reason = "does not fit into a 64-bit integer of Parquet; write CSV"
                return Rejected(source.name, row.record.line, name, str(value), reason)
        return row

    def of_rows(self, block: Block, scored: Sequence[ScoredRow]) -> pa.Table:
        """Rows that were answered one by one."""
        import pyarrow as pa

        columns: dict[str, Any] = {}
        for name in block.source.columns:
            if block.source.format == "parquet":
                kind = block.content.schema.field(name).type
                raw = [(row.record.row or {})[name] for row in scored]
                columns[name] = pa.array(raw, kind)
            elif name in self._types:
                columns[name] = pa.array([row.typed[name] for row in scored], self._types[name])
            else:
                texts = [_text(row, name) for row in scored]
                columns[name] = pa.array(texts, pa.string())
        shares = np.array([row.shares for row in scored], np.float64).reshape(
            -1, len(self._classes)
        )
        return self._with_answers(columns, shares)

    def of_table(self, table: Table, typed: Typed, shares: Probabilities) -> pa.Table:
        """The good rows of a table."""
        import pyarrow as pa

        good = pa.array(typed.good)
        columns: dict[str, Any] = {}
        for name, raw in table.columns(table.names).items():
            if table.keeps_types or name not in self._types:
                columns[name] = raw.filter(good)
            else:
                columns[name] = typed.columns[name].array(self._types[name])
        return self._with_answers(columns, shares)

    def joined(self, parts: Sequence[pa.Table], order: Positions | None) -> pa.Table:
        """The rows of all parts, of which there is at least one, in order."""
        import pyarrow as pa

        table = pa.concat_tables(parts)
        return table if order is None else table.take(pa.array(order))

    def _with_answers(self, columns: dict[str, Any], shares: Probabilities) -> pa.Table:
        import pyarrow as pa

        prediction, *probabilities = self._added
        columns[prediction] = self._classes.take(pa.array(shares.argmax(axis=1)))
        for name, column in zip(probabilities, shares.T, strict=True):
            columns[name] = pa.array(np.ascontiguousarray(column, np.float64))
        return pa.table(columns)


def _text(row: ScoredRow, name: str) -> str | None:
    value = (row.record.row or {}).get(name)
    return None if value is None else text_of(value)


Layout = CsvLayout | ParquetLayout

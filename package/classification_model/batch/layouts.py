"""How scored rows are written: lines of CSV, or a table for Parquet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import compress
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import numpy.typing as npt

from classification_model.batch.answers import Rejected, ScoredRow
from classification_model.config.schema import Column
from classification_model.inference.engines import Probabilities
from classification_model.predict import Model
from classification_model.processing.decisions import ABSTAINED
from classification_model.processing.reading.csv_cells import line_of, text_of
from classification_model.processing.reading.delimiters import plain_line
from classification_model.processing.reading.sources import Block, Source
from classification_model.processing.value_rules import date_format

if TYPE_CHECKING:
    import pyarrow as pa

    from classification_model.processing.reading.tables import Positions, Table
    from classification_model.processing.typed_columns import Typed

__all__ = ["CsvLayout", "Layout", "ParquetLayout", "Target", "added_columns"]

# What surely fits into 64 bits; beyond it, what a float holds is written.
_WHOLE = "-?(?:[0-9]{1,18}|[1-8][0-9]{18}|9[01][0-9]{17})"
_ALIKE = 1e-4

Target = Literal["csv", "parquet"]


def added_columns(model: Model, explain: int = 0) -> list[str]:
    """The columns that the answer adds to those of a row, under names that the model's lack."""
    names = ["prediction", *(f"probability_{label}" for label in model.manifest.classes)]
    if model.manifest.sets:
        names.append("prediction_set")
    for rank in range(1, explain + 1):
        names += [f"reason_{rank}", f"contribution_{rank}"]
    schema = model.manifest.row_schema
    taken = {*schema.columns, *schema.ignored}
    while not taken.isdisjoint(names):
        names = [f"model_{name}" for name in names]
    return names


class CsvLayout:
    """Lines of CSV, each led by a newline: the row, then its answer."""

    def __init__(self, model: Model, explain: int = 0) -> None:
        self._explain = explain
        self._answers = model.answering.of_rows
        self._sets = _sets_of(model)
        # Before the first label stands what an answer without one is written as.
        self._words = ["", *(plain_line([text_of(label)]) for label in model.manifest.classes)]
        self._classes = model.manifest.classes

    def accepted(self, source: Source, row: ScoredRow) -> ScoredRow | Rejected:  # noqa: ARG002
        """A row can always be written."""
        return row

    def of_rows(self, block: Block, scored: Sequence[ScoredRow]) -> list[str]:
        """Rows that were answered one by one."""
        lines = ["\n" + line_of(block.source, row.record) for row in scored]
        shares = _matrix(scored, len(self._classes))
        return self._answered(lines, shares, [[*self._reasons(row)] for row in scored])

    def _answered(
        self, lines: Sequence[str], shares: Probabilities, reasons: Sequence[Sequence[str]]
    ) -> list[str]:
        """Lines with what was answered."""
        places = (self._answers(shares) - ABSTAINED).tolist()
        sets = self._cells_of_sets(shares)
        return [
            f"{line},{self._words[place]}," + ",".join([*map(repr, row), *found, *why])
            for line, place, row, found, why in zip(
                lines, places, shares.tolist(), sets, reasons, strict=True
            )
        ]

    def _cells_of_sets(self, shares: Probabilities) -> list[list[str]]:
        """The cell of each row's set, or none where there are no sets."""
        if self._sets is None:
            return [[]] * len(shares)
        return [[plain_line([text]) if text else ""] for text in self._sets(shares)]

    def _reasons(self, row: ScoredRow) -> Iterator[str]:
        for column, contribution in _reasons(row, self._explain):
            yield "" if column is None else plain_line([column])
            yield "" if contribution is None else repr(contribution)

    def of_table(self, table: Table, typed: Typed, shares: Probabilities) -> pa.Array | list[str]:
        """The good rows of a table."""
        lines = table.lines(np.flatnonzero(~table.odd)[typed.good])
        if isinstance(lines, list):
            return self._answered(lines, shares, [()] * len(lines))
        import pyarrow as pa
        import pyarrow.compute as pc

        labels = pa.array(self._words, pa.string())
        labels = labels.take(pa.array(self._answers(shares) - ABSTAINED))
        texts = [_texts(np.ascontiguousarray(column, np.float64)) for column in shares.T]
        if self._sets is not None:
            texts.append(pa.array([cell for (cell,) in self._cells_of_sets(shares)], pa.string()))
        return pc.binary_join_element_wise(lines, labels, *texts, ",")

    def joined(self, parts: Sequence[Any], order: Positions | None) -> bytes:
        """The lines of all parts, in order."""
        if all(isinstance(part, list) for part in parts):
            every = [line for part in parts for line in part]
            if order is not None:
                every = [every[i] for i in order.tolist()]
            return "".join(every).encode()
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

    def __init__(self, model: Model, explain: int = 0) -> None:
        import pyarrow as pa

        self._explain = explain
        self._answers = model.answering.of_rows
        self._sets = _sets_of(model)
        columns = model.manifest.row_schema.columns
        self._types = {name: _type_of(column) for name, column in columns.items()}
        self._whole = [name for name, column in columns.items() if column.kind == "integer"]
        self._classes = pa.array(model.manifest.classes)
        self._added = added_columns(model, explain)

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
            elif name in self._whole:
                columns[name] = pa.array([_whole(row, name) for row in scored], pa.int64())
            elif name in self._types:
                columns[name] = pa.array([row.typed[name] for row in scored], self._types[name])
            else:
                texts = [_text(row, name) for row in scored]
                columns[name] = pa.array(texts, pa.string())
        shares = _matrix(scored, len(self._classes))
        answered = self._with_answers(columns, shares)
        return self._with_reasons(answered, scored)

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
                if name in self._whole:
                    columns[name] = _exact(raw.filter(good), columns[name])
        return self._with_answers(columns, shares)

    def joined(self, parts: Sequence[pa.Table], order: Positions | None) -> pa.Table:
        """The rows of all parts, of which there is at least one, in order."""
        import pyarrow as pa

        table = pa.concat_tables(parts)
        return table if order is None else table.take(pa.array(order))

    def _with_answers(self, columns: dict[str, Any], shares: Probabilities) -> pa.Table:
        import pyarrow as pa

        prediction, *probabilities = self._added[: 1 + len(self._classes)]
        places = self._answers(shares)
        columns[prediction] = self._classes.take(pa.array(places, mask=places == ABSTAINED))
        for name, column in zip(probabilities, shares.T, strict=True):
            columns[name] = pa.array(np.ascontiguousarray(column, np.float64))
        if self._sets is not None:
            columns[self._added[1 + len(self._classes)]] = pa.array(self._sets(shares), pa.string())
        return pa.table(columns)

    def _with_reasons(self, table: pa.Table, scored: Sequence[ScoredRow]) -> pa.Table:
        import pyarrow as pa

        found = [_reasons(row, self._explain) for row in scored]
        for i, name in enumerate(self._added[len(self._added) - 2 * self._explain :]):
            rank, is_number = divmod(i, 2)
            kind = pa.float64() if is_number else pa.string()
            table = table.append_column(name, pa.array([r[rank][is_number] for r in found], kind))
        return table


def _matrix(scored: Sequence[ScoredRow], classes: int) -> npt.NDArray[np.float64]:
    return np.array([row.shares for row in scored], np.float64).reshape(-1, classes)


def _sets_of(model: Model) -> Callable[[Probabilities], list[str]] | None:
    """The function from probabilities to each row's set as text: its labels, with bars between."""
    sets, labels = model.manifest.sets, [text_of(label) for label in model.manifest.classes]
    if sets is None:
        return None
    return lambda shares: ["|".join(compress(labels, row)) for row in sets.of_rows(shares).tolist()]


def _reasons(row: ScoredRow, explain: int) -> list[tuple[str | None, float | None]]:
    """So many columns with their contributions; nothing where the model has fewer."""
    told = row.explanation["contributions"] if row.explanation else []
    found = [(one["column"], one["contribution"]) for one in told]
    return [*found, *[(None, None)] * (explain - len(found))]


def _texts(numbers: npt.NDArray[np.float64]) -> pa.Array:
    """Probabilities as Python writes them; Arrow writes those from 0.0001 to 1 alike."""
    import pyarrow as pa
    import pyarrow.compute as pc

    written = pa.array(numbers).cast(pa.string())
    small = (numbers < _ALIKE) | (numbers == 1)
    if not small.any():
        return written
    own = pa.array([repr(number) for number in numbers[small].tolist()], pa.string())
    return pc.replace_with_mask(written, pa.array(small), own)


def _type_of(column: Column) -> pa.DataType:
    import pyarrow as pa

    if column.kind == "date":
        written = date_format(column)
        return pa.timestamp("us", written.zone or None) if written.has_time else pa.date32()
    kinds = {"boolean": pa.bool_(), "integer": pa.int64(), "number": pa.float64()}
    return kinds.get(column.kind, pa.string())


def _exact(raw: pa.Array, typed: pa.Array) -> pa.Array:
    """Whole numbers as they were read, to the last digit; features have fewer."""
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.utf8_trim(raw, " ")
    plain = pc.match_substring_regex(texts, f"^{_WHOLE}$")
    return pc.coalesce(pc.cast(pc.if_else(plain, texts, None), pa.int64()), typed)


def _whole(row: ScoredRow, name: str) -> int | None:
    """The same of one row."""
    value = (row.record.row or {})[name]
    if isinstance(value, int) or (
        isinstance(value, str) and re.fullmatch(_WHOLE, value.strip(" "))
    ):
        return int(value)
    return cast("int | None", row.typed[name])


def _text(row: ScoredRow, name: str) -> str | None:
    value = (row.record.row or {}).get(name)
    return None if value is None else text_of(value)


Layout = CsvLayout | ParquetLayout

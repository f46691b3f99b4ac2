"""Read whole columns of a block by Arrow, and tell which rows must be read one by one.

Only rows without anything odd take this way. Every other row, and every row that a rule
refuses, is handed to the row-wise reader, which then says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv

from classification_model.processing.reading import records as by_rows
from classification_model.processing.reading.csv_blocks import quotes
from classification_model.processing.reading.csv_cells import csv_line, line_of
from classification_model.processing.reading.csv_records import records
from classification_model.processing.reading.encodings import is_utf8
from classification_model.processing.reading.sources import Block, Record

__all__ = ["Positions", "Table", "one_array", "table_of"]

Positions = npt.NDArray[np.int64]
"""Numbers of rows, in order."""

_LF, _QUOTE, _PLUS, _MINUS = b'\n"+-'
_FORMULA = b"=+-@\t"
_WINDOW = 24  # a plain number is no longer


class Table(Protocol):
    """A block by columns. ``odd`` says of each row whether it must go by itself.

    ``names`` are its columns; ``keeps_types`` says whether their types are worth keeping.
    """

    @property
    def names(self) -> Sequence[str]: ...
    @property
    def odd(self) -> npt.NDArray[np.bool_]: ...
    @property
    def keeps_types(self) -> bool: ...

    def columns(self, names: Sequence[str]) -> Mapping[str, Any]:
        """The raw values of some columns, arrays or columns of values, in the rows that are not odd."""

    def starts(self) -> Positions:
        """The line, or the number, of each row."""

    def records(self, row: int) -> Iterator[Record]:
        """What the row-wise reader makes of one row, which may be more than one."""

    def lines(self, chosen: Positions) -> pa.Array | list[str]:
        """Some of the rows that are not odd as lines of CSV, each led by a newline."""


def table_of(block: Block, needed: Sequence[str], *, as_csv: bool) -> Table | None:
    """A block by columns, or nothing where it must be read row by row.

    Args:
        block: as it was read.
        needed: the columns that will be asked for.
        as_csv: whether lines will be asked for.
    """
    if block.source.format == "parquet":
        return _ParquetTable(block) if _is_flat(block.content, needed) else None
    if not block.plain:
        return None
    table = _CsvTable(block, needed, as_csv=as_csv)
    return None if b"\r" in block.content and table.quoted_lines else table


class _CsvTable:
    """A plain block of CSV: where its records are, and which of them are odd."""

    keeps_types = False

    def __init__(self, block: Block, needed: Sequence[str], *, as_csv: bool) -> None:
        self.source, self._first_line = block.source, block.line
        self.names = block.source.columns
        # A newline in front: then each record is what stands between the ends of two lines.
        content = block.content
        if b"\r" in content:
            content = content.replace(b"\r\n", b"\n")
        self._text = b"\n" + content.rstrip(b"\n") + b"\n"
        self._characters = np.frombuffer(self._text, np.uint8)
        self._quotes = cast("Positions", quotes(self._text, self.source.delimiter))
        ends = self._outside_quotes(_LF)
        self._all_lines = np.flatnonzero(self._characters == _LF)
        self.quoted_lines = len(ends) < len(self._all_lines)
        filled = np.diff(ends) > 1
        self._starts, self._ends = ends[:-1][filled], ends[1:][filled]
        self._gaps = not filled.all()
        # Nothing but delimiters, or ragged.
        self.odd = self._ends - self._starts == max(len(self.names), 2)
        self._mark_headers_and_totals()
        self._as_it_stands = as_csv and self.source.delimiter == ","
        self._mark_what_is_no_text()
        self._to_neutralise = np.empty(0, np.int64)
        if self._as_it_stands:
            self._to_neutralise = np.unique(self._rows_at(self._formulas()))
        self._table = self._parse(
            self.source.columns if as_csv and not self._as_it_stands else needed
        )

    def columns(self, names: Sequence[str]) -> dict[str, pa.Array]:
        return {name: self._table.column(name).combine_chunks() for name in names}

    def records(self, row: int) -> Iterator[Record]:
        start, end = int(self._starts[row]), int(self._ends[row])
        line = self._first_line + int(np.searchsorted(self._all_lines, start))
        return records(self.source, self._text[start + 1 : end + 1], line)

    def starts(self) -> Positions:
        """The line of the file that each row starts on."""
        return self._first_line + np.searchsorted(self._all_lines, self._starts)

    def lines(self, chosen: Positions) -> pa.Array:
        if not self._as_it_stands:
            kept = np.flatnonzero(~self.odd)
            return _written(self._table.take(pa.array(np.searchsorted(kept, chosen))))
        lines = self._as_they_stand(chosen)
        formulas = np.isin(chosen, self._to_neutralise)
        if formulas.any():
            found = (next(self.records(row)) for row in chosen[formulas].tolist())
            neutral = pa.array(["\n" + line_of(self.source, row) for row in found], pa.string())
            lines = pc.replace_with_mask(lines, pa.array(formulas), neutral)
        return lines

    def _as_they_stand(self, chosen: Positions) -> pa.Array:
        if self._gaps:
            bounds = zip(self._starts[chosen].tolist(), self._ends[chosen].tolist(), strict=True)
            return pa.array([self._text[s:e].decode() for s, e in bounds], pa.string())
        offsets = np.append(self._starts, self._ends[-1:]).astype(np.int32)
        buffers = (pa.py_buffer(offsets), pa.py_buffer(self._text))
        lines = pa.StringArray.from_buffers(len(self._starts), *buffers)
        return lines if len(chosen) == len(lines) else lines.take(pa.array(chosen))

    def _outside_quotes(self, character: int) -> Positions:
        found = np.flatnonzero(self._characters == character)
        if not len(self._quotes):
            return found
        outside: Positions = found[np.searchsorted(self._quotes, found) % 2 == 0]
        return outside

    def _rows_at(self, places: Positions) -> Positions:
        return np.searchsorted(self._ends, places)

    def _mark_headers_and_totals(self) -> None:
        self.odd[np.isin(self.starts(), self.source.totals)] = True
        header = f"\n{self.source.header}\n".encode("utf-8", "surrogateescape")
        at = self._text.find(header) if self.source.header else -1
        while at >= 0:
            self.odd[self._rows_at(np.array([at + 1]))] = True
            at = self._text.find(header, at + 1)

    def _mark_what_is_no_text(self) -> None:
        if b"\0" in self._text:
            self.odd[self._rows_at(np.flatnonzero(self._characters == 0))] = True
        try:
            self._text.decode()
        except UnicodeDecodeError:
            bounds = zip(self._starts.tolist(), self._ends.tolist(), strict=True)
            self.odd |= [not is_utf8(self._text[start:end]) for start, end in bounds]

    def _formulas(self) -> Positions:
        """Where cells begin as formulas do and are not plain numbers.

        Numbers in scientific notation are found, too: what becomes of each cell is said where
        one is written.
        """
        text, delimiter = self._characters, ord(self.source.delimiter)
        marks = [np.flatnonzero(text == c) for c in _FORMULA if c != delimiter]
        if self.quoted_lines:
            lines = self._all_lines[1:]
            marks.append(lines[text[lines - 1] == _QUOTE])
        found = np.sort(np.concatenate(marks))
        before = text[found - 1]
        starts = (before == delimiter) | (before == _LF)
        quoted = before == _QUOTE
        earlier = text[np.maximum(found - 2, 0)]
        starts |= quoted & ((earlier == delimiter) | (earlier == _LF))
        found = found[starts]
        signed = np.isin(text[found], (_PLUS, _MINUS))
        numbers = np.zeros(len(found), np.bool_)
        numbers[signed] = self._are_plain_numbers(found[signed])
        formulas: Positions = found[~numbers]
        return formulas

    def _are_plain_numbers(self, places: Positions) -> npt.NDArray[np.bool_]:
        """Whether a sign is followed by digits, with at most one point, to the cell's end."""
        at = np.minimum(places[:, None] + np.arange(1, _WINDOW), len(self._text) - 1)
        after = self._characters[at]
        ends = np.isin(after, (ord(self.source.delimiter), _LF))
        inside = np.cumsum(ends, axis=1) == 0
        digits = (after >= ord("0")) & (after <= ord("9"))
        points = after == ord(".")
        one_point = (points & inside).sum(axis=1) <= 1
        plain: npt.NDArray[np.bool_] = (
            ends.any(axis=1) & digits[:, 0] & one_point & (digits | points | ~inside).all(axis=1)
        )
        return plain

    def _parse(self, needed: Sequence[str]) -> pa.Table:
        """The cells of the rows that are not odd; what turns out to be ragged is odd."""
        table, ragged = self._read(needed)
        if ragged:
            delimiters = self._outside_quotes(ord(self.source.delimiter))
            cells = 1 + np.searchsorted(delimiters, self._ends)
            cells -= np.searchsorted(delimiters, self._starts)
            self.odd |= cells != len(self.source.columns)
            table, ragged = self._read(needed)
        if ragged or table.num_rows != np.count_nonzero(~self.odd):
            self.odd[:] = True  # Arrow sees other rows than we do: let none be taken for another
            table = table.slice(0, 0)
        return table

    def _read(self, needed: Sequence[str]) -> tuple[pa.Table, bool]:
        text, ragged = self._text, []
        if self.odd.any():
            kept = ~self.odd
            bounds = zip(self._starts[kept].tolist(), self._ends[kept].tolist(), strict=True)
            text = b"".join([text[start:end] for start, end in bounds]) + b"\n"
        columns = list(self.source.columns)
        if len(text) < 2:
            nothing = {name: pa.array([], pa.string()) for name in needed}
            return pa.table(nothing), False

        def skip(row: object) -> str:
            ragged.append(row)
            return "skip"

        table = arrow_csv.read_csv(
            pa.py_buffer(text),
            arrow_csv.ReadOptions(
                column_names=columns, use_threads=False, block_size=len(text) + 1
            ),
            arrow_csv.ParseOptions(
                delimiter=self.source.delimiter,
                newlines_in_values=bool(self.quoted_lines),
                invalid_row_handler=skip,
            ),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), include_columns=list(needed)
            ),
        )
        return table, bool(ragged)


class _ParquetTable:
    """Some rows of a Parquet file."""

    keeps_types = True

    def __init__(self, block: Block) -> None:
        self.names = block.source.columns
        self._block = block
        self._table: pa.Table = block.content
        self.odd = np.zeros(self._table.num_rows, np.bool_)

    def columns(self, names: Sequence[str]) -> dict[str, pa.Array]:
        return {name: one_array(self._table.column(name)) for name in names}

    def starts(self) -> Positions:
        return self._block.line + np.arange(len(self.odd))

    def records(self, row: int) -> Iterator[Record]:
        content = self._table.slice(row, 1)
        return by_rows.records(replace(self._block, content=content, line=self._block.line + row))

    def lines(self, chosen: Positions) -> pa.Array:
        return _written(self._table.take(pa.array(chosen)))


def _written(table: pa.Table) -> pa.Array:
    """Rows as lines of CSV, one by one."""
    source = [by_rows.known(column.to_pylist()) for column in table.columns]
    return pa.array(["\n" + csv_line(cells) for cells in zip(*source, strict=True)], pa.string())


def one_array(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array, of a type that the rules of columns take."""
    if isinstance(column, pa.ChunkedArray):
        chunks = [one_array(chunk) for chunk in column.chunks]
        return pa.concat_arrays(chunks) if chunks else one_array(pa.array([], column.type))
    if pa.types.is_dictionary(column.type):
        return one_array(column.dictionary).take(column.indices)
    kind = column.type
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return column.cast(pa.string())
    return column


def _is_flat(table: pa.Table, needed: Sequence[str]) -> bool:
    return not any(pa.types.is_nested(table.schema.field(name).type) for name in needed)

"""Whole columns of typed values: what is the same in many rows is held once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic_core import PydanticCustomError

from classification_model.config.schema import RowSchema
from classification_model.processing.arrays import Floats, Indices, Mask
from classification_model.processing.scalars import plain
from classification_model.processing.value_rules import TypedRow, TypedValue

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "UNKNOWN",
    "Columns",
    "See",
    "Typed",
    "TypedColumn",
    "by_rule",
    "codes_of",
    "columns_of_rows",
    "joined",
    "raw_values",
    "rows_of",
    "scalars",
]

See = Callable[[Any], object]

UNKNOWN: Indices = np.empty(0, np.int64)
"""In the place of codes: which values are distinct is found out when it is asked."""

_EXACT = 2.0**62  # whole floats up to here are whole numbers of 64 bits


@dataclass(slots=True)
class TypedColumn:
    """The typed values of a column: ``values[codes[i]]`` is that of row ``i``.

    A column of numbers has them as ``numbers``, NaN where missing, and finds out which are
    distinct only when asked.
    """

    codes: Indices
    values: list[TypedValue]
    numbers: Floats | None = None
    whole: bool = False
    _seen: dict[See, tuple[Indices, list[Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Iterable[object]) -> TypedColumn:
        """A column of any values, one for each row."""
        codes, distinct = _coded(values)
        return cls(codes, distinct)

    @classmethod
    def of_texts(cls, texts: Sequence[str]) -> TypedColumn:
        """The same of texts alone, which is quicker."""
        numbers = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        codes = np.fromiter(map(numbers.__getitem__, texts), np.int64, len(texts))
        return cls(codes, [*numbers])

    def __len__(self) -> int:
        return len(self.codes if self.numbers is None else self.numbers)

    def floats(self) -> Floats:
        """The values of a column of numbers, NaN where missing."""
        if self.numbers is not None:
            return self.numbers
        values: Floats = np.array(self.values, np.float64)
        return values[self.codes]

    def missing(self) -> Mask:
        """Which rows have no value."""
        if self.numbers is not None:
            return np.isnan(self.numbers)
        empty = np.array([value is None for value in self.values], np.bool_)
        return empty[self.codes]

    def fits_64_bits(self) -> bool:
        """Whether every whole number is one of 64 bits; true of what is no whole number."""
        if self.numbers is not None:
            return not (self.whole and (np.abs(self.numbers) >= 2.0**63).any())
        return all(-(2**63) <= value < 2**63 for value in self.values if isinstance(value, int))

    def array(self, kind: pa.DataType) -> pa.Array:
        """The values as an Arrow array of a type that takes them."""
        import pyarrow as pa

        if self.numbers is None:
            return pa.array(self.values, kind).take(pa.array(self.codes))
        return pa.array(self.numbers, from_pandas=True).cast(kind)

    def take(self, rows: Indices) -> TypedColumn:
        """The column of some of the rows."""
        if self.numbers is not None:
            return TypedColumn(UNKNOWN, [], self.numbers[rows], self.whole)
        return TypedColumn(self.codes[rows], self.values)

    def distinct(self) -> tuple[Indices, list[TypedValue]]:
        """The code of each row, and the value of each code."""
        if self.codes is UNKNOWN and self.numbers is not None:
            self.codes, distinct = codes_of(self.numbers)
            self.values = scalars(distinct, whole=self.whole)
        return self.codes, self.values

    def seen(self, see: See) -> tuple[Indices, list[Any]]:
        """What a function makes of the values: as :meth:`distinct`, for what is distinct then."""
        if see not in self._seen:
            codes, values = self.distinct()
            there = np.flatnonzero(np.bincount(codes, minlength=len(values)))
            answers = [see(values[code]) for code in there.tolist()]
            numbers = {answer: i for i, answer in enumerate(dict.fromkeys(answers))}
            alike = np.zeros(len(values), np.int64)
            alike[there] = [*map(numbers.__getitem__, answers)]
            self._seen[see] = alike[codes], [*numbers]
        return self._seen[see]

    def each(self) -> list[TypedValue]:
        """The value of each row."""
        if self.numbers is not None:
            return scalars(self.numbers, whole=self.whole)
        values = self.values
        return [values[code] for code in self.codes.tolist()]


Columns = Mapping[str, TypedColumn]
"""Columns by name, all of one length."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Columns that were checked: the rows that no rule refuses, in order.

    ``good`` says of each row that was checked whether it is one of those; ``groups`` is the
    number of each good row's group, where a person has several.
    """

    columns: Columns
    good: Mask
    groups: Indices | None = None

    def fits_64_bits(self) -> bool:
        """Whether every whole number is one of 64 bits."""
        return all(column.fits_64_bits() for column in self.columns.values())


def scalars(numbers: Floats, *, whole: bool) -> list[TypedValue]:
    """Numbers as the rule gives them: ``int`` or ``float``, ``None`` for missing."""
    if not np.isnan(numbers).any():
        if not whole:
            return numbers.tolist()  # type: ignore[no-any-return]
        if np.abs(numbers).max(initial=0) < _EXACT:
            return numbers.astype(np.int64).tolist()  # type: ignore[no-any-return]
    as_ruled: Callable[[float], TypedValue] = int if whole else float
    return [None if n != n else as_ruled(n) for n in numbers.tolist()]  # noqa: PLR0124 - NaN


def codes_of(numbers: npt.NDArray[Any]) -> tuple[Indices, npt.NDArray[Any]]:
    """The code of each number, and the number of each code; zeros of two signs are two."""
    try:
        import pyarrow as pa
    except ImportError:
        bits, codes = np.unique(numbers.view(np.int64), return_inverse=True)
        return codes, bits.view(numbers.dtype)
    encoded = pa.array(numbers).dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_numpy()


def raw_values(column: pa.Array | TypedColumn) -> list[Any]:
    """The raw values of a column, one by one."""
    return column.each() if isinstance(column, TypedColumn) else column.to_pylist()


def columns_of_rows(rows: Sequence[TypedRow], schema: RowSchema) -> dict[str, TypedColumn]:
    """Typed rows as columns."""
    return {
        name: joined([TypedColumn.of(row[name] for row in rows)], column.kind)
        for name, column in schema.columns.items()
    }


def joined(parts: Sequence[TypedColumn], kind: str) -> TypedColumn:
    """Parts of one column of a kind, one below the other."""
    if kind in ("integer", "number"):
        numbers = np.concatenate([part.floats() for part in parts])
        return TypedColumn(UNKNOWN, [], numbers, kind == "integer")
    known: dict[TypedValue, int] = {}
    codes = [_renumbered(part, known) for part in parts]
    return TypedColumn(np.concatenate(codes), [*known])


def rows_of(columns: Columns) -> list[TypedRow]:
    """Columns as typed rows."""
    every = zip(*(column.each() for column in columns.values()), strict=True)
    return [dict(zip(columns, values, strict=True)) for values in every]


def by_rule(
    rule: Callable[[object], TypedValue],
    codes: Indices,
    raws: Sequence[Any],
    good: Mask,
    markers: Collection[str] | None = None,
) -> TypedColumn:
    """Ask the rule about each distinct value; rows that it refuses are no longer good.

    With ``markers`` all values are text, and the column's kind takes any but them as it is.
    """
    values: list[Any] = [*raws]
    doubtful: Sequence[int] = range(len(raws))
    if markers is not None:
        values = [text and text.strip() for text in raws]
        asked = frozenset((*markers, None))
        doubtful = []
        if not asked.isdisjoint(values):
            doubtful = [i for i, text in enumerate(values) if text in asked]
    refused = []
    for position in doubtful:
        try:
            values[position] = rule(plain(raws[position]))
        except PydanticCustomError:
            values[position] = None
            refused.append(position)
    if refused:
        good &= ~np.isin(codes, refused)
    return TypedColumn(codes, values)


def _coded(values: Iterable[Any]) -> tuple[Indices, list[Any]]:
    """The code of each value, and the value of each code: alike are those of one type, too."""
    numbers: dict[object, int] = {}
    distinct: list[Any] = []
    codes = []
    for value in values:
        key = (type(value), repr(value) if isinstance(value, float) else value)
        try:
            code = numbers.setdefault(key, len(distinct))
        except TypeError:  # it cannot be looked up
            code = len(distinct)
        if code == len(distinct):
            distinct.append(value)
        codes.append(code)
    return np.array(codes, np.int64), distinct


def _renumbered(column: TypedColumn, known: dict[TypedValue, int]) -> Indices:
    """The codes of a column by a numbering of values that grows."""
    codes, values = column.distinct()
    new = [known.setdefault(value, len(known)) for value in values]
    return np.array(new, np.int64)[codes]

"""Whole columns of typed values: what is the same in many rows is held once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from classification_model.processing.validation import TypedValue

__all__ = ["UNKNOWN", "Floats", "Indices", "See", "Typed", "TypedColumn", "scalars"]

Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
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
    def of(cls, values: Sequence[TypedValue]) -> TypedColumn:
        """A column of values that are at hand row by row."""
        codes = {value: code for code, value in enumerate(dict.fromkeys(values))}
        return cls(np.fromiter(map(codes.__getitem__, values), np.int64, len(values)), [*codes])

    def __len__(self) -> int:
        return len(self.codes if self.numbers is None else self.numbers)

    def fits_64_bits(self) -> bool:
        """Whether every whole number is one of 64 bits; true of what is no whole number."""
        if self.numbers is not None:
            return not (self.whole and (np.abs(self.numbers) >= 2.0**63).any())
        return all(-(2**63) <= value < 2**63 for value in self.values if isinstance(value, int))

    def array(self, kind: pa.DataType) -> pa.Array:
        """The values as an Arrow array of a type that takes them."""
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
        if self.codes is UNKNOWN:
            encoded = pc.dictionary_encode(pa.array(self.numbers))
            self.codes = encoded.indices.to_numpy().astype(np.int64)
            self.values = scalars(encoded.dictionary.to_numpy(), whole=self.whole)
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


@dataclass(frozen=True, slots=True)
class Typed:
    """A block of columns that were checked: the rows that no rule refuses, in order."""

    columns: Mapping[str, TypedColumn]
    good: npt.NDArray[np.bool_]

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

"""The cells of a column, each distinct text once, and the values that its rule makes of them."""

from __future__ import annotations

import math
from collections.abc import Callable, ItemsView, Iterator, Mapping, Sequence, ValuesView
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from classification_model.config.schema import Column
from classification_model.errors import shorten
from classification_model.init.shapes import Shapes
from classification_model.processing.arrays import Floats, Indices, Mask
from classification_model.processing.number_columns import numbers_of
from classification_model.processing.scalars import plain
from classification_model.processing.typed_columns import scalars
from classification_model.processing.value_rules import TypedValue, number_format, parser

__all__ = ["Cells", "Counts", "Values", "not_taken", "typed_texts"]

_LAST_BLANK, _LAST_OF_ASCII = 0x20, 0x7E  # between them there is none


class Counts(Mapping[str, int]):
    """Distinct texts, each with a number: of its cells, or the line on which it stands first.

    A dict is made of them once one is asked for; of most columns of numbers none is.
    """

    def __init__(self, texts: pa.Array, numbers: Indices) -> None:
        self.texts, self.numbers = texts, numbers

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, text: str) -> int:
        return self._found[text]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def items(self) -> ItemsView[str, int]:
        return self._found.items()

    def values(self) -> ValuesView[int]:
        return self._found.values()

    def total(self) -> int:
        return int(self.numbers.sum())

    def of(self, some: Mask) -> Counts:
        """Those of some texts."""
        return Counts(self.texts.filter(pa.array(some)), self.numbers[some])

    @cached_property
    def _found(self) -> dict[str, int]:
        return dict(zip(self.texts.to_pylist(), self.numbers.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Cells:
    """The labelled cells of a column, without blanks around them.

    Attributes:
        name: the column's name.
        texts: each distinct text but the empty one, in the order in which it comes.
        codes: of each row its text's position in ``texts``, or how many there are if it is empty.
        counts: each text with its number of cells.
        lines: each text with the line on which it stands first.
        missing: how many cells are empty.
        shapes: what the texts look like.
        raw: the values and lines of what is no CSV.
    """

    name: str
    texts: pa.Array
    codes: Indices
    counts: Counts
    lines: Counts
    missing: int
    shapes: Shapes
    raw: Sequence[tuple[object, int]] = ()

    @classmethod
    def of(
        cls, name: str, column: pa.Array, lines: Indices, raw: Sequence[tuple[object, int]] = ()
    ) -> Cells:
        """From the cells of a column, and the line of each."""
        codes, texts = _stripped(column)
        first = np.empty(len(texts), np.int64)
        first[codes[::-1]] = lines[::-1]  # of lines with one text the first is written last
        cells = np.bincount(codes, minlength=len(texts))
        missing = 0
        empty: int = pc.index(texts, "").as_py()
        if empty >= 0:
            missing = int(cells[empty])
            codes = np.where(codes == empty, len(texts), codes)
            codes[codes > empty] -= 1
            some = np.arange(len(texts)) != empty
            texts, cells, first = texts.filter(pa.array(some)), cells[some], first[some]
        counts, known = Counts(texts, cells), Counts(texts, first)
        return cls(name, texts, codes, counts, known, missing, Shapes.of(texts, cells), raw)


def _stripped(column: pa.Array) -> tuple[Indices, pa.Array]:
    """Of each cell the position of its text without blanks around it, and those texts."""
    found = column.dictionary_encode()
    codes, texts = found.indices.to_numpy().astype(np.int64), found.dictionary
    data = np.frombuffer(texts.buffers()[2] or b"x", np.uint8)
    if data.min() > _LAST_BLANK and data.max() <= _LAST_OF_ASCII:
        return codes, texts
    again = pa.array([text.strip() for text in texts.to_pylist()], pa.string()).dictionary_encode()
    return again.indices.to_numpy().astype(np.int64)[codes], again.dictionary


@dataclass(frozen=True, slots=True)
class Values:
    """What a column's rule makes of its distinct texts, in their order.

    ``numbers`` are those of values that have an order: a date as days with their fraction, NaN
    where the value is missing. Without ``scalars`` they are the values.
    """

    numbers: Floats | None
    whole: bool = False
    scalars: Sequence[TypedValue] | None = None

    def each(self) -> Sequence[TypedValue]:
        """The values, ``None`` for a missing one."""
        if self.scalars is not None or self.numbers is None:
            return self.scalars or ()
        return scalars(self.numbers, whole=self.whole)

    def missing(self) -> Mask:
        if self.numbers is not None:
            return np.isnan(self.numbers)
        return np.array([value is None for value in self.each()], np.bool_)


def not_taken(column: Column, raw: Sequence[tuple[object, int]], markers: Sequence[str]) -> str:
    """Why training would refuse a column of typed values: the first that its rule does not take."""
    parse = parser(column, markers)
    for value, line in raw:
        try:
            parse(plain(value))
        except ValueError as error:
            shown = shorten(value)
            return f"a {type(value).__name__} in line {line}, {shown}, {error}: write it as text or number"
    return ""


def typed_texts(column: Column, cells: Cells, markers: Sequence[str]) -> Values:
    """What the column's rule makes of distinct texts."""
    parse, texts = parser(column, markers), cells.texts
    if column.kind in ("integer", "number"):
        rule: Callable[[str], Any] = parse
        whole = column.kind == "integer"
        words = pa.array([*markers, *column.missing_markers], pa.string())
        known = pc.if_else(pc.is_in(texts, words), None, texts)
        shapes = cells.shapes.unfolded, cells.shapes.codes
        numbers, refused = numbers_of(
            known, number_format(column), rule, whole=whole, shapes=shapes
        )
        if not refused.any():
            return Values(numbers, whole)
    values = [parse(text) for text in texts.to_pylist()]
    places = None
    if column.kind in ("integer", "number", "date"):
        places = np.array([math.nan if v is None else _place(v) for v in values], np.float64)
    return Values(places, scalars=values)


def _place(value: TypedValue) -> float:
    """A number as it is, a date as days with their fraction."""
    if isinstance(value, datetime):
        return value.timestamp() / 86_400
    return float(value.toordinal() if isinstance(value, date) else value)  # type: ignore[arg-type]

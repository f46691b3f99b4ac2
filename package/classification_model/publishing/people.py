"""The table as an attacker knows it: which values belong to few people."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np

from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.few_rows import (
    bounds,
    count_words,
    digits,
    held_by,
    number_of_holders,
    rounded,
    unit,
)
from classification_model.processing.made import as_number
from classification_model.processing.typed_columns import TypedColumn
from classification_model.processing.value_rules import TypedValue

__all__ = ["TELLING", "People", "words_of"]

_WORD = re.compile(r"\w+")
_SHORT = 4

TELLING = 5
"""From so many significant digits on, a number that stands anywhere is taken for somebody's."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, as a search compares them."""
    return tuple(_WORD.findall(text.casefold()))


@dataclass(frozen=True)
class People:
    """The rows that a model was trained on.

    Args:
        columns: every column of the table but the target, those that the model ignores, too:
            typed where config.yml has a kind for them, else as text.
        least: how many rows, or groups, must hold what is published.
        groups: the number of each row's group, where config.yml names one.
        trained: the positions of the rows that training learned from, where it held some out:
            what it published is rounded by their range.
    """

    columns: Mapping[str, TypedColumn]
    least: int
    groups: Indices | None = None
    trained: Indices | None = None
    _few: dict[str, dict[TypedValue, int]] = field(default_factory=dict, repr=False)
    _rounding: dict[str, list[tuple[float, float]]] = field(default_factory=dict, repr=False)

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))

    def few(self, name: str) -> Mapping[TypedValue, int]:
        """The values of a column that fewer than ``least`` hold, with how many do."""
        if name not in self._few:
            codes, values = self.columns[name].distinct()
            counts = held_by(codes, len(values), self.groups).tolist()
            pairs = zip(values, counts, strict=True)
            self._few[name] = {v: n for v, n in pairs if v is not None and 0 < n < self.least}
        return self._few[name]

    def missed_by_few(self, name: str) -> bool:
        """Whether fewer than ``least`` have no value in a column, and somebody has none."""
        missing = self.columns[name].missing()
        return 0 < number_of_holders(missing, self.groups) < self.least

    def told_by(self, name: str, value: object) -> bool:
        """Whether a published value of a column is that of a few, and is not rounded."""
        if isinstance(value, str):
            value = self._as_date(name, value)
        if not isinstance(value, int | float | str | date) or value not in self.few(name):
            return False
        return isinstance(value, str | bool) or not self._is_rounded(name, as_number(value))

    @cached_property
    def texts(self) -> Mapping[tuple[str, ...], str]:
        """Texts and dates that a few hold, as words, with their column.

        Left out is what anybody may have written: what is shorter than four characters, and
        numbers of fewer than five digits.
        """
        found: dict[tuple[str, ...], str] = {}
        for name in self.columns:
            for value in self.few(name):
                text = value.isoformat() if isinstance(value, date) else value
                if isinstance(text, str) and _is_telling(text) and self.told_by(name, value):
                    found[words_of(text)] = name
        return found

    @cached_property
    def longest(self) -> int:
        """The number of words of the longest text."""
        return max((len(words) for words in self.texts), default=0)

    @cached_property
    def words(self) -> Mapping[str, frozenset[str]]:
        """By column that holds texts, the words that a few hold."""
        return {name: few for name in self.columns if (few := self._few_words(name))}

    @cached_property
    def numbers(self) -> frozenset[float]:
        """Numbers of enough digits that a few hold, in any column, as float32."""
        found = (
            value
            for name in self.columns
            for value in self.few(name)
            if isinstance(value, int | float) and self.told_by(name, value)
        )
        return frozenset(float(np.float32(v)) for v in found if digits(v) >= TELLING)

    def _as_date(self, name: str, text: str) -> TypedValue:
        first = next(iter(self.few(name)), None)
        if not isinstance(first, date):
            return text
        try:
            return type(first).fromisoformat(text)
        except ValueError:
            return text

    def _is_rounded(self, name: str, place: float) -> bool:
        if name not in self._rounding:
            codes, values = self.columns[name].distinct()
            places = np.array([math.nan if v is None else as_number(v) for v in values])[codes]
            every = np.arange(self.rows)
            parts = [every] if self.trained is None else [every, self.trained]
            found = (self._bounds_of(places, part) for part in parts)
            self._rounding[name] = [limits for limits in found if limits is not None]
        return any(
            low <= place <= high and place == rounded(place, unit(low, high))
            for low, high in self._rounding[name]
        )

    def _bounds_of(self, places: Floats, part: Indices) -> tuple[float, float] | None:
        return bounds(places[part], self.least, None if self.groups is None else self.groups[part])

    def _few_words(self, name: str) -> frozenset[str]:
        cells: Sequence[TypedValue] = self.columns[name].each()
        texts = [words_of(cell) if isinstance(cell, str) else () for cell in cells]
        counts = count_words(texts, self.groups)
        return frozenset(word for word, n in counts.items() if n < self.least and len(word) > 1)


def _is_telling(text: str) -> bool:
    return len(text) > _SHORT if text.isdigit() else len(text) >= _SHORT

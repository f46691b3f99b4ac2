"""The table as an attacker knows it: which values belong to few people."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np

from classification_model.processing.arrays import Floats, Indices, Mask
from classification_model.processing.few_rows import (
    bounds,
    count_words,
    digits,
    held_by,
    number_of_holders,
    rounded_each,
    unit,
)
from classification_model.processing.made import as_number
from classification_model.processing.typed_columns import TypedColumn, scalars
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
    _few_numbers: dict[str, Floats] = field(default_factory=dict, repr=False)
    _telling: dict[str, Floats] = field(default_factory=dict, repr=False)
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

    def few_numbers(self, name: str) -> Floats:
        """The same of a column of numbers, sorted and without their holders."""
        if name not in self._few_numbers:
            column = self.columns[name]
            if column.numbers is None:
                found = [v for v in self.few(name) if isinstance(v, int | float)]
                self._few_numbers[name] = np.unique(np.array(found, np.float64))
            else:
                there = ~np.isnan(column.numbers)
                own = None if self.groups is None else self.groups[there]
                values, codes = np.unique(column.numbers[there], return_inverse=True)
                self._few_numbers[name] = values[held_by(codes, len(values), own) < self.least]
        return self._few_numbers[name]

    def beyond(self, name: str, low: TypedValue, high: TypedValue) -> list[list[TypedValue]]:
        """The values of a few below and above two bounds, of a column that has an order."""
        column = self.columns[name]
        if column.numbers is None:
            few = [*self.few(name)]
            return [[v for v in few if v < low], [v for v in few if v > high]]  # type: ignore[operator]
        numbers = self.few_numbers(name)
        parts = numbers[numbers < low], numbers[numbers > high]  # type: ignore[operator]
        return [scalars(part, whole=column.whole) for part in parts]

    def missed_by_few(self, name: str) -> bool:
        """Whether fewer than ``least`` have no value in a column, and somebody has none."""
        missing = self.columns[name].missing()
        return 0 < number_of_holders(missing, self.groups) < self.least

    def told_by(self, name: str, value: object) -> bool:
        """Whether a published value of a column is that of a few, and is not rounded."""
        if self.columns[name].numbers is not None:
            if not isinstance(value, int | float):
                return False
            telling = self._telling_numbers(name)
            place = int(np.searchsorted(telling, value))
            return place < len(telling) and bool(telling[place] == value)
        if isinstance(value, str):
            value = self._as_date(name, value)
        if not isinstance(value, int | float | str | date) or value not in self.few(name):
            return False
        if isinstance(value, str | bool):
            return True
        return not self._are_rounded(name, np.array([as_number(value)]))[0]

    def _telling_numbers(self, name: str) -> Floats:
        """The numbers of a column that a few hold, and that are not rounded."""
        if name not in self._telling:
            few = self.few_numbers(name)
            self._telling[name] = few[~self._are_rounded(name, few)] if len(few) else few
        return self._telling[name]

    @cached_property
    def texts(self) -> Mapping[tuple[str, ...], str]:
        """Texts and dates that a few hold, as words, with their column.

        Left out is what anybody may have written: what is shorter than four characters, and
        numbers of fewer than five digits.
        """
        found: dict[tuple[str, ...], str] = {}
        for name, column in self.columns.items():
            for value in () if column.numbers is not None else self.few(name):
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
    def numbers(self) -> Floats:
        """Numbers of enough digits that a few hold, in any column, as float32 and sorted."""
        found = np.concatenate([self._telling_numbers(name) for name in self.columns])
        return np.unique(found[digits(found) >= TELLING].astype(np.float32)).astype(np.float64)

    def _as_date(self, name: str, text: str) -> TypedValue:
        first = next(iter(self.few(name)), None)
        if not isinstance(first, date):
            return text
        try:
            return type(first).fromisoformat(text)
        except ValueError:
            return text

    def _are_rounded(self, name: str, places: Floats) -> Mask:
        """Which numbers are such as may be published: rounded, and between the bounds."""
        if name not in self._rounding:
            column = self.columns[name]
            if (numbers := column.numbers) is None:
                codes, values = column.distinct()
                known = [math.nan if v is None else as_number(v) for v in values]
                numbers = np.array(known)[codes]
            every = np.arange(self.rows)
            parts = [every] if self.trained is None else [every, self.trained]
            found = (self._bounds_of(numbers, part) for part in parts)
            self._rounding[name] = [limits for limits in found if limits is not None]
        rounded = np.zeros(len(places), np.bool_)
        for low, high in self._rounding[name]:
            within = (low <= places) & (places <= high)
            rounded |= within & (rounded_each(places, unit(low, high)) == places)
        return rounded

    def _bounds_of(self, places: Floats, part: Indices) -> tuple[float, float] | None:
        return bounds(places[part], self.least, None if self.groups is None else self.groups[part])

    def _few_words(self, name: str) -> frozenset[str]:
        if self.columns[name].numbers is not None:
            return frozenset()
        cells: Sequence[TypedValue] = self.columns[name].each()
        texts = [words_of(cell) if isinstance(cell, str) else () for cell in cells]
        counts = count_words(texts, self.groups)
        return frozenset(word for word, n in counts.items() if n < self.least and len(word) > 1)


def _is_telling(text: str) -> bool:
    return len(text) > _SHORT if text.isdigit() else len(text) >= _SHORT

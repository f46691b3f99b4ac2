"""Make up values like those of a column that are nobody's, for golden rows and examples.

A number or date is one of the column's, rounded, and within its bounds. A category is one that
enough rows hold. A text is a row of words of which each stands in that place in enough rows, or
one that the home's features.py offers under ``EXAMPLES``; it is none of the table's texts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time

import numpy as np

from classification_model.config.schema import Kind
from classification_model.processing.arrays import Floats, Indices, Mask
from classification_model.processing.few_rows import (
    bounds,
    count_words,
    held_by,
    number_of_holders,
    rounded_each,
    unit,
)
from classification_model.processing.typed_columns import TypedColumn, scalars
from classification_model.processing.value_rules import TypedRow, TypedValue

__all__ = ["Lookalikes", "as_number", "made_texts", "made_values", "nobodys", "without_people"]

_MOST_WORDS = 12
_WORD = re.compile(r"\w+")
_NO_WORDS = "made text"


def made_values(
    column: TypedColumn,
    kind: Kind,
    count: int,
    *,
    random: np.random.Generator,
    least: int,
    groups: Indices | None = None,
    examples: Sequence[str] = (),
) -> list[TypedValue]:
    """``count`` made values of a column, about as common as their likes are in it.

    One is missing only where enough rows miss theirs, or no other state is held by enough.

    Args:
        column: typed values of the training rows.
        kind: what config.yml says that the column holds.
        count: how many.
        random: draws them.
        least: how many rows, or groups, hold what is published.
        groups: the number of each row's group.
        examples: texts that a home offers in the place of made ones.
    """
    drawn = column.take(random.integers(0, len(column), count))
    if kind in ("text", "raw"):
        write = _made_text(column, count, random, least, groups, examples)
        made = [cell if cell is None else write(cell) for cell in drawn.each()]
    elif column.numbers is not None and drawn.numbers is not None:
        places = _published(drawn.numbers, column.numbers, least, groups)
        made = scalars(np.rint(places) if column.whole else places, whole=column.whole)
    else:
        publish = _publisher(column, least, groups)
        made = [cell if cell is None else publish(cell) for cell in drawn.each()]
    known = [cell for cell in made if cell is not None]
    if not known or number_of_holders(column.missing(), groups) >= least:
        return made
    return [known[i % len(known)] if cell is None else cell for i, cell in enumerate(made)]


def _made_text(
    column: TypedColumn,
    count: int,
    random: np.random.Generator,
    least: int,
    groups: Indices | None,
    examples: Sequence[str],
) -> Callable[[TypedValue], TypedValue]:
    if examples:
        made = iter(random.choice(list(examples), count).tolist())
    else:
        cells = column.each()
        there = np.array([cell is not None for cell in cells])
        texts = [cell for cell in cells if isinstance(cell, str)]
        own = None if groups is None else groups[there]
        made = iter(made_texts(texts, count, random=random, least=least, groups=own))
    return lambda _: next(made)


def made_texts(
    texts: Sequence[str],
    count: int,
    *,
    random: np.random.Generator,
    least: int,
    groups: Indices | None = None,
) -> list[str]:
    """Texts of words that enough rows have in the same place; none is what few rows hold."""
    words = [[*enumerate(text.split()[:_MOST_WORDS])] for text in texts]
    places: list[list[str]] = [[] for _ in range(_MOST_WORDS)]
    for (place, word), held in sorted(count_words(words, groups).items()):
        if held >= least:
            places[place].append(word)
    cells = count_words([[text] for text in texts], groups)
    lengths = [len(row) for row in words] or [0]
    made = []
    for length in random.choice(lengths, count).tolist():
        parts = [str(random.choice(known)) for known in places[:length] if known]
        while parts and 0 < cells.get(" ".join(parts), 0) < least:  # it happens to be somebody's
            parts.pop()
        made.append(" ".join(parts) or _NO_WORDS)
    return made


def nobodys(
    made: Sequence[str], column: TypedColumn, least: int, groups: Indices | None = None
) -> list[str]:
    """The made texts in which no text of the column stands that few rows hold, word by word."""
    codes, values = column.distinct()
    counts = held_by(codes, len(values), groups).tolist()
    few = {
        tuple(_WORD.findall(value.casefold()))
        for value, count in zip(values, counts, strict=True)
        if isinstance(value, str) and 0 < count < least
    }
    longest = max(map(len, few), default=0)
    return [text for text in made if not _holds(_WORD.findall(text.casefold()), few, longest)]


def _holds(words: Sequence[str], few: set[tuple[str, ...]], longest: int) -> bool:
    return any(
        tuple(words[first:last]) in few
        for first in range(len(words))
        for last in range(first + 1, min(first + longest, len(words)) + 1)
    )


def without_people(
    rows: Sequence[TypedRow],
    columns: Mapping[str, TypedColumn],
    least: int,
    groups: Indices | None = None,
) -> list[TypedRow]:
    """The rows that are not, in all columns, what one to ``least`` - 1 people are."""
    lookalikes = Lookalikes(columns, groups)
    return [row for row in rows if not 0 < lookalikes.count(row) < least]


class Lookalikes:
    """Counts the rows of a table, or its groups, that are like a made one."""

    def __init__(self, columns: Mapping[str, TypedColumn], groups: Indices | None = None) -> None:
        self._groups = groups
        self._columns = columns
        self._codes: dict[str, dict[tuple[type, TypedValue], int]] = {}

    def count(self, row: Mapping[str, TypedValue]) -> int:
        """How many have the values of a row in all of its columns that the table has."""
        names = [name for name in self._columns if name in row]
        if not names:
            return 0
        alike = self._like(names[0], row[names[0]], slice(None)).nonzero()[0]
        for name in names[1:]:
            if not len(alike):
                return 0
            alike = alike[self._like(name, row[name], alike)]
        return len(alike) if self._groups is None else len(np.unique(self._groups[alike]))

    def _like(self, name: str, value: TypedValue, rows: Indices | slice) -> Mask:
        """Which of some rows have a value in a column."""
        column = self._columns[name]
        if column.numbers is not None:
            numbers = column.numbers[rows]
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return np.isnan(numbers) if value is None else (numbers == value) & is_number
        codes, values = column.distinct()
        if name not in self._codes:
            self._codes[name] = {(type(one), one): code for code, one in enumerate(values)}
        code = self._codes[name].get((type(value), value), -1)
        return np.equal(codes[rows], code)


def _publisher(
    column: TypedColumn, least: int, groups: Indices | None
) -> Callable[[TypedValue], TypedValue]:
    """The function from a value to the made one in its place."""
    codes, values = column.distinct()
    known = [value for value in values if value is not None]
    if not known or isinstance(known[0], str | bool):
        return _of_categories(codes, values, least, groups)
    places = np.array([math.nan if v is None else as_number(v) for v in values])
    shown = _published(places, places[codes], least, groups).tolist()
    made = {value: _at(place, known[0]) for value, place in zip(values, shown, strict=True)}
    return made.__getitem__


def _of_categories(
    codes: Indices, values: Sequence[TypedValue], least: int, groups: Indices | None
) -> Callable[[TypedValue], TypedValue]:
    counts = held_by(codes, len(values), groups).tolist()
    held = {v: n for v, n in zip(values, counts, strict=True) if v is not None and n >= least}
    commonest = max(held, key=lambda value: (held[value], str(value)), default=None)
    return lambda value: value if value in held else commonest


def _published(some: Floats, numbers: Floats, least: int, groups: Indices | None) -> Floats:
    """Some of a column's numbers as they may be published; NaN where nothing may."""
    limits = bounds(numbers, least, groups)
    if limits is None:
        return np.full(len(some), math.nan)
    # Without a span there is one number, which enough rows hold.
    return np.clip(rounded_each(some, unit(*limits)), *limits)


def as_number(value: TypedValue) -> float:
    """A number as it is, a date as the number of its day."""
    return float(value.toordinal() if isinstance(value, date) else value)  # type: ignore[arg-type]


def _at(place: float, like: TypedValue) -> TypedValue:
    """The value of the same type as ``like`` at a place; nothing at none."""
    if math.isnan(place):
        return None
    if isinstance(like, date):
        day = date.fromordinal(min(max(round(place), 1), date.max.toordinal()))
        return datetime.combine(day, time()) if isinstance(like, datetime) else day
    return round(place) if isinstance(like, int) else place

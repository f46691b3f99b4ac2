"""What training saw, as bins: the columns, the answers, and how many rows are in each bin.

Served rows are counted into the same bins, and drift.py compares the two.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, repeat
from typing import Any

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Kind, RowSchema
from classification_model.processing.arrays import Indices
from classification_model.processing.measures import Measure, day_number, measure
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.typed_columns import TypedColumn

__all__ = ["CONFIDENCE", "PREDICTION", "Bins", "Placer", "placer", "reference"]

PREDICTION, CONFIDENCE = "The prediction", "Its probability"
"""How the answers are called beside the columns."""

Counts = npt.NDArray[np.int64]

Placer = Callable[[Sequence[Any]], Indices]
"""From typed values to the bin of each."""


@dataclass(frozen=True, slots=True)
class Bins:
    """The bins of a column: ordered ones, or one for each category; then "new", and "missing".

    Attributes:
        name: the column.
        labels: what is in each bin, for people.
        counts: the rows of the reference in each bin.
        read_as: for a bin of which the reference tells nothing, since fewer rows than ``publish:
            min_rows`` were in it, the bin in which it counts them; or nothing.
        most: how many rows of the reference may have been in such a bin.
    """

    name: str
    labels: tuple[str, ...]
    counts: tuple[int, ...]
    read_as: Mapping[int, int | None]
    most: Mapping[int, int]
    edges: tuple[float, ...] = ()
    by: Measure | None = None
    categories: Mapping[str, int] | None = None

    @property
    def rows(self) -> int:
        """The rows of the reference."""
        return sum(self.counts)

    @property
    def new(self) -> tuple[int, ...]:
        """The bins of what training did not see."""
        return tuple(i for i in self.read_as if i < len(self.labels) - 1)

    def place(self, value: Any) -> int:
        """The bin of a typed value."""
        if value is None:
            return len(self.labels) - 1
        if self.categories is not None:
            return self.categories.get(value, len(self.labels) - 2)
        return bisect_left(self.edges, self.by(value)) if self.by else 0

    def count(self, column: TypedColumn) -> Counts:
        """How many values of a column are in each bin."""
        size = len(self.labels)
        if self.by is None or column.numbers is None:
            codes, values = column.distinct()
            places = np.array([self.place(value) for value in values], np.int64)
            return np.bincount(places[codes], minlength=size)
        missing = np.isnan(column.numbers)
        places = np.searchsorted(self.edges, column.numbers[~missing], side="left")
        found = np.bincount(places, minlength=size)
        found[-1] = int(missing.sum())
        return found


def placer(bins: Bins) -> Placer:
    """What finds the bins of many values at once, each as :meth:`Bins.place` does."""
    missing = len(bins.labels) - 1
    if bins.categories is not None:
        known: dict[str | None, int] = {None: missing}
        known.update(bins.categories)
        other = missing - 1

        def of_categories(values: Sequence[Any]) -> Indices:
            return np.fromiter(map(known.get, values, repeat(other)), np.int64, len(values))

        return of_categories
    if bins.by is not float:
        return lambda values: np.fromiter(map(bins.place, values), np.int64, len(values))
    edges = np.array(bins.edges, np.float64)

    def of_numbers(values: Sequence[Any]) -> Indices:
        numbers = np.array(values, np.float64)
        return np.where(np.isnan(numbers), missing, np.searchsorted(edges, numbers))

    return of_numbers


def reference(
    profile: Profile,
    schema: RowSchema,
    vocabularies: Mapping[str, Container[str]],
    *,
    min_rows: int,
) -> tuple[Bins, ...]:
    """The bins of each column that has some, and of the answers.

    Args:
        profile: what training saw.
        schema: the columns.
        vocabularies: the known words of columns of text.
        min_rows: of fewer rows the profile does not tell.
    """
    return tuple(_bins(profile, schema, vocabularies, min_rows - 1))


def _bins(
    profile: Profile, schema: RowSchema, known: Mapping[str, Container[str]], hidden: int
) -> Iterator[Bins]:
    answers = profile.held_out
    texts, many = (answers.texts, answers.categories) if answers else ({}, {})
    for name, column in schema.columns.items():
        by, seen = measure(column, known.get(name)), profile.columns[name]
        if name in texts:
            seen = texts[name]
        if by is not None and any(seen.counts):
            yield _ordered(name, seen, by, hidden, column.kind)
        elif answers and name in many:
            yield _of_many(name, many[name], answers.rows, seen.categories)
        elif seen.categories:
            yield _of_categories(name, seen, hidden)
    if answers:
        yield _of_categories(PREDICTION, answers.prediction, hidden)
        yield _ordered(CONFIDENCE, answers.confidence, float, hidden)


def _ordered(
    name: str, seen: ColumnProfile, by: Measure, hidden: int, kind: Kind = "number"
) -> Bins:
    """Bins between edges, and one on each side of the published bounds, where there are some."""
    edges, ends, counts = [*seen.edges], [*seen.edges], [*seen.counts]
    # Texts have bins that hardly anybody was in.
    held = [i for i, count in enumerate(counts) if count]
    read_as: dict[int, int | None] = {
        i: min(held, key=lambda j: abs(i - j)) for i, count in enumerate(counts) if not count
    }
    bounds = [_number(bound) for bound in seen.range()]
    if None not in bounds:
        low, high = (float(bound or 0) for bound in bounds)
        ends = [low, *edges, high]
        edges = [math.nextafter(low, -math.inf), *ends[1:]]
        counts = [0, *counts, 0]
        read_as = {0: 1, len(counts) - 1: len(counts) - 2}
    if not seen.missing:
        read_as[len(counts)] = None
    return Bins(
        name=name,
        labels=(*_labels(kind, seen, ends, bounded=None not in bounds), "missing"),
        counts=(*counts, seen.missing),
        read_as=read_as,
        most=dict.fromkeys(read_as, hidden),
        edges=tuple(edges),
        by=by,
    )


def _of_categories(name: str, seen: ColumnProfile, hidden: int) -> Bins:
    """A bin for each category: few are rarer, and they were counted for the commonest."""
    size = len(seen.categories)
    commonest = max(range(size), key=[*seen.categories.values()].__getitem__)
    read_as: dict[int, int | None] = {size: commonest}
    if not seen.missing:
        read_as[size + 1] = None
    return Bins(
        name=name,
        labels=(*seen.categories, "rare or unseen", "missing"),
        counts=(*seen.categories.values(), 0, seen.missing),
        read_as=read_as,
        most=dict.fromkeys(read_as, hidden),
        categories={category: i for i, category in enumerate(seen.categories)},
    )


def _of_many(name: str, held_out: ColumnProfile, rows: int, known: Iterable[str]) -> Bins:
    """A bin for each of the commonest, one for the rest, and one for those that are rare or new."""
    size = len(held_out.categories)
    rest = rows - held_out.missing - sum(held_out.categories.values())
    places = {category: i for i, category in enumerate(held_out.categories)}
    return Bins(
        name=name,
        labels=(*places, "others", "rare or unseen", "missing"),
        counts=(*held_out.categories.values(), rest, 0, held_out.missing),
        read_as={size + 1: size, **({} if held_out.missing else {size + 2: None})},
        most={},
        categories={**dict.fromkeys(known, size), **places},
    )


def _number(bound: float | str | None) -> float | None:
    return day_number(date.fromisoformat(bound)) if isinstance(bound, str) else bound


def _labels(
    kind: Kind, seen: ColumnProfile, edges: Sequence[float], *, bounded: bool
) -> Iterator[str]:
    """What is in each bin."""
    if kind == "text":
        yield "no known word"
        yield from (f"up to {edge:.0%} known words" for edge in edges[1:])
        yield "more known words"
    elif kind == "boolean" and edges:
        yield from ("no", "yes")
    else:
        yield from _between(seen, edges, bounded=bounded)


def _between(seen: ColumnProfile, edges: Sequence[float], *, bounded: bool) -> Iterator[str]:
    """What lies between edges; ``bounded`` says that the first and the last are what training saw."""
    if not edges:
        yield "all"
        return
    whole = isinstance(seen.minimum, int) or seen.earliest is not None
    shown = _day if seen.earliest is not None else "{:.6g}".format
    yield f"below {shown(edges[0])}" if bounded else f"up to {shown(edges[0])}"
    for i, (low, high) in enumerate(pairwise(edges)):
        # An edge is in the bin below it, but for what training saw as the least.
        first = low + 1 if whole and (i or not bounded) else low
        yield shown(high) if first == high else f"{shown(first)} to {shown(high)}"
    yield f"above {shown(edges[-1])}"


def _day(number: float) -> str:
    return date.fromordinal(int(number)).isoformat()

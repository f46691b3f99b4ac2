"""How a model reacts when one column changes and all others stay: partial dependence.

Friedman 2001, "Greedy function approximation", section 8.2. It is asked of the rows that
explanations start from, which are made and nobody's, so a curve tells of no person.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Column, FrozenModel, RowSchema
from classification_model.evaluation.report import Rounded
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.value_rules import TypedRow, TypedValue, date_format

__all__ = ["Reaction", "Reactions", "reactions"]

_COLUMNS = 6
_POINTS = 20
_CATEGORIES = 12
_DIGITS = 4

Score = Callable[[Sequence[TypedRow]], npt.NDArray[np.floating]]
"""From typed rows to probabilities of shape ``(rows, classes)``."""


class Reaction(FrozenModel):
    """The mean probabilities for some values of a column.

    ``values`` are as people read them, and ``shares`` has the probability of each class for each.
    Numbers and dates have ``places`` along an axis, and ``counts`` of the training rows in bins
    between ``edges``; else there is a count for each value.
    """

    column: str
    values: tuple[str, ...]
    shares: tuple[tuple[Rounded, ...], ...]
    counts: tuple[int, ...]
    places: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()


class Reactions(FrozenModel):
    """The reactions to the most important columns, and ``base``, the mean of the made rows."""

    base: tuple[Rounded, ...]
    columns: tuple[Reaction, ...]


def reactions(
    ranked: Sequence[str],
    schema: RowSchema,
    profile: Profile,
    background: Sequence[TypedRow],
    score: Score,
) -> Reactions:
    """Ask about the six most important columns that have a range or categories.

    Each column is one call, of at most 20 values for each row of the background.

    Args:
        ranked: the columns, the most important first.
        schema: of the rows.
        profile: what training saw, which says what is asked about.
        background: the made rows.
        score: the model.
    """
    found: list[Reaction] = []
    for name in ranked:
        if len(found) < _COLUMNS:
            values = _values(schema.columns[name], profile.columns[name])
            if len(values) > 1:
                found.append(_reaction(name, values, profile.columns[name], background, score))
    return Reactions(base=_mean(score(background)), columns=tuple(found))


def _reaction(
    name: str,
    values: Sequence[TypedValue],
    seen: ColumnProfile,
    background: Sequence[TypedRow],
    score: Score,
) -> Reaction:
    shares = score([{**row, name: value} for value in values for row in background])
    by_value = shares.reshape(len(values), len(background), -1)
    axis = [_place(value) for value in values]
    places = tuple(place for place in axis if place is not None)
    low, high = (_end(end) for end in seen.range())
    between = places and seen.edges
    return Reaction(
        column=name,
        values=tuple(map(_words, values)),
        shares=tuple(map(_mean, by_value)),
        counts=seen.counts if places else tuple(seen.categories.get(str(v), 0) for v in values),
        places=places,
        edges=(low, *seen.edges, high) if between and low is not None and high is not None else (),
    )


def _values(column: Column, seen: ColumnProfile) -> Sequence[TypedValue]:
    """What to ask about: along a range its deciles and points between, else the categories."""
    if column.kind == "category":
        return sorted(seen.categories, key=lambda word: (-seen.categories[word], word))[
            :_CATEGORIES
        ]
    if column.kind == "boolean":
        return [False, True]
    is_day = column.kind == "date" and not date_format(column).has_time
    low, high = (_end(end) for end in seen.range())
    if low is None or high is None or not (is_day or column.kind in ("integer", "number")):
        return []
    even = np.linspace(low, high, _POINTS - len(seen.edges))
    places = np.unique(np.clip([*even, *seen.edges], low, high))
    if column.kind == "number":  # large numbers may differ by little, so the span decides
        digits = _DIGITS - math.floor(math.log10(high - low)) if high > low else 0
        return [*map(float, np.unique(places.round(digits)))]
    whole = np.unique(np.round(places).astype(np.int64)).tolist()
    return [date.fromordinal(day) for day in whole] if is_day else [*whole]


def _end(end: float | str | None) -> float | None:
    """An end of a range as a number: days from the first one of year 1, as in the profile."""
    if isinstance(end, str):
        return float(date.fromisoformat(end[:10]).toordinal())
    return None if end is None else float(end)


def _place(value: TypedValue) -> float | None:
    if isinstance(value, date):
        return float(value.toordinal())
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)


def _words(value: TypedValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.15g}" if isinstance(value, float) else str(value)


def _mean(shares: npt.NDArray[np.floating]) -> tuple[float, ...]:
    found = shares.astype(np.float64).mean(axis=0)
    return tuple(round(float(share), _DIGITS) for share in found)

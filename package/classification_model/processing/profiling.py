"""Learn a profile from whole columns: what enough rows hold, and made examples.

Training alone does this; what serving needs is the result.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Kind, Label, RowSchema
from classification_model.processing.arrays import Indices
from classification_model.processing.few_rows import bounds, edges, held_by, number_of_holders
from classification_model.processing.functions import BUILT_IN, Functions
from classification_model.processing.made import made_texts, made_values
from classification_model.processing.measures import Measure, day_number, measure, measured
from classification_model.processing.profile import ColumnProfile, Profile, bin_counts
from classification_model.processing.typed_columns import TypedColumn
from classification_model.processing.value_rules import TypedValue

__all__ = [
    "Rule",
    "binned",
    "held_categories",
    "missing_rows",
    "profile_of",
    "profile_of_column",
    "profile_of_counts",
    "profile_of_numbers",
]

_EXACT = 2**53


def profile_of(
    schema: RowSchema,
    columns: Mapping[str, TypedColumn],
    labels: Sequence[Label],
    *,
    min_rows: int,
    groups: Indices | None = None,
    functions: Functions = BUILT_IN,
    like: Profile | None = None,
) -> Profile:
    """What there is in the rows that a model learns from, and that enough of them hold.

    Args:
        schema: the columns, in order.
        columns: their typed values.
        labels: the class of each row; the commonest comes first, then by its text.
        min_rows: how many rows, or groups, must hold what is said.
        groups: the number of each row's group.
        functions: of the home, which may offer examples.
        like: another profile, whose bins are taken over, so that the two can be compared.
    """
    classes = sorted(Counter(labels).items(), key=lambda item: (-item[1], str(item[0])))
    return Profile(
        rows=len(labels),
        classes=tuple(classes),
        columns={
            name: binned(
                profile_of_column(
                    column.kind, columns[name], min_rows, groups, functions.examples.get(name, ())
                ),
                columns[name],
                measure(column),
                Rule(min_rows, groups),
                like.columns[name] if like else None,
            )
            for name, column in schema.columns.items()
        },
    )


def profile_of_column(
    kind: Kind,
    column: TypedColumn,
    min_rows: int,
    groups: Indices | None = None,
    examples: Sequence[str] = (),
) -> ColumnProfile:
    """The profile of a column.

    Values that few hold count for the commonest one, as which they are read; so does a missing
    one that few miss.
    """
    shown = missing_rows(column, Rule(min_rows, groups))
    if kind in ("integer", "number"):
        return _of_numbers(column, shown, min_rows, groups)
    if kind in ("raw", "text"):
        example = next(iter(examples), None) or _text(column, min_rows, groups)
        return ColumnProfile(missing=shown, example=example)
    counts = held_categories(column, min_rows, groups)
    if kind == "category":
        rest = len(column) - shown - sum(counts.values())
        example = min(counts, key=lambda value: (-counts[value], value), default=None)
        if example is not None and 0 < rest < min_rows:
            counts[example] += rest
        return ColumnProfile(
            missing=shown, categories=dict(sorted(counts.items())), example=example
        )
    usual = _usual(kind, column, min_rows, groups)
    days = bounds(measured(column, day_number), min_rows, groups) if kind == "date" else None
    if days is None:
        return ColumnProfile(missing=shown, example=usual)
    low, high = math.floor(days[0]), math.ceil(days[1])
    return ColumnProfile(missing=shown, example=usual, earliest=_day(low), latest=_day(high))


def _day(number: int) -> str:
    """The day of an ordinal number, which rounding may have put beyond the calendar."""
    return date.fromordinal(min(max(number, 1), date.max.toordinal())).isoformat()


class Rule(NamedTuple):
    """How many rows must hold what is published, and the group of each row."""

    least: int
    groups: Indices | None


_TENTHS = tuple(i / 10 for i in range(1, 10))


def missing_rows(column: TypedColumn, rule: Rule) -> int:
    """The rows without a value: none where few miss it, all where few have one."""
    missing = column.missing()
    if number_of_holders(~missing, rule.groups) < rule.least:
        return len(missing)
    return int(missing.sum()) if number_of_holders(missing, rule.groups) >= rule.least else 0


def binned(
    found: ColumnProfile,
    column: TypedColumn,
    by: Measure | None,
    rule: Rule,
    like: ColumnProfile | None = None,
) -> ColumnProfile:
    """The profile with how many rows are in each bin, where the column has an order."""
    if by is None:
        return found
    numbers = measured(column, by)
    if number_of_holders(~np.isnan(numbers), rule.groups) < rule.least:
        return found
    bins = _edges(numbers, rule) if like is None else like.edges
    return found.model_copy(update={"edges": bins, "counts": bin_counts(numbers, bins)})


def _edges(numbers: npt.NDArray[np.float64], rule: Rule) -> tuple[float, ...]:
    """The upper edges of all bins but the last: rounded deciles, with enough rows in each bin.

    Where at most ten different values are held by enough, each has a bin of its own.
    """
    known, alike = np.unique(numbers[~np.isnan(numbers)], return_inverse=True)
    own = None if rule.groups is None else rule.groups[~np.isnan(numbers)]
    if len(known) <= len(_TENTHS) + 1:
        held = known[held_by(alike, len(known), own) >= rule.least]
        found = held[:-1].tolist()
    else:
        found = edges(numbers, _TENTHS, rule.least, rule.groups)
    kept: list[float] = []
    for edge in found:
        below = numbers <= edge
        inside = below & (numbers > kept[-1]) if kept else below
        if all(number_of_holders(m, rule.groups) >= rule.least for m in (inside, numbers > edge)):
            kept.append(edge)
    return tuple(kept)


def _of_numbers(
    column: TypedColumn, missing: int, min_rows: int, groups: Indices | None
) -> ColumnProfile:
    numbers = column.floats()
    limits = bounds(numbers, min_rows, groups)
    if limits is None:
        return ColumnProfile(missing=missing)
    (middle,) = edges(numbers, [0.5], min_rows, groups)
    if not column.whole:
        return ColumnProfile(missing=missing, minimum=limits[0], maximum=limits[1], example=middle)
    low, high = math.floor(limits[0]), math.ceil(limits[1])
    return ColumnProfile(missing=missing, minimum=low, maximum=high, example=round(middle))


def held_categories(column: TypedColumn, min_rows: int, groups: Indices | None) -> dict[str, int]:
    """The rows of each category that enough rows, or groups, hold."""
    codes, values = column.distinct()
    rows = held_by(codes, len(values)).tolist()
    holders = held_by(codes, len(values), groups).tolist()
    return {
        str(value): n
        for value, n, held in zip(values, rows, holders, strict=True)
        if value is not None and held >= min_rows
    }


def _usual(
    kind: Kind, column: TypedColumn, min_rows: int, groups: Indices | None
) -> str | bool | None:
    """The commonest answer, or the commonest of many made dates; the smallest of several."""
    if kind == "boolean":
        codes, values = column.distinct()
        held = held_by(codes, len(values), groups).tolist()
        pairs = [(v, n) for v, n in zip(values, held, strict=True) if isinstance(v, bool)]
        enough = [(-n, v) for v, n in pairs if n >= min_rows]
        return min(enough)[1] if enough else None
    made = made_values(
        column, kind, 1000, random=np.random.default_rng(0), least=min_rows, groups=groups
    )
    counts = Counter(value for value in made if isinstance(value, date | bool))
    usual = min(counts, key=lambda value: (-counts[value], value), default=None)
    return usual.isoformat() if isinstance(usual, date) else usual


def _text(column: TypedColumn, min_rows: int, groups: Indices | None) -> str | None:
    texts = [cell for cell in column.each() if isinstance(cell, str)]
    if not texts:
        return None
    own = None if groups is None else groups[~column.missing()]
    draw = np.random.default_rng(0)
    made = made_texts(texts, 1000, random=draw, least=min_rows, groups=own)
    return min(Counter(made).items(), key=lambda item: (-item[1], item[0]))[0]


def profile_of_numbers(numbers: npt.NDArray[np.float64], *, whole: bool) -> ColumnProfile:
    """What ``init`` shows to whose table it is: exact, and not published.

    NaN is missing; the example is the lower median.
    """
    known = numbers[~np.isnan(numbers)]
    missing = len(numbers) - len(known)
    if not len(known):
        return ColumnProfile(missing=missing)
    middle = (len(known) - 1) // 2
    found = [known.min(), known.max(), np.partition(known, middle)[middle]]
    low, high, median = (_short(float(number), whole=whole) for number in found)
    return ColumnProfile(missing=missing, minimum=low, maximum=high, example=median)


def _short(number: float, *, whole: bool) -> int | float:
    """A number as a person writes it: 80 and not 80.0."""
    return int(number) if whole or (number.is_integer() and abs(number) < _EXACT) else number


def profile_of_counts(kind: Kind, counts: Mapping[TypedValue, int]) -> ColumnProfile:
    """The same of a column whose values are held once, each with its number of rows.

    ``None`` stands for missing. The example is the commonest value, the first of several.
    """
    known: dict[Any, int] = {value: n for value, n in counts.items() if value is not None}
    missing = counts.get(None, 0)
    if kind in ("integer", "number"):
        numbers = np.repeat(np.array([*known], np.float64), [*known.values()])
        found = profile_of_numbers(numbers, whole=kind == "integer")
        return found.model_copy(update={"missing": missing})
    if kind == "text":  # somebody wrote it; see TextEncoder.example
        return ColumnProfile(missing=missing)
    example = min(known, key=lambda value: (-known[value], value), default=None)
    dates = [value for value in known if isinstance(value, date)]
    return ColumnProfile(
        missing=missing,
        earliest=min(dates).isoformat() if dates else None,
        latest=max(dates).isoformat() if dates else None,
        categories=dict(sorted(known.items())) if kind == "category" else {},
        example=example.isoformat() if isinstance(example, date) else example,
    )

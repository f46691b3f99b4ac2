"""The rule of few rows: what fewer than ``publish: min_rows`` rows hold is in no bundle.

Pure functions on codes and numbers. ``least`` is the number of rows that must hold something;
with ``groups``, the number of each row's group, it counts groups: one person with ten rows is
still one person.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Label
from classification_model.errors import DataError
from classification_model.processing.arrays import Floats, Indices

__all__ = [
    "bounds",
    "check_classes",
    "count_words",
    "digits",
    "edges",
    "group_numbers",
    "held_by",
    "mostly_rare",
    "neighbours",
    "number_of_holders",
    "rounded",
    "rounded_each",
    "shared",
    "unit",
]

_DIGITS = 6
# Of whole numbers up to this size floats keep the fraction to this, and powers of ten are exact.
_SURE, _NEAR, _EXACT_POWERS = 1e11, 1e-3, 22

Word = TypeVar("Word", bound=Hashable)


def group_numbers(values: Iterable[Hashable]) -> Indices:
    """A number for each row's group; a row whose group is ``None`` is one of its own."""
    known: dict[object, int] = {}
    keys = ((i,) if value is None else value for i, value in enumerate(values))
    return np.array([known.setdefault(key, len(known)) for key in keys], np.int64)


def held_by(codes: Indices, size: int, groups: Indices | None = None) -> Indices:
    """How many rows, or groups, hold each code from 0 to ``size`` - 1."""
    codes = np.asarray(codes, np.int64)
    if groups is None:
        return np.bincount(codes, minlength=size).astype(np.int64)
    pairs = np.unique(np.column_stack([codes, groups]), axis=0)
    return np.bincount(pairs[:, 0], minlength=size).astype(np.int64)


def number_of_holders(mask: npt.NDArray[np.bool_], groups: Indices | None = None) -> int:
    """How many rows, or groups, there are where ``mask`` is true."""
    return int(mask.sum()) if groups is None else len(np.unique(groups[mask]))


def shared(
    codes: Indices, values: Sequence[object], least: int, groups: Indices | None = None
) -> list[str]:
    """The values, as sorted texts, that enough rows hold; ``None`` (missing) is none of them."""
    counts = held_by(codes, len(values), groups)
    pairs = zip(values, counts.tolist(), strict=True)
    return sorted(str(value) for value, count in pairs if value is not None and count >= least)


def mostly_rare(
    codes: Indices, values: Sequence[object], least: int, groups: Indices | None = None
) -> bool:
    """Whether most of those who have a value hold one that fewer than ``least`` hold.

    Such a column is an identifier or text, however often one person repeats it.
    """
    counts = held_by(codes, len(values), groups)
    known = np.array([value is not None for value in values], bool)
    return bool(2 * counts[known & (counts < least)].sum() > counts[known].sum())


def bounds(
    numbers: Floats, least: int, groups: Indices | None = None
) -> tuple[float, float] | None:
    """The ``least``-th smallest and largest number, rounded outward; NaN and infinity are none.

    To two significant digits of the span between the two, so that years from 1931 to 2004 stay
    years, and epoch seconds stay within their day; where there is no span, of the number.
    Nothing where fewer rows have a number. With groups it is the smallest (largest) number of
    each group that is ranked.
    """
    known = np.isfinite(numbers)
    low = _ranked(numbers[known], least, None if groups is None else groups[known])
    high = _ranked(-numbers[known], least, None if groups is None else groups[known])
    if low is None or high is None:
        return None
    # With less than twice as many rows the two may cross: they enclose the middle all the same.
    low, high = sorted((low, -high))
    size = high - low or abs(low)
    if not size:
        return low, high
    exponent = _exponent(size)
    return _to_exponent(low, exponent, ROUND_FLOOR), _to_exponent(high, exponent, ROUND_CEILING)


def unit(low: float, high: float) -> float:
    """The power of ten that is two significant digits of the span between two bounds."""
    return float(f"1e{_exponent(high - low)}") if high > low else 0.0


def rounded(value: float, step: float) -> float:
    """The nearest multiple of a power of ten; ``value`` where that is 0."""
    return _to_exponent(value, round(math.log10(step)), ROUND_HALF_EVEN) if step else value


def rounded_each(numbers: Floats, step: float) -> Floats:
    """:func:`rounded` of each number, those that floats do not decide one by one."""
    if not step:
        return numbers
    exponent = round(math.log10(step))
    power = 10.0 ** abs(exponent)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = numbers * power if exponent < 0 else numbers / power
        whole = np.rint(scaled)
        found = whole / power if exponent < 0 else whole * power
        halves = np.abs(np.abs(scaled - whole) - 0.5) < _NEAR
    sure = (np.abs(scaled) < _SURE) & ~halves & (abs(exponent) <= _EXACT_POWERS)
    for i in np.flatnonzero(~sure).tolist():
        found[i] = rounded(float(numbers[i]), step)
    zeroed: Floats = found + 0.0
    return zeroed


def edges(
    numbers: Floats, shares: Sequence[float], least: int, groups: Indices | None = None
) -> list[float]:
    """The quantiles of numbers at ``shares``, within the bounds, rounded, each once.

    A quantile that enough rows hold exactly stays as it is.
    """
    limits = bounds(numbers, least, groups)
    if limits is None:
        return []
    known = numbers[np.isfinite(numbers)]
    found = np.quantile(known, shares, method="inverted_cdf").tolist()
    return sorted({_published(value, numbers, limits, least, groups) for value in found})


def digits(numbers: Floats) -> Indices:
    """How many significant digits, of six, each number has: 21,000 has two."""
    size = np.abs(numbers)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        power = np.floor(np.log10(size)) - _DIGITS + 1
        whole = np.rint(size / 10.0**power)
    zeros = sum((whole % 10**k == 0).astype(np.int64) for k in range(1, _DIGITS))
    return np.where(size > 0, _DIGITS - zeros, 0)


def neighbours(counts: Sequence[int], least: int) -> list[int]:
    """For each level of an order, the level that it is read as: itself, or the nearest held.

    Of two that are as near it is the lower. Where no level is held enough, all are the first.
    """
    held = [i for i, count in enumerate(counts) if count >= least] or [0]
    return [min(held, key=lambda j: (abs(i - j), j)) for i in range(len(counts))]


def count_words(texts: Iterable[Iterable[Word]], groups: Indices | None = None) -> dict[Word, int]:
    """How many rows, or groups, hold each word; ``texts`` are the words of each row."""
    if groups is None:
        return dict(Counter(word for words in texts for word in set(words)))
    rows = zip(texts, groups.tolist(), strict=True)
    pairs = {(word, group) for words, group in rows for word in set(words)}
    return dict(Counter(word for word, _ in pairs))


def check_classes(
    target: str, labels: Sequence[Label], least: int, groups: Indices | None = None
) -> None:
    """Refuse classes that fewer than ``least`` rows hold: their rows could be told from answers.

    Raises:
        DataError: there is one; the message names it and the ways out.
    """
    names = list(dict.fromkeys(labels))
    place = {name: i for i, name in enumerate(names)}
    counts = held_by(np.array([place[label] for label in labels]), len(names), groups)
    few = [(name, n) for name, n in zip(names, counts.tolist(), strict=True) if n < least]
    if few:
        name, count = min(few, key=lambda pair: (pair[1], str(pair[0])))
        of = ("row" if groups is None else "group") + "s" * (count != 1)
        raise DataError(
            f"target {target!r}: class {name!r} has {count} {of}, fewer than the {least} of "
            "publish: min_rows: what the model says of it would tell who they are; add rows, "
            "merge or remove that class, or lower min_rows in config.yml where the data is public"
        )


def _ranked(numbers: Floats, least: int, groups: Indices | None) -> float | None:
    """The ``least``-th smallest number, counting each group once."""
    if groups is not None and len(numbers):
        smallest = np.full(int(groups.max()) + 1, np.inf)
        np.minimum.at(smallest, groups, numbers)
        numbers = smallest[smallest < np.inf]
    if len(numbers) < least:
        return None
    return float(np.partition(numbers, least - 1)[least - 1])


def _exponent(size: float) -> int:
    """The power of ten of the second significant digit."""
    return math.floor(math.log10(size)) - 1


def _to_exponent(value: float, exponent: int, mode: str) -> float:
    step = Decimal(1).scaleb(exponent)
    return float((Decimal(repr(value)) / step).to_integral_value(mode) * step) + 0.0


def _published(
    value: float, numbers: Floats, limits: tuple[float, float], least: int, groups: Indices | None
) -> float:
    low, high = limits
    if low <= value <= high and number_of_holders(numbers == value, groups) >= least:
        return value
    return min(max(rounded(value, unit(low, high)), low), high)

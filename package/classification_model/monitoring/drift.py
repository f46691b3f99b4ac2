"""Whether served rows look like the training rows: a test that knows the size of both samples.

A column's values are counted in bins. The distance is the Jensen-Shannon divergence, weighted by
the two samples' sizes; times twice the number of rows it is the G statistic of the test of
homogeneity, whose distribution without drift is known (Wilks 1938). Beside it the bin that
changed most is looked at, which sees a single category that the sum over all bins would hide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from types import MappingProxyType

import numpy as np

from classification_model.processing.arrays import Floats

__all__ = ["FEWEST_ROWS", "ColumnDrift", "column_drift", "smallest_share_seen"]


FEWEST_ROWS = 100
"""Of a smaller window nothing is said."""

FALSE_ALARMS = 0.01
"""The share of windows without drift in which any column may be called drifted."""

_FEWEST_EXPECTED = 5.0
"""Bins in which fewer rows are expected are put together, or the distribution is not known."""


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How far a window of served rows is from the reference, in one column.

    ``distance`` is a divergence in nats, 0 where the shares of all bins are equal; ``limit`` is
    what it stays below where nothing drifted. A single bin may have drifted all the same.
    """

    distance: float
    limit: float
    drifted: bool


def column_drift(
    reference: Sequence[int],
    window: Sequence[int],
    *,
    columns: int,
    read_as: Mapping[int, int | None] = MappingProxyType({}),
    most: Mapping[int, int] = MappingProxyType({}),
) -> ColumnDrift | None:
    """Compare the counts of a window with those of the reference, bin by bin.

    Args:
        reference: rows of the training table in each bin.
        window: served rows in the same bins.
        columns: how many columns are looked at together: the more, the higher the limit, so
            that all together give a false alarm in 1% of windows.
        read_as: bins of which the reference tells nothing, and the bins that they count for.
        most: how many rows the reference may have had in such a bin; more than that is drift.

    Returns:
        The verdict, or nothing where either sample has too few rows.
    """
    known, here = np.array(reference, np.float64), np.array(window, np.float64)
    rows = np.array([known.sum(), here.sum()])
    if rows.min() < FEWEST_ROWS:
        return None
    alarms = FALSE_ALARMS / columns / 3  # three looks at each column
    then, now = _pooled(*(_folded(counts, read_as) for counts in (known, here)))
    new = max((_more(most[i], here[i], rows) for i in most), default=0.0)
    is_new = bool(new > _least_divergence(alarms / max(1, len(most)), rows))
    if len(then) < 2:
        return ColumnDrift(0.0, 0.0, drifted=is_new)
    distance = _divergence(then, now)
    limit = _chi_squared(len(then) - 1, 1 - alarms) / (2 * rows.sum()) * _correction(then, now)
    # A bin against all others: its own divergence, for small counts are not normal.
    alone = max(_alone(a, b, rows) for a, b in zip(then, now, strict=True))
    is_elsewhere = distance > limit or alone > _least_divergence(alarms / len(then), rows)
    return ColumnDrift(distance, limit, drifted=bool(is_elsewhere) or is_new)


def smallest_share_seen(share: float, *, reference: int, window: int, columns: int) -> float:
    """To what a bin's share has to grow from ``share`` to be found in 95 of 100 windows.

    By the normal approximation, for a column of 20 bins.
    """
    sure = NormalDist().inv_cdf(1 - FALSE_ALARMS / columns / 3 / 20 / 2) + NormalDist().inv_cdf(
        0.95
    )
    grown = share
    for _ in range(50):  # the spread depends on the answer: a few steps settle it
        mean = (share * reference + grown * window) / (reference + window)
        grown = share + sure * float(np.sqrt(mean * (1 - mean) * (1 / reference + 1 / window)))
        grown = min(grown, 1.0)
    return grown


def _folded(counts: Floats, read_as: Mapping[int, int | None]) -> Floats:
    """The counts of the bins that the reference tells of."""
    folded = counts.copy()
    for bin_, other in read_as.items():
        if other is not None:
            folded[other] += counts[bin_]
    return np.delete(folded, [*read_as])


def _more(most: float, now: float, rows: Floats) -> float:
    """The divergence of a bin that has grown beyond what the reference may have had in it."""
    return _alone(most, now, rows) if now / rows[1] > most / rows[0] else 0.0


def _alone(then: float, now: float, rows: Floats) -> float:
    """The divergence of a bin against all others."""
    return _divergence(np.array([then, rows[0] - then]), np.array([now, rows[1] - now]))


def _least_divergence(alarms: float, rows: Floats) -> float:
    """From where on the divergence of one bin is no chance."""
    return _chi_squared(1, 1 - alarms) / (2 * float(rows.sum()))


def _divergence(then: Floats, now: Floats) -> float:
    """The Jensen-Shannon divergence, weighted by size, in nats."""
    total = then.sum() + now.sum()
    mixed = (then + now) / total

    def gain(counts: Floats) -> float:
        held = counts > 0
        return float((counts[held] * np.log(counts[held] / counts.sum() / mixed[held])).sum())

    return max(0.0, (gain(then) + gain(now)) / float(total))


def _correction(then: Floats, now: Floats) -> float:
    """By how much small counts widen the distribution (Williams 1976)."""
    total = then.sum() + now.sum()
    rows = total * (1 / then.sum() + 1 / now.sum()) - 1
    bins = float((total / (then + now)).sum()) - 1
    return float(1.0 + rows * bins / (6 * total * (len(then) - 1)))


def _pooled(then: Floats, now: Floats) -> tuple[Floats, Floats]:
    """Both samples with the bins put together in which too few rows of either are expected."""
    held = then + now > 0
    then, now = then[held], now[held]
    total = then.sum() + now.sum()
    if total == 0:
        return then, now
    expected = (then + now) / total * min(then.sum(), now.sum())
    small = expected < _FEWEST_EXPECTED
    if not small.any():
        return then, now

    def joined(counts: Floats) -> Floats:
        return np.append(counts[~small], counts[small].sum())

    then, now = joined(then), joined(now)
    if len(then) > 2 and expected[small].sum() < _FEWEST_EXPECTED:
        order = np.argsort(then[:-1] + now[:-1])  # what is left joins the smallest of the others
        least = int(order[0])
        for counts in (then, now):
            counts[least] += counts[-1]
        then, now = then[:-1], now[:-1]
    return then, now


def _chi_squared(degrees: int, probability: float) -> float:
    """A quantile of the chi-squared distribution (Wilson and Hilferty 1931).

    SciPy has it exactly, and takes more memory than the service; within 6% here.
    """
    normal = NormalDist().inv_cdf(probability)
    if degrees == 1:
        return NormalDist().inv_cdf((1 + probability) / 2) ** 2
    if degrees == 2:
        return -2 * math.log(1 - probability)
    cube = 1 - 2 / (9 * degrees) + normal * (2 / (9 * degrees)) ** 0.5
    return float(degrees * cube**3)

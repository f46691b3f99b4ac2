"""Tell whether a table has changed in a way that no model should learn from.

Two questions are asked of new rows. Is a column suddenly elsewhere, or empty: its values are held
against what training saw of it. And does the shipped model answer them surely worse than it
promised. Either the world has changed or the import is broken, and a person has to say which.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri, stdtrit

from classification_model.processing.arrays import Floats
from classification_model.processing.profile import ColumnProfile, Profile

__all__ = ["AskedAgain", "ColumnChange", "asked_again", "column_changes", "stability_index"]


_ELSEWHERE = 0.25
"""The population stability index from which a distribution counts as another one."""

_EMPTIER = 0.10
_BY_CHANCE = 0.0001
"""How often a column that has not changed may be named."""

_TIMES_AS_LARGE = 8
_MOSTLY = 0.5
_SURE = 0.999
_FEWEST_EXPECTED = 5


@dataclass(frozen=True, slots=True)
class ColumnChange:
    """A column that is not as it was, and how that is seen."""

    column: str
    message: str


@dataclass(frozen=True, slots=True)
class AskedAgain:
    """The shipped model's mean log loss on new rows beside the one that it promised."""

    rows: int
    promised: float
    found: float
    low: float
    margin: float

    @property
    def surely_worse(self) -> bool:
        return self.low > self.margin


def column_changes(before: Profile, now: Profile) -> list[ColumnChange]:
    """Name the columns of both profiles whose values are elsewhere, or that are emptier.

    Args:
        before: what the last training saw.
        now: the new rows, their numbers counted by the edges of ``before``.
    """
    changes = []
    for name, was in before.columns.items():
        if name in now.columns:
            message = _emptier(was, before.rows, now.columns[name], now.rows) or _elsewhere(
                was, now.columns[name]
            )
            if message:
                changes.append(ColumnChange(name, message))
    return changes


def stability_index(before: Floats, now: Floats) -> float:
    """The population stability index of two counts by the same bins.

    It is the sum over bins of ``(q - p) * ln(q / p)``, the symmetric Kullback-Leibler divergence
    of the shares; half a row is added to each bin, so that an empty one is no infinity.
    """
    p = (before + 0.5) / (before.sum() + 0.5 * len(before))
    q = (now + 0.5) / (now.sum() + 0.5 * len(now))
    return float(((q - p) * np.log(q / p)).sum())


def asked_again(
    losses: Floats, *, promised: float, promised_error: float, margin: float
) -> AskedAgain:
    """Compare a model's losses on rows that came after it with what it promised.

    Args:
        losses: the log loss of each new row.
        promised: the mean log loss on the rows that were held out when it was judged.
        promised_error: the standard error of that.
        margin: how much worse is nothing to speak of.
    """
    rows = len(losses)
    found = float(losses.mean())
    own = float(losses.var(ddof=1)) / rows if rows > 1 else float("inf")
    reach = float(stdtrit(max(rows - 1, 1), _SURE)) * (own + promised_error**2) ** 0.5
    return AskedAgain(rows, promised, found, found - promised - reach, margin)


def _emptier(was: ColumnProfile, rows: int, now: ColumnProfile, new_rows: int) -> str | None:
    before, after = was.missing / rows, now.missing / new_rows
    pooled = (was.missing + now.missing) / (rows + new_rows)
    error = (pooled * (1 - pooled) * (1 / rows + 1 / new_rows)) ** 0.5
    if after - before <= max(_EMPTIER, 3.7 * error):
        return None
    return f"{after:.0%} of the values are missing where {before:.0%} were"


def _elsewhere(was: ColumnProfile, now: ColumnProfile) -> str | None:
    """How values moved among those that training saw; a new category beside them is growth."""
    unseen = {name: n for name, n in now.categories.items() if name not in was.categories}
    if was.categories and sum(unseen.values()) > _MOSTLY * sum(now.categories.values()):
        return f"most values are ones that training has not seen, such as {max(unseen, key=unseen.__getitem__)!r}"
    old, new = _counts(was, now)
    if not old.sum() or not new.sum() or len(old) < 2:
        return None
    # A small table differs from itself by chance: its index is then that of chi squared.
    chance = float(chdtri(len(old) - 1, _BY_CHANCE)) * (1 / old.sum() + 1 / new.sum())
    index = stability_index(old, new)
    if index <= max(_ELSEWHERE, chance):
        return None
    where = f"{_example(was, now)}{_unit(was, now)}"
    return f"its values are elsewhere (stability index {index:.2f}): {where}"


def _counts(was: ColumnProfile, now: ColumnProfile) -> tuple[Floats, Floats]:
    """How many rows each bin or category has, before and now."""
    if was.counts:
        return np.array(was.counts, np.float64), np.array(now.counts, np.float64)
    old = np.array(list(was.categories.values()), np.float64)
    new = np.array([now.categories.get(name, 0) for name in was.categories], np.float64)
    share = min(1.0, new.sum() / old.sum()) if len(old) else 0.0
    rare = old * share < _FEWEST_EXPECTED
    return (
        np.append(old[~rare], old[rare].sum()),
        np.append(new[~rare], new[rare].sum()),
    )


def _example(was: ColumnProfile, now: ColumnProfile) -> str:
    (low, high), (least, most) = was.range(), now.range()
    if low is not None:
        return f"{least} to {most} where {low} to {high} were"
    if was.counts:
        before, after = (one.counts[-1] / sum(one.counts) for one in (was, now))
        return f"{after:.0%} are true where {before:.0%} were"
    changed = max(
        {**was.categories, **now.categories},
        key=lambda name: abs(_share(now.categories, name) - _share(was.categories, name)),
    )
    before, after = _share(was.categories, changed), _share(now.categories, changed)
    return f"{after:.0%} are {changed!r} where {before:.0%} were"


def _unit(was: ColumnProfile, now: ColumnProfile) -> str:
    """By how much the usual value is larger or smaller, where that is ten times and more."""
    before, after = was.example, now.example
    if isinstance(before, str) or isinstance(after, str) or not (before and after):
        return ""
    times = after / before
    if times < 0 or _TIMES_AS_LARGE > times > 1 / _TIMES_AS_LARGE:
        return ""
    how = "larger" if times > 1 else "smaller"
    return f", about {float(f'{max(times, 1 / times):.2g}'):g} times {how}: another unit?"


def _share(counts: Mapping[str, int], name: str) -> float:
    return counts.get(name, 0) / max(1, sum(counts.values()))

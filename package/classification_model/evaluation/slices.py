"""Where a model is weak: the held-out rows by the values of each column."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats

from classification_model.config.schema import RowSchema
from classification_model.evaluation.metrics import Outcomes
from classification_model.evaluation.report import Slice
from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.few_rows import edges as quantiles
from classification_model.processing.few_rows import number_of_holders, shared
from classification_model.processing.typed_columns import Columns, TypedColumn

__all__ = ["Few", "Parts", "parts", "slices"]

_FEWEST_ROWS = 20
# What holds nearly all rows is the whole under another name.
_MOST_OF_ALL = 0.75
_FEW_VALUES = 5
_FALSE_ALARMS = 0.05
_ROUNDING = 1e-9


class Few(NamedTuple):
    """How many training rows must hold what is named, and the group of each."""

    least: int
    groups: Indices | None


Parts = tuple[list[str], Indices]
"""The names of a column's slices, and the position of each row's own, -1 where it is in none."""


def slices(
    schema: RowSchema,
    train: Columns,
    held_out: Columns,
    judged: Outcomes,
    *,
    min_rows: int = 1,
    groups: Indices | None = None,
) -> tuple[Slice, ...]:
    """Every slice of 20 to three quarters of the held-out rows, the highest log loss first.

    There is one for each category, each quartile of a number or date (the quartiles are
    those of the training rows), and the missing values of each column. With so many of them
    some look weak by chance: of those called weaker, 5% at most are expected to be so only
    by chance (Welch's t test against all other rows; Benjamini and Hochberg 1995).

    A category or an edge is named only where ``min_rows`` training rows, or groups, hold it.
    """
    few = Few(min_rows, groups)
    losses, correct = judged.losses, judged.correct.astype(np.float64)
    # Sums of squares lose fewer digits about the mean.
    centre = losses.mean()
    every: Floats = np.stack(
        [np.ones(len(losses)), losses - centre, (losses - centre) ** 2, correct]
    )
    found, sums = [], []
    for name, column in schema.columns.items():
        names, place = parts(column.kind, train[name], held_out[name], few)
        inside = place >= 0
        totals = np.stack(
            [np.bincount(place[inside], row[inside], minlength=len(names)) for row in every]
        )
        rows = totals[0]
        kept = np.flatnonzero((rows >= _FEWEST_ROWS) & (rows <= _MOST_OF_ALL * len(losses)))
        found += [(name, names[i]) for i in kept.tolist()]
        sums.append(totals[:, kept])
    if not found:
        return ()
    part: Floats = np.concatenate(sums, axis=1).astype(np.float64)
    others: Floats = every.sum(axis=1)[:, np.newaxis] - part
    weaker = _weaker(part, others)
    cut = [
        Slice(
            column=name,
            value=value,
            rows=int(part[0, i]),
            accuracy=float(part[3, i] / part[0, i]),
            log_loss=float(centre + part[1, i] / part[0, i]),
            others=float(centre + others[1, i] / others[0, i]),
            weaker=bool(weaker[i]),
        )
        for i, (name, value) in enumerate(found)
    ]
    return tuple(sorted(cut, key=lambda one: (-one.log_loss, one.column, one.value)))


def parts(kind: str, train: TypedColumn, held_out: TypedColumn, few: Few) -> Parts:
    """The slices of one column."""
    missing = held_out.missing()
    if kind in ("category", "boolean"):
        held = {*shared(*train.distinct(), few.least, few.groups), "None"}
        codes, values = held_out.distinct()
        hidden = np.array([str(value) not in held for value in values], np.bool_)
        return [_name(value) for value in values], np.where(hidden[codes], -1, codes)
    if kind in ("raw", "text"):
        names: list[str] = []
        place = np.full(len(missing), -1, np.int64)
    else:
        names, place = _ranges(_numbers(held_out), _numbers(train), few, as_date=kind == "date")
    place[missing] = len(names)
    return [*names, "missing"], place


def _name(value: object) -> str:
    if value is None:
        return "missing"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _numbers(column: TypedColumn) -> Floats:
    """A column of numbers or dates as numbers, NaN where missing."""
    if column.numbers is not None:
        return column.numbers
    codes, values = column.distinct()
    days = [v.toordinal() if isinstance(v, date) else np.nan for v in values]
    return np.array(days, np.float64)[codes]


def _ranges(numbers: Floats, train: Floats, few: Few, *, as_date: bool) -> Parts:
    """Each value where there are few, else quartiles; NaN is in none of them."""

    def text(value: float) -> str:
        return date.fromordinal(int(value)).isoformat() if as_date else f"{value:.6g}"

    distinct = np.unique(train[~np.isnan(train)])
    if 0 < len(distinct) <= _FEW_VALUES:
        held = [number_of_holders(train == v, few.groups) >= few.least for v in distinct]
        distinct = distinct[held]
    if not len(distinct):
        return [], np.full(len(numbers), -1, np.int64)
    if len(distinct) <= _FEW_VALUES:
        place = np.searchsorted(distinct, numbers)
        place[distinct[np.minimum(place, len(distinct) - 1)] != numbers] = -1
        return [text(value) for value in distinct], place
    edges = np.array(quantiles(train, [0.25, 0.5, 0.75], few.least, few.groups))
    edges = edges[edges < distinct[-1]]
    if not len(edges):  # nearly every row has the largest value
        edges = distinct[-2:-1]
    first, last = text(edges[0]), text(edges[-1])
    names = [first if edges[0] == distinct[0] else f"up to {first}"]
    names += [f"above {text(low)}, up to {text(high)}" for low, high in pairwise(edges)]
    return [*names, f"above {last}"], np.searchsorted(edges, numbers)


def _weaker(inside: Floats, outside: Floats) -> npt.NDArray[np.bool_]:
    within, without = _moments(inside), _moments(outside)
    with np.errstate(divide="ignore", invalid="ignore"):
        chances = stats.ttest_ind_from_stats(
            *within, *without, equal_var=False, alternative="greater"
        ).pvalue
    # Where rows differ only as sums are rounded, or not at all, there is nothing to test.
    level = within[0] - without[0] < _ROUNDING
    chances = np.where(level | np.isnan(chances), 1.0, chances)
    found: npt.NDArray[np.bool_] = stats.false_discovery_control(chances) < _FALSE_ALARMS
    return found


def _moments(sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, standard deviation and number from rows, sums and sums of squares."""
    rows, total, squares = sums[:3]
    variance = (squares - total**2 / rows) / np.maximum(rows - 1, 1)
    return total / rows, np.sqrt(np.maximum(variance, 0.0)), rows

"""Where a model is weak: the held-out rows by the values of each column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import stats

from classification_model.config.schema import Column, RowSchema
from classification_model.evaluation.metrics import Floats, Outcomes
from classification_model.evaluation.report import Slice
from classification_model.processing.validation import TypedRow, TypedValue

__all__ = ["slices"]

Mask = npt.NDArray[np.bool_]

_FEWEST_ROWS = 20
# What holds nearly all rows is the whole under another name.
_MOST_OF_ALL = 0.75
_FEW_VALUES = 5
_FALSE_ALARMS = 0.05
_ROUNDING = 1e-9


def slices(
    schema: RowSchema, train: Sequence[TypedRow], held_out: Sequence[TypedRow], judged: Outcomes
) -> tuple[Slice, ...]:
    """Every slice of 20 to three quarters of the held-out rows, the highest log loss first.

    There is one for each category, each quartile of a number or date (the quartiles are
    those of the training rows), and the missing values of each column. With so many of them
    some look weak by chance: of those called weaker, 5% at most are expected to be so only
    by chance (Welch's t test against all other rows; Benjamini and Hochberg 1995).
    """
    losses, correct = judged.losses, judged.correct
    found: list[tuple[str, str, Mask]] = []
    for name, column in schema.columns.items():
        values = [row[name] for row in held_out]
        for value, mask in _parts(column, [row[name] for row in train], values):
            if _FEWEST_ROWS <= mask.sum() <= _MOST_OF_ALL * len(mask):
                found.append((name, value, mask))
    if not found:
        return ()
    weaker = _weaker(losses, [mask for _, _, mask in found])
    cut = [
        Slice(
            column=name,
            value=value,
            rows=int(mask.sum()),
            accuracy=float(correct[mask].mean()),
            log_loss=float(losses[mask].mean()),
            others=float(losses[~mask].mean()),
            weaker=bool(flag),
        )
        for (name, value, mask), flag in zip(found, weaker, strict=True)
    ]
    return tuple(sorted(cut, key=lambda part: (-part.log_loss, part.column, part.value)))


def _parts(
    column: Column, train: Sequence[TypedValue], values: Sequence[TypedValue]
) -> Iterator[tuple[str, Mask]]:
    """The slices of one column: a name for each, and which of ``values`` are in it."""
    yield "missing", np.array([value is None for value in values])
    if column.kind == "category":
        for category in column.categories:
            yield category, np.array([value == category for value in values])
    elif column.kind == "boolean":
        for flag in (False, True):
            yield str(flag).lower(), np.array([value is flag for value in values])
    elif column.kind != "text":
        numbers = np.array([_number(value) for value in values])
        known = np.array([_number(value) for value in train if value is not None])
        yield from _ranges(numbers, known, as_date=column.kind == "date")


def _ranges(numbers: Floats, known: Floats, *, as_date: bool) -> Iterator[tuple[str, Mask]]:
    """Each value where there are few, else quartiles; NaN is in none of them."""
    distinct = np.unique(known)
    if len(distinct) <= _FEW_VALUES:
        for value in distinct:
            yield _text(value, as_date=as_date), numbers == value
        return
    edges = np.unique(np.quantile(known, [0.25, 0.5, 0.75], method="inverted_cdf"))
    edges = edges[edges < distinct[-1]]
    first, last = _text(edges[0], as_date=as_date), _text(edges[-1], as_date=as_date)
    yield (first if edges[0] == distinct[0] else f"up to {first}"), numbers <= edges[0]
    for low, high in pairwise(edges):
        words = f"above {_text(low, as_date=as_date)}, up to {_text(high, as_date=as_date)}"
        yield words, (numbers > low) & (numbers <= high)
    yield f"above {last}", numbers > edges[-1]


def _weaker(losses: Floats, masks: Sequence[Mask]) -> npt.NDArray[np.bool_]:
    inside = np.array([_moments(losses[mask]) for mask in masks]).T
    outside = np.array([_moments(losses[~mask]) for mask in masks]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        chances = stats.ttest_ind_from_stats(
            *inside, *outside, equal_var=False, alternative="greater"
        ).pvalue
    # Where rows differ only as sums are rounded, or not at all, there is nothing to test.
    level = inside[0] - outside[0] < _ROUNDING
    chances = np.where(level | np.isnan(chances), 1.0, chances)
    found: npt.NDArray[np.bool_] = stats.false_discovery_control(chances) < _FALSE_ALARMS
    return found


def _moments(losses: Floats) -> tuple[float, float, int]:
    spread = float(losses.std(ddof=1)) if len(losses) > 1 else 0.0
    return float(losses.mean()), spread, len(losses)


def _number(value: TypedValue) -> float:
    if value is None:
        return float("nan")
    return float(value.toordinal()) if isinstance(value, date) else float(value)


def _text(value: float, *, as_date: bool) -> str:
    return date.fromordinal(int(value)).isoformat() if as_date else f"{value:.6g}"

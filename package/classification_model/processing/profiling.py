"""Learn a profile from whole columns. Training alone does this; what serving needs is the result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Kind, Label, RowSchema
from classification_model.processing.profile import ColumnProfile, Profile, bin_counts, bin_edges
from classification_model.processing.validation import TypedValue

if TYPE_CHECKING:  # it imports pyarrow
    from classification_model.processing.typed_columns import TypedColumn

__all__ = ["profile_of", "profile_of_counts", "profile_of_numbers"]

_EXACT = 2**53


def profile_of(
    schema: RowSchema,
    columns: Mapping[str, TypedColumn],
    labels: Sequence[Label],
    *,
    like: Profile | None = None,
) -> Profile:
    """What there is in the rows that a model learns from.

    Args:
        schema: the columns, in order.
        columns: their typed values.
        labels: the class of each row; the commonest comes first, then by its text.
        like: another profile, whose bins are taken over, so that the two can be compared.
    """
    classes = sorted(Counter(labels).items(), key=lambda item: (-item[1], str(item[0])))
    return Profile(
        rows=len(labels),
        classes=tuple(classes),
        columns={
            name: _binned(
                _of_column(column.kind, columns[name]),
                column.kind,
                columns[name],
                like.columns[name] if like else None,
            )
            for name, column in schema.columns.items()
        },
    )


def _binned(
    found: ColumnProfile, kind: Kind, column: TypedColumn, like: ColumnProfile | None
) -> ColumnProfile:
    """The profile with how many rows are in each bin, where the column has an order."""
    if kind not in ("integer", "number", "date"):
        return found
    numbers = _days(column) if kind == "date" else column.floats()
    edges = bin_edges(numbers) if like is None else like.edges
    return found.model_copy(update={"edges": edges, "counts": bin_counts(numbers, edges)})


def _days(column: TypedColumn) -> npt.NDArray[np.float64]:
    codes, values = column.distinct()
    days = [float(day.toordinal()) if isinstance(day, date) else np.nan for day in values]
    return np.array(days, np.float64)[codes]


def _of_column(kind: Kind, column: TypedColumn) -> ColumnProfile:
    if column.numbers is not None:
        return profile_of_numbers(column.numbers, whole=column.whole)
    codes, values = column.distinct()
    counts = np.bincount(codes, minlength=len(values)).tolist()
    return profile_of_counts(
        kind, {value: count for value, count in zip(values, counts, strict=True) if count}
    )


def profile_of_numbers(numbers: npt.NDArray[np.float64], *, whole: bool) -> ColumnProfile:
    """The profile of a column of numbers, NaN where missing; its example is the lower median."""
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
    """The profile of a column whose values are held once, each with its number of rows.

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

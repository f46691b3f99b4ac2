"""Complete a feature with what enough rows hold: its categories, its bounds, its stand-ins.

Every state that fewer hold is not there. Of categories the rare ones are "other"; of an order
they are read as their neighbour; an "other" or a missing value that few rows hold is read as the
commonest category, or the middle number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.features import Feature
from classification_model.processing.few_rows import (
    bounds,
    edges,
    held_by,
    neighbours,
    number_of_holders,
)

__all__ = ["with_bounds", "with_categories", "with_places"]


def with_categories(
    feature: Feature,
    codes: Indices,
    values: Sequence[object],
    least: int,
    groups: Indices | None = None,
) -> Feature:
    """A feature with the categories that enough rows hold; ``values[codes[i]]`` is row ``i``'s."""
    counts = held_by(codes, len(values), groups)
    known = np.array([value is not None for value in values], bool)
    kept = known & (counts >= least)
    names = {
        str(value): int(n) for value, n, keep in zip(values, counts, kept, strict=True) if keep
    }
    categories = tuple(sorted(names))
    commonest = float(max(range(len(names)), key=lambda i: (names[categories[i]], -i), default=0))
    rare, missing = (known & ~kept)[codes], ~known[codes]
    return replace(
        feature,
        categories=categories,
        # Where enough are "other", that is a category like the rest, the last.
        other_as=float(len(names)) if number_of_holders(rare, groups) >= least else commonest,
        missing_as=None if number_of_holders(missing, groups) >= least else commonest,
    )


def with_places(
    feature: Feature, numbers: Floats, least: int, groups: Indices | None = None
) -> Feature:
    """A feature of an order, whose levels that few rows hold are read as the nearest other.

    ``numbers`` are the levels of the rows, from 0, NaN where missing.
    """
    known = ~np.isnan(numbers)
    size, who = len(feature.categories), None if groups is None else groups[known]
    counts = held_by(numbers[known].astype(np.int64), size, who)
    return replace(feature, places=tuple(neighbours(counts.tolist(), least)))


def with_bounds(
    feature: Feature, numbers: Floats, least: int, groups: Indices | None = None
) -> Feature:
    """A feature with the bounds of its numbers, NaN where missing.

    Where fewer than ``least`` rows have a number, the feature is the same for all.
    """
    limits = bounds(numbers, least, groups)
    if limits is None:
        return replace(feature, bounds=(0.0, 0.0), missing_as=0.0)
    few = number_of_holders(np.isnan(numbers), groups) < least
    (middle,) = edges(numbers, [0.5], least, groups)
    return replace(feature, bounds=limits, missing_as=middle if few else None)

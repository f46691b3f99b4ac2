"""Keep numbers apart that float32 would merge: subtract a learned centre first, in float64.

Days written as 20240115, or seconds since 1970, are large beside what tells them apart, and
float32 has 24 bits for both.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from classification_model.processing.arrays import Floats
from classification_model.processing.features import Feature

__all__ = ["merged", "with_centre"]


def with_centre(feature: Feature, numbers: Floats) -> Feature:
    """A feature of numbers with the centre that its training values need, mostly none.

    The centre is the middle of their range, rounded to the range's own size, so that it is
    nobody's value.
    """
    known = numbers[np.isfinite(numbers)]
    if not len(known) or not merged(known):
        return feature
    low, high = float(known.min()), float(known.max())
    middle, reach = (low + high) / 2, high - low
    if abs(middle) <= reach:  # they are as wide as they are large: nothing would be gained
        return feature
    step = 2.0 ** np.floor(np.log2(reach))
    return replace(feature, centre=float(np.round(middle / step) * step))


def merged(numbers: Floats, centre: float = 0.0) -> int:
    """How many different numbers are another one's equal in float32, once centred."""
    distinct = np.unique(numbers)
    steps = np.diff((distinct - centre).astype(np.float32))  # which are in order, too
    return int(np.count_nonzero(steps == 0))

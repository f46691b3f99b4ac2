"""Choose the thresholds of prediction sets by answers that were given out of fold."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from classification_model.errors import ConfigError
from classification_model.processing.sets import PredictionSets

__all__ = ["check_coverage", "sets_of"]

_STEP = 10_000
_BIG_ENOUGH = 5
"""So many rows of a class must fall below its threshold; of fewer, all rows say it together."""


def sets_of(
    coverage: float, truth: npt.NDArray[np.intp], scores: npt.NDArray[np.floating]
) -> PredictionSets:
    """The sets that hold the true class of a new row with at least so much probability.

    Of a class with enough rows that is so for the rows of the class, too.

    Args:
        coverage: the probability.
        truth: the position of each row's class.
        scores: what was said of each row out of fold, shape ``(rows, classes)``.

    Raises:
        ConfigError: there are too few rows for so much coverage.
    """
    check_coverage(coverage, len(truth))
    of_truth = scores[np.arange(len(truth)), truth].astype(np.float64)
    for_all = np.sort(of_truth)[_rank(len(truth), coverage) - 1]
    thresholds = []
    for k in range(scores.shape[1]):
        of_class = np.sort(of_truth[truth == k])
        rank = _rank(len(of_class), coverage)
        found = of_class[rank - 1] if rank >= _BIG_ENOUGH else for_all
        # Rounded down, so that it is nobody's own answer, and sets grow rather than shrink.
        thresholds.append(math.floor(float(found) * _STEP) / _STEP)
    return PredictionSets(coverage=coverage, thresholds=tuple(thresholds))


def check_coverage(coverage: float, rows: int) -> None:
    """Raises ConfigError: so many training rows cannot hold it."""
    if not _rank(rows, coverage):
        most = math.floor(1000 * rows / (rows + 1)) / 1000
        raise ConfigError(
            f"coverage: {rows} training rows hold {most:g} at most, found {coverage:g}; ask for less"
        )


def _rank(rows: int, coverage: float) -> int:
    """Which of the sorted answers is the threshold, from 1; 0 where there are too few."""
    return math.floor((rows + 1) * (1 - coverage) + 1e-9)

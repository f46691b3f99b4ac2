"""What the pictures show: points, bins and counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats
from sklearn.metrics import (
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from classification_model.config.schema import Label
from classification_model.evaluation.metrics import Outcomes
from classification_model.evaluation.report import Bin, Curve, Histogram, Series, Step
from classification_model.processing.arrays import Floats

__all__ = [
    "calibration",
    "calibration_error",
    "confusion",
    "histogram",
    "pr_curves",
    "roc_curves",
    "steps",
]

_BINS = 10
_HISTOGRAM_BINS = 20
_POINTS = 200
_MOST_CURVES = 10


def roc_curves(judged: Outcomes, classes: Sequence[Label], positive: int = 1) -> tuple[Curve, ...]:
    """Of each class against the rest: false positive rate and true positive rate.

    Two classes give one curve, that of the ``positive`` one; of more than ten, those of the ten with
    the smallest area. The area is that of all points, of which 200 are kept at most.
    """

    def points(truth: Any, scores: Floats) -> tuple[Floats, Floats]:
        false, true, _ = roc_curve(truth, scores)
        return false, true

    return _curves(judged, classes, positive, points, roc_auc_score)


def pr_curves(judged: Outcomes, classes: Sequence[Label], positive: int = 1) -> tuple[Curve, ...]:
    """Of each class against the rest: recall and precision; see :func:`roc_curves`.

    The area is the average precision.
    """

    def points(truth: Any, scores: Floats) -> tuple[Floats, Floats]:
        precision, recall, _ = precision_recall_curve(truth, scores, drop_intermediate=True)
        # Of the points of one recall the first, which has the fewest false alarms.
        found, first = np.unique(recall[::-1], return_index=True)
        return found, precision[::-1][first]

    return _curves(judged, classes, positive, points, average_precision_score)


def calibration(judged: Outcomes, positive: int = 1) -> tuple[Bin, ...]:
    """Ten bins of as many rows each, for whether 70% comes true in 70 of 100.

    Rows with the same probability are in one bin, so there may be fewer bins.
    """
    probability, happened = _watched(judged, positive)
    inner = np.unique(np.quantile(probability, np.arange(1, _BINS) / _BINS))
    place = np.searchsorted(inner, probability)
    bins = []
    for position in range(_BINS):
        inside = place == position
        rows, hits = int(inside.sum()), int(happened[inside].sum())
        if not rows:
            continue
        bounds = stats.binomtest(hits, rows).proportion_ci(method="wilson")
        bins.append(
            Bin(
                rows=rows,
                predicted=float(probability[inside].mean()),
                observed=hits / rows,
                low=float(bounds.low),
                high=float(bounds.high),
            )
        )
    return tuple(bins)


def calibration_error(bins: Sequence[Bin]) -> float:
    """The mean distance between predicted and observed, by rows (Naeini et al. 2015)."""
    rows = sum(part.rows for part in bins)
    return sum(part.rows * abs(part.predicted - part.observed) for part in bins) / rows


def confusion(judged: Outcomes) -> tuple[tuple[int, ...], ...]:
    """Counts by the class that is true (rows) and the one that was answered (columns)."""
    everything = list(range(judged.classes))
    matrix = confusion_matrix(judged.truth, judged.predicted, labels=everything)
    return tuple(tuple(row) for row in matrix.tolist())


def steps(judged: Outcomes, positive: int = 1, at: float = 0.5) -> tuple[Step, ...]:
    """What thresholds from 0.99 to 0.01, and ``at``, would do; of more classes than two nothing."""
    if judged.classes != 2:
        return ()
    probability, happened = _watched(judged, positive)
    thresholds = {*(hundredths / 100 for hundredths in range(1, 100)), at}
    return tuple(
        Step(
            threshold=threshold,
            found=int((reached := probability >= threshold)[happened].sum()),
            false_alarms=int(reached[~happened].sum()),
        )
        for threshold in sorted(thresholds, reverse=True)
    )


def histogram(judged: Outcomes, classes: Sequence[Label], positive: int = 1) -> Histogram:
    """How sure the answers are, apart for each of two classes, or for right and wrong."""
    probability, happened = _watched(judged, positive)
    edges = np.linspace(0, 1, _HISTOGRAM_BINS + 1)
    names = ("wrong", "right")
    if len(classes) == 2:
        names = str(classes[1 - positive]), str(classes[positive])
    return Histogram(
        edges=tuple(edges.tolist()),
        series=tuple(
            Series(
                name=name,
                counts=tuple(np.histogram(probability[happened == flag], edges)[0].tolist()),
            )
            for name, flag in zip(names, (False, True), strict=True)
        ),
    )


def _watched(judged: Outcomes, positive: int) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """A probability for each row, and whether what it speaks of came true."""
    if judged.classes == 2:
        return judged.scores[:, positive], judged.truth == positive
    return judged.scores.max(axis=1), judged.correct


def _curves(
    judged: Outcomes,
    classes: Sequence[Label],
    positive: int,
    points: Callable[[Any, Floats], tuple[Floats, Floats]],
    area: Callable[[Any, Floats], float],
) -> tuple[Curve, ...]:
    shown = [positive] if len(classes) == 2 else range(len(classes))
    curves = []
    for position in shown:
        truth, scores = judged.truth == position, judged.scores[:, position]
        if not 0 < truth.sum() < len(truth):
            continue  # a class that is not there has no curve
        x, y = points(truth, scores)
        kept = np.unique(np.linspace(0, len(x) - 1, min(_POINTS, len(x))).round().astype(int))
        curves.append(
            Curve(
                label=classes[position],
                area=float(area(truth, scores)),
                x=tuple(x[kept].tolist()),
                y=tuple(y[kept].tolist()),
            )
        )
    hardest = sorted(range(len(curves)), key=lambda i: (curves[i].area, i))[:_MOST_CURVES]
    return tuple(curves[i] for i in sorted(hardest))

"""How sure a metric is: intervals from resampled rows.

The percentile bootstrap of Efron (1979): rows are drawn with replacement, as many as there
are, the metric is computed for each resample, and the interval holds the middle 95% of them. A
resample is a row of weights, how often it has each row, so that a metric of all resamples is a few
matrix products.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from classification_model.evaluation.metrics import Outcomes
from classification_model.evaluation.report import Estimate
from classification_model.processing.arrays import Floats

__all__ = ["interval", "resampled", "resamples"]


_MOST, _FEWEST = 1000, 200
# Work is bounded: more rows than these many cells allow get fewer resamples, and need fewer.
_CELLS, _BLOCK = 100_000_000, 4_000_000


def resamples(rows: int, *, seed: int, classes: int = 2) -> Iterator[Floats]:
    """Blocks of resamples, each of shape ``(resamples, rows)``: how often a resample has each row."""
    count = min(_MOST, max(_FEWEST, _CELLS // (rows * classes)))
    size = max(1, _BLOCK // rows)
    random = np.random.default_rng(seed)
    for start in range(0, count, size):
        block = min(size, count - start)
        drawn = random.integers(0, rows, size=(block, rows))
        drawn += np.arange(block)[:, np.newaxis] * rows
        counts = np.bincount(drawn.ravel(), minlength=block * rows)
        yield counts.reshape(block, rows).astype(np.float64)


def resampled(judged: Outcomes, *, seed: int) -> dict[str, Floats]:
    """Every metric of every resample, by name: shape ``(resamples,)``, and ``(resamples, classes)`` for f1.

    A class that a resample lacks has no recall and no ROC AUC there, and the means leave it out;
    where nothing is left, and where a class has no F1, the value is NaN.
    """
    blocks = [
        _metrics(judged, weights)
        for weights in resamples(len(judged.truth), seed=seed, classes=judged.classes)
    ]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def interval(value: float, resampled: Floats) -> Estimate:
    """A metric's value on all rows with the middle 95% of its values on resamples."""
    known = resampled[~np.isnan(resampled)]
    if not len(known):
        return Estimate(value=value, low=value, high=value)
    low, high = np.quantile(known, [0.025, 0.975])
    return Estimate(value=value, low=float(low), high=float(high))


def _metrics(judged: Outcomes, weights: Floats) -> dict[str, Floats]:
    rows = len(judged.truth)
    means = weights @ np.column_stack([judged.correct, judged.losses, judged.squares]) / rows
    is_class = np.eye(judged.classes)[judged.truth]
    actual = weights @ is_class
    right = weights @ (is_class * judged.correct[:, np.newaxis])
    answered = weights @ np.eye(judged.classes)[judged.predicted]
    return {
        "accuracy": means[:, 0],
        "balanced_accuracy": _mean_of_known(_ratio(right, actual)),
        "roc_auc": _mean_of_known(_areas(judged, weights)),
        "log_loss": means[:, 1],
        "brier": means[:, 2],
        "f1": _ratio(2 * right, actual + answered),
    }


def _areas(judged: Outcomes, weights: Floats) -> Floats:
    """The ROC AUC of each class against the rest, shape ``(resamples, classes)``.

    It is the chance that a row of the class scores above another row, ties counting half
    (Hanley and McNeil 1982), so one sorting serves all resamples.
    """
    columns = [1] if judged.classes == 2 else range(judged.classes)
    return np.column_stack(
        [_area(judged.truth == k, judged.scores[:, k], weights) for k in columns]
    )


def _area(positive: npt.NDArray[np.bool_], scores: Floats, weights: Floats) -> Floats:
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    level = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    all_weights = weights[:, order]
    positives = np.add.reduceat(all_weights * positive[order], level, axis=1)
    negatives = np.add.reduceat(all_weights, level, axis=1) - positives
    below = np.cumsum(negatives, axis=1) - negatives / 2
    won = np.einsum("ij,ij->i", positives, below)
    return _ratio(won, positives.sum(axis=1) * negatives.sum(axis=1))


def _ratio(above: Floats, below: Floats) -> Floats:
    """A quotient, NaN where it would divide by zero."""
    missing: Floats = np.full(below.shape, np.nan)
    result: Floats = np.divide(above, below, out=missing, where=below > 0)
    return result


def _mean_of_known(values: Floats) -> Floats:
    return _ratio(np.nansum(values, axis=1), (~np.isnan(values)).sum(axis=1).astype(np.float64))

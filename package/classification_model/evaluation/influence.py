"""How sure a metric is where rows are many: intervals from the influence of each row.

The influence of a row is how far a metric moves when the row gets a little more weight; the
metric's variance is that of the influences over the number of rows (Hampel 1974; of the ROC AUC
it is the variance of DeLong et al. 1988). It takes one pass where resampling takes a thousand.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from classification_model.evaluation.metrics import Outcomes
from classification_model.evaluation.report import Estimate
from classification_model.processing.arrays import Floats

__all__ = ["influences", "interval"]


_NORMAL = 1.959964  # the 97.5% quantile of the normal distribution


def influences(judged: Outcomes) -> dict[str, Floats]:
    """The influence of each row on each metric: shape ``(rows,)``, and ``(rows, classes)`` for f1."""
    actual = np.eye(judged.classes)[judged.truth]
    answered = np.eye(judged.classes)[judged.predicted]
    right = actual * answered
    there = actual.mean(axis=0) > 0
    recalls = right[:, there].mean(axis=0) / actual[:, there].mean(axis=0)
    of_recalls = (right[:, there] - actual[:, there] * recalls) / actual[:, there].mean(axis=0)
    columns = [1] if judged.classes == 2 else np.flatnonzero(there & (actual.mean(axis=0) < 1))
    of_areas = [_of_area(judged.truth == k, judged.scores[:, k]) for k in columns]
    return {
        "accuracy": judged.correct - judged.correct.mean(),
        "balanced_accuracy": of_recalls.mean(axis=1),
        "roc_auc": np.mean(of_areas, axis=0),
        "log_loss": judged.losses - judged.losses.mean(),
        "brier": judged.squares - judged.squares.mean(),
        "f1": _of_quotients(2 * right, actual + answered),
    }


def interval(value: float, found: Floats) -> Estimate:
    """A metric's value with its 95% interval, from the influence of each row."""
    half = float(_NORMAL * found.std() / np.sqrt(len(found)))
    return Estimate(value=value, low=max(value - half, 0.0), high=value + half)


def _of_quotients(above: Floats, below: Floats) -> Floats:
    """Of the quotient of the means of two columns; nothing moves one of which nothing is known."""
    whole = below.mean(axis=0)
    known = np.where(whole > 0, whole, 1.0)
    quotients = above.mean(axis=0) / known
    moved: Floats = (above - below * quotients) / known
    return moved


def _of_area(positive: npt.NDArray[np.bool_], scores: Floats) -> Floats:
    """Of the chance that a row of the class scores above another, ties counting half."""
    count, others = int(positive.sum()), int((~positive).sum())
    if not count or not others:
        return np.zeros(len(scores))
    ranks = rankdata(scores)
    below = np.empty(len(scores))
    below[positive] = (ranks[positive] - rankdata(scores[positive])) / others
    below[~positive] = 1 - (ranks[~positive] - rankdata(scores[~positive])) / count
    area = below[positive].mean()
    shares = np.where(positive, count, others) / len(scores)
    moved: Floats = (below - area) / shares
    return moved

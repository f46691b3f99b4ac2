"""How good the answers are that a decision gives, on held-out rows."""

from __future__ import annotations

import numpy as np

from classification_model.config.schema import FrozenModel
from classification_model.evaluation.metrics import Outcomes
from classification_model.processing.arrays import Floats, Mask
from classification_model.processing.decisions import Decision, likeliest_of_rows

__all__ = ["Decided", "decided"]


class Decided(FrozenModel):
    """What is said of a decision: of two classes, and of costs, where there are any.

    ``precision`` is the share of the rows answered as positive that are, ``recall`` the share of
    the positive ones that are so answered; ``None`` where there are no such rows. ``cost`` is that
    of a row on average, and ``cost_of_likeliest`` what answering the most probable class costs.
    """

    precision: float | None = None
    recall: float | None = None
    cost: float | None = None
    cost_of_likeliest: float | None = None


def decided(judged: Outcomes, decision: Decision | None) -> Decided | None:
    """Judge what was answered by a decision."""
    if decision is None:
        return None
    precision = recall = None
    if decision.positive is not None:
        right = (judged.truth == decision.positive) & (judged.predicted == decision.positive)
        precision = _share(right, judged.predicted == decision.positive)
        recall = _share(right, judged.truth == decision.positive)
    if decision.costs is None:
        return Decided(precision=precision, recall=recall)
    likeliest = likeliest_of_rows(judged.scores)
    return Decided(
        precision=precision,
        recall=recall,
        cost=_mean(decision.cost(judged.truth, judged.predicted)),
        cost_of_likeliest=_mean(decision.cost(judged.truth, likeliest)),
    )


def _share(part: Mask, whole: Mask) -> float | None:
    return _mean(part[whole].astype(np.float64)) if whole.any() else None


def _mean(values: Floats) -> float:
    return float(f"{values.mean():.9g}")

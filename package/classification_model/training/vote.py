"""From the answers of candidates to weights: who is in the blend, and how sure it is.

Greedy ensemble selection from out-of-fold answers (Caruana et al., "Ensemble selection from
libraries of models", ICML 2004), on margins in the place of probabilities.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from scipy.optimize import minimize_scalar

from classification_model.processing.arrays import Floats
from classification_model.training.walk import Positions, Scores, log_losses

__all__ = ["Metric", "greedy", "temperature"]

Metric = Callable[[Positions, Scores], float]
"""From classes and margins to what is to be lowered."""

_ROUNDS = 20
_MOST_MEMBERS = 4
# Below this relative gain the simpler model is kept: it is within what chance gives.
_GAIN = 0.002
_SHARPEST, _SOFTEST = 0.7, 3.0


def greedy(
    truth: Positions,
    margins: Mapping[str, Scores],
    metric: Metric,
    sizes: Mapping[str, float],
    largest: float,
) -> Counter[str]:
    """How often each candidate is in the vote.

    Begin with the best; again and again add the one that helps the mean most, also one that
    is in already, until none does.

    Args:
        truth: classes of the answered rows.
        margins: answers of each candidate.
        metric: what is lowered.
        sizes: what each candidate costs, in bytes or time.
        largest: what all of them may cost.
    """
    losses = {name: metric(truth, scores) for name, scores in margins.items()}
    best = min(losses, key=lambda name: losses[name])
    weights, total, loss = Counter([best]), margins[best].copy(), losses[best]
    for size in range(2, _ROUNDS + 1):
        room = largest - sum(sizes[name] for name in weights)
        allowed = [
            name
            for name in margins
            if name in weights or (len(weights) < _MOST_MEMBERS and sizes[name] <= room)
        ]
        tried = {name: metric(truth, (total + margins[name]) / size) for name in allowed}
        name = min(tried, key=lambda name: tried[name])
        if tried[name] >= loss:
            break
        weights[name] += 1
        total, loss = total + margins[name], tried[name]
    if loss > losses[best] - _GAIN * abs(losses[best]):
        return Counter([best])
    return weights


def temperature(truth: Positions, margins: Scores, weights: Floats | None = None) -> float:
    """What margins are to be divided by, so that the answers are as sure as they are right.

    The likeliest one, if one row more had been answered wrongly: a small table on which all
    goes well does not say that nothing ever goes wrong.
    """
    wrong = _runner_up(margins)
    rows = len(truth)

    def loss(logarithm: float) -> float:
        scaled = margins / np.exp(logarithm)
        wrongly, rightly = (
            np.average(log_losses(answer, scaled), weights=weights) for answer in (wrong, truth)
        )
        return float(rightly * rows / (rows + 1) + wrongly / (rows + 1))

    bounds = (np.log(_SHARPEST), np.log(_SOFTEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-3})
    return round(float(np.exp(found.x)), 3)


def _runner_up(margins: Scores) -> Positions:
    if margins.shape[1] == 1:
        runner_up: Positions = (margins[:, 0] <= 0).astype(np.intp)
        return runner_up
    return np.argsort(margins, axis=1, kind="stable")[:, -2]

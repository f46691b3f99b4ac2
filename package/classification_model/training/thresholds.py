"""Choose the threshold of two classes from answers that were given out of fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classification_model.config.core import Config
from classification_model.evaluation.bootstrap import resamples
from classification_model.processing.arrays import Floats
from classification_model.processing.decisions import Costs, Decision, costs_of
from classification_model.processing.labels import positive_label
from classification_model.progress import Progress
from classification_model.training.recipes import Contestant

__all__ = ["Counts", "decided", "threshold"]

Objective = Callable[["Counts"], Floats]
"""What is to be high, for each threshold."""


def _thresholds() -> Floats:
    """A thousandth apart, and finer at both ends, where rare classes have theirs."""
    fine = np.arange(1, 1000) / 1e5
    found = np.round(np.concatenate([fine, np.arange(10, 991) / 1e3, 1 - fine]), 5)
    return np.unique(found)


THRESHOLDS = _thresholds()


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by truth and answer for each threshold; the last axis is that of the thresholds."""

    true_positive: Floats
    false_positive: Floats
    positive: Floats
    negative: Floats

    @property
    def false_negative(self) -> Floats:
        return self.positive - self.true_positive

    @property
    def precision(self) -> Floats:
        return _ratio(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> Floats:
        return _ratio(self.true_positive, self.positive)


def decided(contestant: Contestant, progress: Progress) -> Decision | None:
    """How a recipe answers, by what config.yml says, or nothing where it says nothing.

    Raises:
        ConfigError: what it says does not fit the classes.
    """
    config, classes = contestant.config, contestant.classes
    rule = config.decision
    if rule is None:
        return None
    positive = positive_label(config.positive, classes)
    costs = costs_of(rule, classes, positive)
    if positive is None:
        return Decision(rule=rule, costs=costs)
    of = classes.index(positive)
    if rule.threshold is not None:
        return Decision(rule=rule, threshold=rule.threshold, positive=of)
    progress.say("Choosing the threshold by answers out of fold")
    answers = contestant.out_of_fold
    chosen, low, high = threshold(
        answers.truth == of,
        answers.scores[:, of],
        _objective(config, costs, of),
        seed=config.random_state,
    )
    progress.say(f"The threshold of {positive!r} is {chosen:g} ({low:g} to {high:g})")
    return Decision(rule=rule, threshold=chosen, low=low, high=high, positive=of, costs=costs)


def threshold(
    truth: npt.NDArray[np.bool_],
    scores: npt.NDArray[np.floating],
    objective: Objective,
    *,
    seed: int,
) -> tuple[float, float, float]:
    """The best threshold, and the middle 95% of those of resamples.

    Where several are as good it is the one in their middle.

    Args:
        truth: whether each row is positive.
        scores: the probability that it is.
        objective: see :data:`Objective`.
        seed: of the resamples.
    """
    # How many thresholds each row reaches, in float64 as they are compared when it is answered.
    reached = np.searchsorted(THRESHOLDS, scores.astype(np.float64), side="right")
    best = _best(objective(_counts(truth, reached, np.ones((1, len(truth))))))
    drawn = [
        _best(objective(_counts(truth, reached, weights)))
        for weights in resamples(len(truth), seed=seed, classes=2)
    ]
    low, high = np.quantile(np.concatenate(drawn), [0.025, 0.975])
    return float(best[0]), round(float(low), 5), round(float(high), 5)


def _counts(truth: npt.NDArray[np.bool_], reached: npt.NDArray[np.intp], weights: Floats) -> Counts:
    return Counts(
        true_positive=_reaching(reached[truth], weights[:, truth]),
        false_positive=_reaching(reached[~truth], weights[:, ~truth]),
        positive=weights[:, truth].sum(axis=1, keepdims=True),
        negative=weights[:, ~truth].sum(axis=1, keepdims=True),
    )


def _reaching(reached: npt.NDArray[np.intp], weights: Floats) -> Floats:
    """The weight of rows that reach each threshold, shape ``(draws, thresholds)``."""
    size = len(THRESHOLDS) + 1
    by_step = np.array([np.bincount(reached, row, size) for row in weights])
    return by_step[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]


def _best(objective: Floats) -> Floats:
    """For each row the threshold in the middle of those that are best."""
    found = []
    for row in objective:
        best = np.flatnonzero(row >= row.max() - 1e-12)
        found.append(THRESHOLDS[best[len(best) // 2]])
    return np.array(found)


def _objective(config: Config, costs: Costs | None, positive: int) -> Objective:
    rule = config.decision
    if costs is not None:
        of_positive, of_negative = costs[1 - positive][positive], costs[positive][1 - positive]
        return lambda n: -(n.false_positive * of_positive + n.false_negative * of_negative)
    if rule is not None and rule.precision is not None:
        least = rule.precision
        # Where none is precise enough, the most precise one.
        return lambda n: np.where(n.precision >= least, n.recall, n.precision - 2)
    if rule is not None and rule.maximise == "f1":
        return lambda n: _ratio(
            2 * n.true_positive, n.positive + n.true_positive + n.false_positive
        )
    return lambda n: n.recall + _ratio(n.negative - n.false_positive, n.negative)


def _ratio(part: Floats, whole: Floats) -> Floats:
    return np.divide(part, whole, out=np.zeros(np.broadcast(part, whole).shape), where=whole > 0)

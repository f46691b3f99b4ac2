"""From probabilities to the class that is answered: one definition for every road."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classification_model.config.decision import FALSE_NEGATIVE, FALSE_POSITIVE, DecisionRule
from classification_model.config.schema import FrozenModel, Label
from classification_model.errors import ConfigError

__all__ = [
    "ABSTAINED",
    "Answering",
    "Decision",
    "check_abstaining",
    "costs_of",
    "likeliest",
    "likeliest_of_rows",
]

ABSTAINED = -1
"""In the place of a class: none is answered."""

Places = npt.NDArray[np.intp]
Costs = tuple[tuple[float, ...], ...]


def likeliest(shares: Sequence[float]) -> int:
    """The position of the highest probability, the first where two are level."""
    return shares.index(max(shares))


def likeliest_of_rows(shares: npt.NDArray[np.floating]) -> Places:
    """The same for each row of shape ``(rows, classes)``."""
    found: Places = shares.argmax(axis=1)
    return found


class Decision(FrozenModel):
    """How a model answers with one class. It is data: the manifest holds it, and so does the pickle.

    Two classes have a ``threshold``: the class at ``positive`` is answered from that probability
    on. ``low`` and ``high`` are where the middle 95% of resamples of the training rows put it,
    where it was chosen. More classes have the answer that is expected to cost least. ``costs``
    has a row for each true class and a column for each answer.
    """

    rule: DecisionRule
    threshold: float | None = None
    low: float | None = None
    high: float | None = None
    positive: int | None = None
    costs: Costs | None = None

    def of_row(self, shares: Sequence[float]) -> int:
        """The position of the class that is answered."""
        if self.positive is not None and self.threshold is not None:
            return self.positive if shares[self.positive] >= self.threshold else 1 - self.positive
        expected = [0.0] * len(shares)
        for share, costs in zip(shares, self.costs or (), strict=True):
            expected = [sum_ + share * cost for sum_, cost in zip(expected, costs, strict=True)]
        return expected.index(min(expected))

    def of_rows(self, shares: npt.NDArray[np.floating]) -> Places:
        """The same for each row of shape ``(rows, classes)``, to the bit."""
        exact = shares.astype(np.float64)  # float32 would round the threshold
        if self.positive is not None and self.threshold is not None:
            reached = exact[:, self.positive] >= self.threshold
            return np.where(reached, self.positive, 1 - self.positive).astype(np.intp)
        expected = np.zeros_like(exact)
        for share, costs in zip(exact.T, self.costs or (), strict=True):
            expected += share[:, np.newaxis] * np.array(costs)
        found: Places = expected.argmin(axis=1)
        return found

    def cost(self, truth: Places, answered: Places) -> npt.NDArray[np.float64]:
        """What each answer costs; nothing where no costs are known."""
        known = np.array(self.costs) if self.costs else np.zeros((1, 1))
        return known[truth, answered] if self.costs else np.zeros(len(truth))


@dataclass(frozen=True, slots=True)
class Answering:
    """From a row's probabilities to its answer: a class, or none where the model is not sure.

    No class is answered where none has the probability ``abstain_below`` (Chow 1970, "On optimum
    recognition error and reject tradeoff"); else ``decision`` says which, and without one it is
    the most probable one.
    """

    decision: Decision | None = None
    abstain_below: float | None = None

    def of_row(self, shares: Sequence[float]) -> int:
        """The position of the class that is answered, or :data:`ABSTAINED`."""
        if self.abstain_below is not None and max(shares) < self.abstain_below:
            return ABSTAINED
        return likeliest(shares) if self.decision is None else self.decision.of_row(shares)

    def of_rows(self, shares: npt.NDArray[np.floating]) -> Places:
        """The same for each row of shape ``(rows, classes)``, to the bit."""
        decision = self.decision
        found = likeliest_of_rows(shares) if decision is None else decision.of_rows(shares)
        return np.where(self.abstains(shares), ABSTAINED, found).astype(np.intp)

    def abstains(self, shares: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
        """Whether each row gets no class."""
        if self.abstain_below is None:
            return np.zeros(len(shares), np.bool_)
        unsure: npt.NDArray[np.bool_] = shares.max(axis=1).astype(np.float64) < self.abstain_below
        return unsure


def check_abstaining(below: float | None, classes: int) -> None:
    """Raises ConfigError: the most probable of so many classes is never less probable."""
    if below is not None and below <= 1 / classes:
        raise ConfigError(
            f"abstain_below: the most probable of {classes} classes has {1 / classes:.3g} at "
            f"least, so nothing is ever below {below:g}; say more than that, or drop it"
        )


def costs_of(rule: DecisionRule, classes: Sequence[Label], positive: Label | None) -> Costs | None:
    """The matrix of costs that a rule means for these classes, if it names costs.

    Raises:
        ConfigError: the rule does not fit the classes.
    """
    names = [str(label) for label in classes]
    if rule.costs is None:
        if positive is None:
            raise ConfigError(
                f"decision: a threshold is for two classes, and there are {len(names)}; give "
                "costs, or drop decision"
            )
        return None
    flat = {key: value for key, value in rule.costs.items() if isinstance(value, float)}
    by_truth = {key: value for key, value in rule.costs.items() if isinstance(value, Mapping)}
    costs = _of_two(flat, by_truth, names, positive) if flat else _of_all(by_truth, names)
    if not any(cost for row in costs for cost in row):
        raise ConfigError("decision: costs are all 0: say what a mistake costs")
    return costs


def _of_two(
    flat: Mapping[str, float],
    others: Mapping[str, object],
    names: list[str],
    positive: Label | None,
) -> Costs:
    if positive is None:
        raise ConfigError(
            f"decision: false_positive and false_negative are for two classes, and there are "
            f"{len(names)}; write, below costs, for each true class what each other answer costs"
        )
    if others or flat.keys() != {FALSE_POSITIVE, FALSE_NEGATIVE}:
        found = ", ".join(map(repr, [*flat, *others]))
        raise ConfigError(f"decision: costs are false_positive and false_negative, found {found}")
    place = names.index(str(positive))
    costs = [[0.0, 0.0], [0.0, 0.0]]
    costs[1 - place][place] = flat[FALSE_POSITIVE]
    costs[place][1 - place] = flat[FALSE_NEGATIVE]
    return tuple(map(tuple, costs))


def _of_all(by_truth: Mapping[str, Mapping[str, float]], names: list[str]) -> Costs:
    for truth in by_truth:
        if truth not in names:
            raise _unknown("costs", truth, names)
    for truth in names:
        given = by_truth.get(truth, {})
        for answer in given:
            if answer not in names:
                raise _unknown(f"costs of {truth!r}", answer, names)
        if missing := [answer for answer in names if answer != truth and answer not in given]:
            raise ConfigError(
                f"decision: costs of {truth!r} lack {', '.join(map(repr, missing))}: say what "
                "each wrong answer costs, 0 where it costs nothing"
            )
        if given.get(truth):
            raise ConfigError(f"decision: costs: the right answer, {truth!r}, costs nothing")
    return tuple(tuple(by_truth[truth].get(answer, 0.0) for answer in names) for truth in names)


def _unknown(where: str, name: str, names: list[str]) -> ConfigError:
    known = ", ".join(map(repr, names[:10]))
    return ConfigError(f"decision: {where}: {name!r} is no class of the table; there are {known}")

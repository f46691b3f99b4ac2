"""The state of a search: the table, its folds, what candidates answered, and their sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import joblib
import numpy as np

from classification_model.config.schema import EstimatorConfig
from classification_model.learners import cost
from classification_model.processing.arrays import Matrix
from classification_model.processing.splitting import Fold, Units, folds
from classification_model.training.walk import (
    POSITION,
    Path,
    Positions,
    Scores,
    Table,
    log_losses,
    shared,
    walk,
)

__all__ = ["Search", "divided", "rounded"]

# Rows times columns times trees in a round, up to which five folds or three are worth it.
_FIVE_FOLDS, _THREE_FOLDS = 120_000, 1_200_000
_SMALL, _TWICE = 3_000, 1_500
_HELD_OUT = 50_000
_MOST_ROUNDS = 1_500
# The share of the time that one member may take, so that others can stand beside it.
_ALONE = 0.6
# Bytes of a node in all files of a bundle, and of a weight.
_NODE, _WEIGHT = 65, 8


@dataclass
class Search:
    """A table and what candidates answered out of fold.

    Attributes:
        table: the rows.
        matrices: those of the table as each fold may see them.
        repeats: the folds of each division.
        largest: the bytes that a model may have.
        longest: about the seconds of one core that its fit on the table may take.
        configs: the candidates that were compared, with the work that was best for each.
        margins: what each answered, all folds of all divisions one after another.
        losses: the log loss of that.
        ended: whether the clock ended a walk.
    """

    table: Table
    matrices: Sequence[Matrix]
    repeats: Sequence[Sequence[Fold]]
    largest: float
    longest: float
    configs: dict[str, EstimatorConfig] = field(default_factory=dict)
    margins: dict[str, Scores] = field(default_factory=dict)
    losses: dict[str, float] = field(default_factory=dict)
    ended: bool = False

    def __post_init__(self) -> None:
        self.classes = int(self.table.target.max()) + 1
        self.width_of_margins = self.classes if self.classes > 2 else 1
        self.folds = [fold for repeat in self.repeats for fold in repeat]
        answered = np.concatenate([test for _, test in self.folds])
        self.truth = self.table.target[answered]
        self.weights = self.table.weighed(answered)
        rows = [sum(len(test) for _, test in repeat) for repeat in self.repeats]
        self.repeat = np.repeat(np.arange(len(rows)), rows)

    def walk(
        self,
        config: EstimatorConfig,
        number: int,
        fold: Fold,
        deadline: float,
        *,
        at_least: int = 0,
    ) -> Any:
        """One walk, for a worker to do; ``fold`` are rows of the fold with the number."""
        table = replace(self.table, matrix=self.matrices[number])
        return joblib.delayed(walk)(
            config, table, fold,
            deadline=deadline, furthest=self._furthest(config), at_least=at_least,
        )  # fmt: skip

    def keep(self, name: str, config: EstimatorConfig, paths: Sequence[Path]) -> bool:
        """Note a candidate at the position where it is best, if every fold has an answer."""
        self.ended |= any(path.ended for path in paths)
        found = shared(paths, [len(test) for _, test in self.folds])
        if found is None:
            return False
        position, self.margins[name] = found
        reached = position if config.name == "linear" else int(position)
        parameters = {**config.parameters, POSITION[config.name]: reached}
        self.configs[name] = config.model_copy(update={"parameters": parameters})
        self.losses[name] = self.mean_loss(self.margins[name])
        return True

    def mean_loss(self, margins: Scores) -> float:
        """The log loss of answers to all folds, where a row counts what it does in fitting."""
        return rounded(np.average(log_losses(self.truth, margins), weights=self.weights))

    def shares(self) -> dict[str, float]:
        """How much of the bytes and of the time that a model may take each candidate needs."""
        return {
            name: max(self._size(one) / self.largest, self._seconds(one) / self.longest)
            for name, one in self.configs.items()
        }

    def _furthest(self, config: EstimatorConfig) -> float:
        """The position that a model may reach; every strength of a linear one costs the same."""
        if config.name == "linear":
            return np.inf
        one, two = (_at(config, step) for step in (1, 2))
        first, each = self._seconds(one), self._seconds(two) - self._seconds(one)
        limits = [_MOST_ROUNDS, 1 + (_ALONE * self.longest - first) / each]
        if config.name == "lightgbm":
            limits.append(self.largest / self._size(one))
        return max(1.0, min(limits))

    def _seconds(self, config: EstimatorConfig) -> float:
        matrix, trees = self.table.matrix, config.name == "lightgbm"
        return cost.seconds(
            config.name, config.parameters, rows=len(matrix),
            columns=matrix.shape[1] if trees else self._width(), margins=self.width_of_margins,
        )  # fmt: skip

    def _size(self, config: EstimatorConfig) -> float:
        """About how many bytes it has at most."""
        given, margins = config.parameters, self.width_of_margins
        if config.name == "lightgbm":
            bound = len(self.table.target) // given.get("min_data_in_leaf", 20)
            leaves = min(given.get("num_leaves", 31), max(1, bound))
            return float(_NODE * (2 * leaves - 1) * margins * given["rounds"])
        if config.name == "linear":
            return float(_WEIGHT * self._width() * margins)
        hidden, layers = given["hidden"], given["layers"]
        return float(_WEIGHT * hidden * (self._width() + hidden * (layers - 1) + margins))

    def _width(self) -> int:
        """The columns of a linear model or network: one for each category."""
        matrix = self.table.matrix
        codes = (np.nanmax(matrix[:, i], initial=0) + 2 for i in self.table.categories)
        return int(matrix.shape[1] + sum(codes))


def _at(config: EstimatorConfig, position: int) -> EstimatorConfig:
    """A candidate that stops there."""
    parameters = {**config.parameters, POSITION[config.name]: position}
    return config.model_copy(update={"parameters": parameters})


def divided(units: Units, target: Positions, cost: int) -> list[list[Fold]]:
    """Five folds where they are cheap, twice where rows are few; one of five where they are not."""
    rows = len(target)
    few = cost <= _FIVE_FOLDS or rows <= _SMALL
    once = not few and cost > _THREE_FOLDS
    parts = [
        folds(units, target.tolist(), count=5 if few or once else 3, repeat=repeat)
        for repeat in range(2 if rows <= _TWICE and not units.by_time else 1)
    ]
    if not once:
        return parts
    train, test = parts[0][-1]  # by time, the newest
    draw = np.random.default_rng(0)
    return [[(train, np.sort(draw.permutation(test)[:_HELD_OUT]))]]


def rounded(loss: float) -> float:
    """To nine digits: what is beyond depends on how many threads a machine adds up with."""
    return round(float(loss), 9)

"""Fit the members of a blend beside each other, and tell how far they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from classification_model.learners import boosting, cost, networks
from classification_model.learners.networks import Layers
from classification_model.learners.trees import Trees
from classification_model.processing.arrays import Matrix

__all__ = ["MEMBERS", "Member", "Rows", "Told", "fit"]

MEMBERS: Mapping[str, Mapping[str, Any]] = {
    "lightgbm": boosting.DEFAULTS,
    "linear": networks.LINEAR_DEFAULTS,
    "network": networks.NETWORK_DEFAULTS,
}
"""What a blend may be made of, with the parameters of each."""

Member = tuple[str, float, Mapping[str, Any]]
"""A name out of :data:`MEMBERS`, a weight, and parameters that differ from the defaults.

``bags`` among the parameters is a number of fits with other seeds, whose mean is taken.
"""

Told = Callable[[float], None]
"""Is called with the share of all work that is done."""

# Enough cells for a second thread of a single fit to pay.
_THREADED = 2_000_000

_STEPS: Mapping[str, str] = {"lightgbm": "rounds", "network": "epochs"}


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Training rows as each kind of member reads them.

    Attributes:
        coded: for trees, shape ``(rows, features)``.
        native: the columns of it that hold codes.
        prepared: for layers, shape ``(rows, columns)``.
        target: the class of each row, from 0 up.
        min_rows: the fewest rows of a leaf.
        weights: what each row counts, where rows count differently.
    """

    coded: Matrix
    native: Sequence[int]
    prepared: Matrix
    target: npt.NDArray[np.intp]
    min_rows: int
    weights: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class _Fit:
    """One fit of a member, and a share of its weight."""

    name: str
    weight: float
    parameters: Mapping[str, Any]
    seed: int

    def seconds(self, rows: Rows) -> float:
        matrix = rows.coded if self.name == "lightgbm" else rows.prepared
        classes = int(rows.target.max()) + 1
        return cost.seconds(
            self.name, self.parameters, rows=len(matrix), columns=matrix.shape[1],
            margins=classes if classes > 2 else 1,
        )  # fmt: skip

    def made(self, rows: Rows, threads: int, told: Callable[[], None]) -> Trees | Layers:
        """The fitted part; ``told`` is called after each step."""
        if self.name == "lightgbm":
            trees = boosting.fit(
                rows.coded, rows.target, categories=rows.native, parameters=self.parameters,
                seed=self.seed, min_rows=rows.min_rows, weights=rows.weights, threads=threads,
                told=told,
            )  # fmt: skip
            return trees.scaled(self.weight)
        if self.name == "linear":
            layers = networks.fit_linear(rows.prepared, rows.target, self.parameters, rows.weights)
            told()
        else:
            layers = networks.fit_network(
                rows.prepared, rows.target, parameters=self.parameters, seed=self.seed,
                weights=rows.weights, told=told,
            )  # fmt: skip
        return layers.scaled(self.weight)

    def steps(self) -> int:
        """How often its ``told`` is called."""
        name = _STEPS.get(self.name)
        return int({**MEMBERS[self.name], **self.parameters}[name]) if name else 1


def fit(members: Sequence[Member], rows: Rows, seed: int, told: Told) -> list[Trees | Layers]:
    """The fitted parts, in the order of the members.

    Each keeps to one thread where there are as many as cores, and the parts are the same anyhow.
    """
    fits = [*_fits(members, seed)]
    threads = 1
    if rows.coded.size > _THREADED:
        threads = max(1, joblib.cpu_count() // len(fits))
    ticks = _ticks([one.seconds(rows) for one in fits], [one.steps() for one in fits], told)
    with threadpool_limits(limits=1):
        found: list[Trees | Layers] = joblib.Parallel(n_jobs=-1, prefer="threads")(
            joblib.delayed(one.made)(rows, threads, tick)
            for one, tick in zip(fits, ticks, strict=True)
        )
    return found


def _fits(members: Sequence[Member], seed: int) -> Iterator[_Fit]:
    for name, weight, given in members:
        parameters = dict(given)
        bags = parameters.pop("bags", 1)
        for bag in range(bags):
            yield _Fit(name, weight / bags, parameters, seed + bag)


def _ticks(seconds: Sequence[float], steps: Sequence[int], told: Told) -> list[Callable[[], None]]:
    """For each fit what its steps are to call, on whatever thread."""
    lock, total, done = Lock(), sum(seconds), [0.0]

    def tick(share: float) -> None:
        with lock:
            done[0] += share
            told(done[0])

    return [partial(tick, s / total / n) for s, n in zip(seconds, steps, strict=True)]

"""Choose a blend of boosted trees, linear models and networks for a table of any size.

Candidates are walked step by step on held-out folds, the strong ones first. Shapes of boosted
trees are first tried on a share of the rows, and the better ones on all (successive halving:
Jamieson and Talwalkar, AISTATS 2016). What was answered out of fold decides on the work each
gets, on the vote and on the temperature; nothing is fitted again for that.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing import resource_tracker

import joblib
import numpy as np

from classification_model.bundle.provenance import Choice, Compared
from classification_model.config.schema import EstimatorConfig
from classification_model.pipeline import categorical_columns
from classification_model.processing.features import Feature, Matrix
from classification_model.processing.splitting import Fold, Units, folds, row_units
from classification_model.training import vote
from classification_model.training.candidates import bags, candidates
from classification_model.training.metric import metric_named
from classification_model.training.walk import (
    POSITION,
    Path,
    Positions,
    Scores,
    log_losses,
    shared,
    walk,
)

__all__ = ["candidates", "choose"]

# Rows times columns times trees in a round, up to which five folds or three are worth it.
_FIVE_FOLDS, _THREE_FOLDS = 300_000, 1_200_000
_SMALL, _TWICE = 3_000, 1_500
_HELD_OUT = 50_000
# How many shapes of boosted trees come to the last round, and the share of rows of the first.
_FINALISTS = 5
_FIRST_SHARE = 0.3
_SCREENING = 0.4  # of the time
# Bytes of a node in both files, and of a weight.
_NODE, _WEIGHT = 110, 8


@dataclass
class _Search:
    """The table, how it is divided, and what has been found so far."""

    matrix: Matrix
    matrices: Sequence[Matrix]
    target: Positions
    categories: Sequence[int]
    repeats: Sequence[Sequence[Fold]]
    seed: int
    min_rows: int
    deadline: float
    largest: float
    classes: int
    bags: int
    configs: dict[str, EstimatorConfig] = field(default_factory=dict)
    margins: dict[str, Scores] = field(default_factory=dict)
    ended: bool = False

    @property
    def folds(self) -> list[Fold]:
        return [fold for repeat in self.repeats for fold in repeat]

    @property
    def truth(self) -> Positions:
        return self.target[np.concatenate([test for _, test in self.folds])]

    def walk(
        self, config: EstimatorConfig, number: int, fold: Fold, deadline: float, at_least: int = 0
    ) -> object:
        """One walk, to be done by a worker; ``fold`` are rows of the fold with the number."""
        train, test = fold
        return joblib.delayed(walk)(
            config, self.matrices[number], self.target, train, test, categories=self.categories,
            min_rows=self.min_rows, seed=self.seed, deadline=deadline,
            furthest=self.furthest(config), at_least=at_least,
        )  # fmt: skip

    def furthest(self, config: EstimatorConfig) -> float:
        """The rounds that fit into the bundle."""
        if config.name != "lightgbm":
            return np.inf
        return max(1.0, self.largest / self.size(config, rounds=1.0, bags=1))

    def size(self, config: EstimatorConfig, *, rounds: float, bags: int) -> float:
        """About how many bytes a fitted candidate has at most."""
        if config.name != "lightgbm":
            return float(_WEIGHT * self._weights(config) * bags)
        leaves = min(config.parameters.get("num_leaves", 31), len(self.target) // self.min_rows)
        trees = self.classes if self.classes > 2 else 1
        return _NODE * (2 * leaves - 1) * trees * rounds * bags

    def _weights(self, config: EstimatorConfig) -> int:
        codes = (np.nanmax(self.matrix[:, i], initial=0) + 2 for i in self.categories)
        width = self.matrix.shape[1] + int(sum(codes))
        if config.name == "linear":
            return width * self.classes
        hidden, layers = config.parameters["hidden"], config.parameters["layers"]
        return int(hidden * (width + hidden * (layers - 1) + self.classes))

    def keep(self, name: str, config: EstimatorConfig, paths: Sequence[Path]) -> float | None:
        """Note a candidate at the position where it is best, and give its log loss."""
        self.ended |= any(path.ended for path in paths)
        found = shared(paths, [len(test) for _, test in self.folds])
        if found is None:
            return None
        position, self.margins[name] = found
        reached = int(position) if config.name != "linear" else position
        parameters = {**config.parameters, POSITION[config.name]: reached}
        self.configs[name] = config.model_copy(update={"parameters": parameters})
        return _rounded(log_losses(self.truth, self.margins[name]).mean())


def choose(
    matrix: Matrix,
    labels: Sequence[object],
    plan: Sequence[Feature],
    *,
    seed: int,
    time_budget: float,
    units: Units | None = None,
    of_folds: Callable[[Sequence[Fold]], Sequence[Matrix]] | None = None,
    metric: str = "log_loss",
    min_rows: int = 5,
    max_model_mb: float = 20,
    began: Callable[[int, int, str], None] = lambda *_: None,
    progress: Callable[[int, int, str, float], None] = lambda *_: None,
) -> Choice:
    """Compare the candidates and choose a blend of some.

    Args:
        matrix: encoded training rows, shape ``(rows, features)``.
        labels: their classes.
        plan: the features, in the order of the matrix's columns.
        seed: of every candidate.
        time_budget: seconds; what runs when they end is ended, and what it reached counts.
        units: what no fold divides, and whether folds look forward; without them each row.
        of_folds: the matrix of all rows for each fold, where what is learned from labels is in it;
            by default ``matrix``.
        metric: what the vote lowers: ``log_loss``, ``roc_auc``, ``f1``, ``balanced_accuracy``.
        min_rows: the fewest rows that a leaf, a bound or a category's column stands for.
        max_model_mb: megabytes that the model's files may have.
        began: told how many of how many are done, and the name of the next.
        progress: told how many of how many are done, the newest, and its log loss.
    """
    start = time.time()
    classes, target = np.unique([str(label) for label in labels], return_inverse=True)
    cost = matrix.size * (len(classes) if len(classes) > 2 else 1)
    repeats = _repeats(units or row_units(len(target), seed), target, cost)
    parts = [fold for repeat in repeats for fold in repeat]
    search = _Search(
        matrix, of_folds(parts) if of_folds else [matrix] * len(parts), target,
        categorical_columns(plan), repeats,
        seed, min_rows, start + time_budget, max_model_mb * 0.8e6, len(classes),
        bags(len(target)),
    )  # fmt: skip
    available = candidates(len(target), plan, len(classes))
    losses: dict[str, float] = {}
    with joblib.Parallel(n_jobs=-1, return_as="generator") as parallel:
        _start_workers(parallel)
        first, *_ = available
        screened = [n for n, c in available.items() if c.name == "lightgbm" and n != first]
        early = [name for name in available if name not in screened]
        total = len(early) + _FINALISTS
        for names in (early, None):
            if names is None:
                began(len(losses), total, f"{len(screened)} shapes of boosted trees")
                names = _finalists(parallel, search, {n: available[n] for n in screened})
            for name, paths in _walked(parallel, search, {n: available[n] for n in names}, first):
                loss = search.keep(name, available[name], paths)
                if loss is not None:
                    losses[name] = loss
                    progress(len(losses), total, name, loss)
    return _chosen(search, losses, metric)


def _walked(
    parallel: joblib.Parallel,
    search: _Search,
    named: dict[str, EstimatorConfig],
    first: str,
) -> Iterable[tuple[str, list[Path]]]:
    """Each candidate with its walks on all folds, as they are done."""
    found = parallel(
        search.walk(config, number, fold, search.deadline, at_least=1 if name == first else 0)
        for name, config in named.items()
        for number, fold in enumerate(search.folds)
    )
    for name in named:
        yield name, [next(found) for _ in search.folds]
    next(found, None)  # so that it ends by itself, and warns of nothing


def _finalists(
    parallel: joblib.Parallel, search: _Search, named: dict[str, EstimatorConfig]
) -> list[str]:
    """The shapes that lose least on a share of the rows, the best first."""
    left = search.deadline - time.time()
    if left <= 0:
        search.ended = True
        return []
    deadline = time.time() + _SCREENING * left
    train, test = search.folds[0]
    draw = np.random.default_rng(search.seed)
    share = len(train) if len(train) <= _SMALL else max(_SMALL, int(_FIRST_SHARE * len(train)))
    some = np.sort(draw.permutation(train)[:share])
    few = np.sort(draw.permutation(test)[:10_000])
    fold = (some, few)
    paths = parallel(search.walk(config, 0, fold, deadline) for config in named.values())
    losses = {
        name: min(path.losses)
        for name, path in zip(named, paths, strict=True)
        if path.losses and not path.ended
    }
    return sorted(losses, key=lambda name: losses[name])[:_FINALISTS] or [*named][:1]


def _chosen(search: _Search, losses: dict[str, float], metric: str) -> Choice:
    lowered = metric_named(metric, search.classes)
    repeats = np.repeat(
        np.arange(len(search.repeats)),
        [sum(len(test) for _, test in repeat) for repeat in search.repeats],
    )

    def mean_over_repeats(truth: Positions, margins: Scores) -> float:
        parts = [repeats == repeat for repeat in range(len(search.repeats))]
        return float(np.mean([lowered(truth[part], margins[part]) for part in parts]))

    sizes = {
        name: search.size(config, rounds=config.parameters.get("rounds", 1), bags=1)
        for name, config in search.configs.items()
    }
    truth = search.truth
    weights = vote.greedy(truth, search.margins, mean_over_repeats, sizes, search.largest)
    total = sum(weights.values())
    mixed = sum(weight * search.margins[name] for name, weight in weights.items()) / total
    hot = vote.temperature(truth, np.asarray(mixed))
    room = search.largest / sum(sizes[name] for name in weights)
    members = tuple(
        _member(search.configs[name], weights[name] / total / hot, min(search.bags, int(room)))
        for name in losses
        if name in weights
    )
    compared = tuple(
        Compared(name=name, log_loss=loss, weight=weights.get(name, 0) / total)
        for name, loss in losses.items()
    )
    return Choice(
        estimator=EstimatorConfig(name="blend", members=members),
        compared=compared,
        log_loss=_rounded(log_losses(truth, np.asarray(mixed) / hot).mean()),
        cut_short=search.ended,
    )


def _member(config: EstimatorConfig, weight: float, bags: int) -> EstimatorConfig:
    parameters = {**config.parameters}
    if config.name != "linear" and bags > 1:
        parameters["bags"] = bags
    return config.model_copy(update={"weight": round(weight, 6), "parameters": parameters})


def _repeats(units: Units, target: Positions, cost: int) -> list[list[Fold]]:
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


def _start_workers(parallel: joblib.Parallel) -> None:
    """Start the worker processes deaf to Ctrl-C, which is for this process to answer.

    They are told to end when this one ends; by themselves they would print a traceback each.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return
    resource_tracker.ensure_running()  # itself it would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        list(parallel(joblib.delayed(abs)(0) for _ in range(2)))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _rounded(loss: float) -> float:
    # To nine digits: what is beyond depends on how many threads a machine adds up with.
    return round(float(loss), 9)

"""Choose a blend of boosted trees, linear models and networks for a table of any size.

Candidates are walked step by step on held-out folds, the strong ones first. Shapes of boosted
trees are first tried on a share of the rows, and the better ones on all (successive halving:
Jamieson and Talwalkar, AISTATS 2016). What was answered out of fold decides on the work each
gets, on the vote and on the temperature; nothing is fitted again for that.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from classification_model.bundle.provenance import Choice, Compared
from classification_model.config.schema import EstimatorConfig
from classification_model.estimators import categorical_columns
from classification_model.processing.arrays import Floats, Matrix
from classification_model.processing.features import Feature
from classification_model.processing.splitting import Fold, Units, row_units
from classification_model.progress import Progress
from classification_model.training import vote
from classification_model.training.added import Added, Blended, best
from classification_model.training.candidates import bags, candidates, without
from classification_model.training.metric import metric_named
from classification_model.training.search import Search, divided
from classification_model.training.vote import Metric
from classification_model.training.walk import Positions, Scores, Table

__all__ = ["Wanted", "candidates", "choose"]

Configs = Mapping[str, EstimatorConfig]

# How many shapes of boosted trees come to the last round; the share of rows, and the most that
# are answered, in the first; and its share of the time that is left.
_FINALISTS = 5
_SHARE, _AT_LEAST, _ANSWERED = 0.3, 3_000, 10_000
_TIME = 0.4
# The files of a bundle beside the model.
_ROOM = 0.8
# Seconds of one core that a fit of what is chosen may take, as a share of the time budget: it is
# fitted once to be judged and once more on all rows, and judged and proven between. Of a million
# rows a hundred rounds of trees alone take longer, so a row has its seconds, too.
_FIT, _SHORTEST_FIT, _FIT_OF_A_ROW = 0.33, 10.0, 6e-5


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a choice is to be good at, and what bounds it.

    Attributes:
        metric: ``log_loss``, ``roc_auc``, ``f1`` or ``balanced_accuracy``.
        min_rows: the fewest rows that a leaf, a bound or a category's column stands for.
        max_model_mb: megabytes that the bundle may have.
        signs: how each column of the matrix may move the second of two classes: then only trees,
            which can obey, are compared.
        removed: candidates that are left out; see :func:`candidates.without`.
        added: those of a person.
    """

    metric: str = "log_loss"
    min_rows: int = 5
    max_model_mb: float = 20
    signs: Sequence[int] = ()
    removed: Sequence[str] = ()
    added: Mapping[str, Added] = field(default_factory=dict)

    def compared(self, available: Configs) -> Configs:
        """Those of our candidates that are wanted."""
        some = without(available, self.removed)
        return {n: one for n, one in some.items() if one.name == "lightgbm" or not any(self.signs)}


def choose(  # noqa: PLR0913 - a table, how it may be divided, and what is wanted of it
    matrix: Matrix,
    labels: Sequence[object],
    plan: Sequence[Feature],
    *,
    seed: int,
    time_budget: float,
    units: Units | None = None,
    of_folds: Callable[[Sequence[Fold]], Sequence[Matrix]] | None = None,
    weights: Floats | None = None,
    wanted: Wanted | None = None,
    progress: Progress | None = None,
) -> Choice:
    """Compare the candidates and choose a blend of some.

    Args:
        matrix: encoded training rows, shape ``(rows, features)``.
        labels: their classes.
        plan: the features, in the order of the matrix's columns.
        seed: of every candidate.
        time_budget: seconds; what runs when they end is ended, and what it reached counts. The
            first candidate is always compared. It also bounds the work of a fit of the choice.
        units: what no fold divides, and whether folds look forward; without them each row.
        of_folds: the matrix of all rows for each fold, where what is learned from labels is in it;
            by default ``matrix``.
        weights: what each row counts, in fitting and in what is compared.
        wanted: what the vote is to be good at, and its bounds.
        progress: told which candidate is next, and the log loss of the newest.
    """
    deadline = time.time() + time_budget
    classes, target = np.unique([str(label) for label in labels], return_inverse=True)
    repeats = divided(
        units or row_units(len(target), seed), target, matrix.size * max(1, len(classes) - 1)
    )
    wanted = wanted or Wanted()
    table = Table(
        matrix, target, categorical_columns(plan), wanted.min_rows, seed, weights, wanted.signs
    )
    parts = [fold for repeat in repeats for fold in repeat]
    matrices = of_folds(parts) if of_folds else [matrix] * len(parts)
    largest = wanted.max_model_mb * _ROOM * 1e6
    longest = max(_SHORTEST_FIT, _FIT * time_budget, _FIT_OF_A_ROW * len(target))
    search = Search(table, matrices, repeats, largest, longest)
    available = wanted.compared(candidates(len(target), plan))
    first = next(iter(available), None)
    screened = {n: c for n, c in available.items() if c.name == "lightgbm" and n != first}
    early = {name: config for name, config in available.items() if name not in screened}
    train = len(search.folds[0][0])
    # One fold of few rows is no dearer than the share of them that shapes are first tried on.
    at_once = len(search.folds) == 1 and _rows_of_first_round(train) == train
    total = len(early) + (len(screened) if at_once else min(_FINALISTS, len(screened)))
    # Threads of this machine, or a cluster's workers. The libraries compute without Python's
    # lock, all threads read one matrix, and each keeps to a core.
    threads = joblib.Parallel(n_jobs=-1, prefer="threads", return_as="generator")
    told = progress or Progress()
    with threadpool_limits(limits=1), threads as parallel:
        race = _Race(parallel, search, deadline, total, told)
        race.compare(early, first=first)
        if screened:
            race.compare(screened if at_once else race.finalists(screened))
    lowered = _over_repeats(search, wanted.metric)
    ours = _chosen(search, lowered) if search.losses else None
    return best(ours, search, wanted.added, lowered, told)


@dataclass(frozen=True, slots=True)
class _Race:
    """Candidates on their walks, until the clock ends them."""

    parallel: joblib.Parallel
    search: Search
    deadline: float
    total: int
    progress: Progress

    def compare(self, named: Configs, first: str | None = None) -> None:
        """Walk each candidate on all folds; the ``first`` makes a step whatever the clock says."""
        search = self.search
        walks = [
            search.walk(config, number, fold, self.deadline, at_least=int(name == first))
            for name, config in named.items()
            for number, fold in enumerate(search.folds)
        ]
        paths = self.parallel(walks) if walks else iter([])
        for name, config in named.items():
            if name == first or time.time() < self.deadline:
                self.progress.comparing(len(search.losses), self.total, name)
            if search.keep(name, config, [next(paths) for _ in search.folds]):
                done = len(search.losses)
                self.progress.compared(done, self.total, name, search.losses[name])
        deque(paths, maxlen=0)  # what is not read to its end is reported as lost

    def finalists(self, named: Configs) -> Configs:
        """The shapes that lose least on a share of the rows, the best first."""
        search, left = self.search, self.deadline - time.time()
        self.progress.comparing(
            len(search.losses), self.total, f"{len(named)} more shapes of trees"
        )
        train, test = search.folds[0]
        draw = np.random.default_rng(search.table.seed)
        fold = (
            np.sort(draw.permutation(train)[: _rows_of_first_round(len(train))]),
            np.sort(draw.permutation(test)[:_ANSWERED]),
        )
        until = time.time() + _TIME * left
        paths = list(self.parallel(search.walk(one, 0, fold, until) for one in named.values()))
        search.ended |= any(path.ended for path in paths)
        losses = {
            name: min(path.losses) for name, path in zip(named, paths, strict=True) if path.losses
        }
        return {name: named[name] for name in sorted(losses, key=losses.__getitem__)[:_FINALISTS]}


def _rows_of_first_round(rows: int) -> int:
    return min(rows, max(_AT_LEAST, int(_SHARE * rows)))


def _over_repeats(search: Search, name: str) -> Metric:
    """The metric's mean over the divisions: what will be trained answers once, and no mean."""
    parts = [search.repeat == repeat for repeat in range(len(search.repeats))]
    weights = search.weights
    each = [
        metric_named(name, search.classes, None if weights is None else weights[part])
        for part in parts
    ]

    def lowered(truth: Positions, margins: Scores) -> float:
        found = zip(each, parts, strict=True)
        return float(np.mean([metric(truth[part], margins[part]) for metric, part in found]))

    return lowered


def _chosen(search: Search, lowered: Metric) -> Blended:
    truth, shares = search.truth, search.shares()
    weights = vote.greedy(truth, search.margins, lowered, shares, 1.0)
    total = sum(weights.values())
    mixed = np.zeros_like(next(iter(search.margins.values())))
    for name, weight in weights.items():
        mixed += weight / total * search.margins[name]
    hot = vote.temperature(truth, mixed, search.weights)
    fits = int(1 // sum(shares[name] for name in weights))
    members = tuple(
        _member(search.configs[name], weights[name] / total / hot, len(search.table.target), fits)
        for name in search.losses
        if name in weights
    )
    choice = Choice(
        estimator=EstimatorConfig(name="blend", members=members),
        compared=tuple(
            Compared(name=name, log_loss=loss, weight=weights.get(name, 0) / total)
            for name, loss in search.losses.items()
        ),
        log_loss=search.mean_loss(mixed / hot),
        cut_short=search.ended,
    )
    return Blended(choice, mixed / hot)


def _member(config: EstimatorConfig, weight: float, rows: int, fits: int) -> EstimatorConfig:
    """A candidate as a member of the blend, fitted as often as rows ask for and space allows."""
    parameters = {**config.parameters}
    number = min(bags(rows, config.name), max(1, fits))
    if number > 1:
        parameters["bags"] = number
    return config.model_copy(update={"weight": round(weight, 6), "parameters": parameters})

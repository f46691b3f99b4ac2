"""Choose the estimator by cross-validation: compare a few good candidates, then let them vote.

The comparison is stratified cross-validation on log loss. The vote is greedy ensemble
selection from the out-of-fold probabilities (Caruana et al., "Ensemble selection from
libraries of models", ICML 2004).
"""

from __future__ import annotations

import signal
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from multiprocessing import TimeoutError as TooLong
from multiprocessing import resource_tracker

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline

from classification_model.bundle.provenance import Choice, Compared
from classification_model.config.schema import EstimatorConfig
from classification_model.evaluation.metrics import Outcomes
from classification_model.pipeline import build_classifier
from classification_model.processing.features import Feature, Matrix
from classification_model.processing.splitting import Fold, Units, folds, row_units

__all__ = ["candidates", "choose", "repeated_folds"]

Indices = npt.NDArray[np.intp]
Scores = npt.NDArray[np.float64]
"""Out-of-fold probabilities, shape ``(repeats, rows, classes)``."""

_FOLDS = 5
_REPEATED = 1500
"""Up to this many rows are divided into folds twice: one division of a small table says little."""

_SMALL = 3000
"""Up to this many rows, candidates that take long on large tables are tried, too."""

_ROUNDS = 25
_MOST_MEMBERS = 4
# Below these relative gains the simpler model is kept: they are within what chance gives.
_VOTE_GAIN = 0.002
_CALIBRATION_GAIN = 0.01


def candidates(rows: int, plan: Sequence[Feature]) -> dict[str, EstimatorConfig]:
    """What is compared for a table of this size, by name, the cheapest first."""

    def named(name: str, **parameters: object) -> EstimatorConfig:
        return EstimatorConfig(name=name, parameters=parameters)

    boosting = "hist_gradient_boosting"
    found = {
        f"logistic regression, C {c:g}": named("logistic_regression", C=c, max_iter=500)
        for c in (0.1, 1.0, 10.0, 0.01)
    }
    found["gradient boosting, small"] = named(
        boosting, max_iter=200, learning_rate=0.04, max_leaf_nodes=5, min_samples_leaf=10,
        max_features=0.3, l2_regularization=1.0,
    )  # fmt: skip
    forest = {"n_estimators": 100, "min_samples_leaf": 3, "max_features": 0.4}
    found["random forest"] = named("random_forest", **forest)
    found["extra trees"] = named("extra_trees", **{**forest, "max_features": 0.6})
    found["gradient boosting, medium"] = named(
        boosting, max_iter=200, learning_rate=0.05, max_leaf_nodes=16, min_samples_leaf=20,
        max_features=0.5, l2_regularization=1.0,
    )  # fmt: skip
    if rows > 1000:
        found["gradient boosting, large"] = named(
            boosting, max_iter=300, learning_rate=0.08, max_leaf_nodes=31, min_samples_leaf=20,
            max_features=0.5, l2_regularization=1.0,
        )  # fmt: skip
    if rows <= _SMALL and sum(feature.kind == "number" for feature in plan) * 2 > len(plan):
        found["support vectors, C 1"] = named("svc", C=1.0)
        found["support vectors, C 10"] = named("svc", C=10.0)
        found["neural network"] = named(
            "neural_network", hidden_layer_sizes=[64], alpha=0.1, max_iter=200
        )
    return found


def choose(  # noqa: PLR0913 - each is a word of the recipe
    matrix: Matrix,
    labels: Sequence[object],
    plan: Sequence[Feature],
    *,
    seed: int,
    time_budget: float,
    of_fold: Callable[[int], Matrix] | None = None,
    units: Units | None = None,
    began: Callable[[int, int, str], None] = lambda *_: None,
    progress: Callable[[int, int, str, float], None] = lambda *_: None,
) -> Choice:
    """Compare the candidates and choose one, or a soft vote of some.

    Args:
        matrix: encoded training rows, shape ``(rows, features)``.
        labels: their classes.
        plan: the features, in the order of the matrix's columns.
        seed: of every candidate.
        time_budget: seconds; a candidate that does not end in time is ended and left out. The
            first is always compared.
        of_fold: the matrix of all rows for each of :func:`repeated_folds`, where it holds what is
            learned from labels; by default ``matrix``.
        units: what no fold divides, and whether folds look forward; without them each row.
        began: told how many of how many are done, and the name of the next.
        progress: told how many of how many are done, and the newest.
    """
    table = _divided(matrix, labels, units or row_units(len(matrix), seed), of_fold)
    available = candidates(len(matrix), plan)
    start, longest = time.monotonic(), 0.0
    scores: dict[str, Scores] = {}
    losses: dict[str, float] = {}
    with joblib.Parallel(n_jobs=-1) as parallel:  # this machine's cores, or a cluster's
        _start_workers(parallel)
        for done, name in enumerate(available, start=1):
            begun = time.monotonic() - start
            # What comes later takes longer, so the longest yet has to fit at least.
            if scores and begun + longest > time_budget:
                break
            began(done - 1, len(available), name)
            estimator = build_classifier(plan, available[name], seed)
            parallel.timeout = time_budget - begun if scores else None
            try:
                scores[name] = _out_of_fold(parallel, estimator, table)
            except TooLong:
                break
            losses[name] = _loss(table.answered, scores[name])
            longest = max(longest, time.monotonic() - start - begun)
            progress(done, len(available), name, losses[name])
    return _chosen(table.answered, available, scores, losses, seed)


def _chosen(
    y: Indices,
    available: dict[str, EstimatorConfig],
    scores: dict[str, Scores],
    losses: dict[str, float],
    seed: int,
) -> Choice:
    weights, loss = _vote(y, scores, losses)
    total = sum(weights.values())
    compared = tuple(
        Compared(name=name, log_loss=losses[name], weight=weights.get(name, 0) / total)
        for name in losses
    )
    mixed = sum(weight * scores[name] for name, weight in weights.items()) / total
    estimator_config = _estimator(available, weights)
    calibrated = _calibrated_loss(y, np.asarray(mixed), seed)
    if calibrated < loss * (1 - _CALIBRATION_GAIN):
        estimator_config = estimator_config.model_copy(update={"calibration": "sigmoid"})
        loss = calibrated
    return Choice(
        estimator=estimator_config,
        compared=compared,
        log_loss=loss,
        cut_short=len(losses) < len(available),
    )


def _start_workers(parallel: joblib.Parallel) -> None:
    """Start the worker processes deaf to Ctrl-C, which is for this process to answer.

    They are told to end when this one ends; by themselves they would print a traceback each.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        return
    resource_tracker.ensure_running()  # itself it would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        parallel(joblib.delayed(abs)(0) for _ in range(2))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(frozen=True, slots=True, eq=False)
class _Divided:
    """Training rows and their folds, once for each repeat; ``rows`` are those that are answered.

    By time the oldest rows are answered by no fold.
    """

    matrices: Sequence[Matrix]
    y: Indices
    repeats: Sequence[Sequence[Fold]]
    rows: npt.NDArray[np.intp]

    @property
    def answered(self) -> Indices:
        return self.y[self.rows]


def repeated_folds(labels: Sequence[object], units: Units) -> list[list[Fold]]:
    """The folds by which candidates are compared; of a small table twice."""
    repeats = 2 if len(labels) <= _REPEATED and not units.by_time else 1
    return [folds(units, labels, count=_FOLDS, repeat=repeat) for repeat in range(repeats)]


def _divided(
    matrix: Matrix,
    labels: Sequence[object],
    units: Units,
    of_fold: Callable[[int], Matrix] | None,
) -> _Divided:
    parts = repeated_folds(labels, units)
    rows = np.unique(np.concatenate([test for _, test in parts[0]]))
    codes = np.unique([str(label) for label in labels], return_inverse=True)[1]
    matrices = [of_fold(i) if of_fold else matrix for i in range(sum(map(len, parts)))]
    return _Divided(matrices, codes, parts, rows)


def _out_of_fold(parallel: joblib.Parallel, estimator: Pipeline, table: _Divided) -> Scores:
    """Each row's probabilities by models that were not trained on it."""
    answers = parallel(
        joblib.delayed(_fit_and_score)(estimator, matrix, table.y, train, test)
        for matrix, (train, test) in zip(table.matrices, chain(*table.repeats), strict=True)
    )
    scores = np.zeros((len(table.repeats), len(table.y), answers[0].shape[1]))
    answer = iter(answers)
    for repeat, parts in enumerate(table.repeats):
        for _, test in parts:
            scores[repeat, test] = next(answer)
    found: Scores = scores[:, table.rows]
    found /= found.sum(axis=2, keepdims=True)
    return found


def _fit_and_score(
    estimator: Pipeline,
    matrix: Matrix,
    y: Indices,
    train: Indices,
    test: Indices,
) -> npt.NDArray[np.float64]:
    with warnings.catch_warnings():
        # A candidate that has not converged is judged by its loss like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = estimator.fit(matrix[train], y[train])
        scores: npt.NDArray[np.float64] = fitted.predict_proba(matrix[test])
    return scores


def _loss(y: Indices, scores: Scores) -> float:
    """The mean of the repeats' losses.

    Their answers are not averaged first: what will be trained answers once, and a mean of two
    flatters what changes most from one to the other.
    """
    shares = scores / scores.sum(axis=2, keepdims=True)
    # To nine digits: what is beyond depends on how many threads a machine adds up with.
    return round(float(np.mean([Outcomes(y, each).losses.mean() for each in shares])), 9)


def _vote(
    y: Indices, scores: dict[str, Scores], losses: dict[str, float]
) -> tuple[dict[str, int], float]:
    """How often each candidate is in the vote, and the vote's loss.

    Begin with the best; again and again add the one that lowers the loss of the mean most,
    also one that is in already, until none does.
    """
    best = min(losses, key=lambda name: losses[name])
    weights, total, loss = Counter([best]), scores[best].copy(), losses[best]
    for size in range(2, _ROUNDS + 1):
        allowed = list(scores) if len(weights) < _MOST_MEMBERS else list(weights)
        tried = {name: _loss(y, (total + scores[name]) / size) for name in allowed}
        name = min(tried, key=lambda name: tried[name])
        if tried[name] >= loss:
            break
        weights[name] += 1
        total, loss = total + scores[name], tried[name]
    if loss > losses[best] * (1 - _VOTE_GAIN):
        return {best: 1}, losses[best]
    return {name: weights[name] for name in losses if name in weights}, loss


def _estimator(available: dict[str, EstimatorConfig], weights: dict[str, int]) -> EstimatorConfig:
    if len(weights) == 1:
        return available[next(iter(weights))]
    members = [
        available[name].model_copy(update={"weight": float(weight)})
        for name, weight in weights.items()
    ]
    return EstimatorConfig(name="soft_vote", members=tuple(members))


def _calibrated_loss(y: Indices, scores: Scores, seed: int) -> float:
    """The loss after a sigmoid per class on the out-of-fold scores, itself cross-fitted.

    Platt's sigmoid is a logistic regression on the score; for more than two classes each is
    fitted against the rest and the results add up to one, as in scikit-learn's calibration.
    """
    splits = min(_FOLDS, *Counter(y.tolist()).values())
    if splits < 2:  # by time, a class may be answered once
        return float("inf")
    divided = StratifiedKFold(splits, shuffle=True, random_state=seed)
    sigmoid = LogisticRegression(C=1e6)
    classes = np.unique(y)
    if scores.shape[2] != len(classes):  # by time, a class may never be answered
        return float("inf")

    def fitted(each: npt.NDArray[np.float64], position: int) -> npt.NDArray[np.float64]:
        column, is_class = each[:, [position]], y == classes[position]
        cv = divided.split(y, y)
        answers: npt.NDArray[np.float64] = cross_val_predict(
            sigmoid, column, is_class, cv=cv, method="predict_proba"
        )
        return answers[:, 1]

    columns = [[fitted(each, k) for k in range(len(classes))] for each in scores]
    return _loss(y, np.array(columns).transpose(0, 2, 1))

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

__all__ = ["candidates", "choose", "folds"]

Scores = npt.NDArray[np.float64]

_FOLDS = 5
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
    only: Sequence[str] | None = None,
    began: Callable[[int, int, str], None] = lambda *_: None,
    progress: Callable[[int, int, str, float], None] = lambda *_: None,
) -> Choice:
    """Compare the candidates and choose one, or a soft vote of some.

    Args:
        matrix: encoded training rows, shape ``(rows, features)``.
        labels: their classes.
        plan: the features, in the order of the matrix's columns.
        seed: of the folds and of every candidate.
        of_fold: the matrix of all rows for each of :func:`folds`, where what is learned from
            labels is in it; by default ``matrix``.
        time_budget: seconds; a candidate that will not end in time is not begun.
        only: the names to compare, as a recorded choice has them; then no clock is read.
        began: told how many of how many are done, and the name of the next.
        progress: told how many of how many are done, and the newest.
    """
    y = np.array([str(label) for label in labels])
    available = candidates(len(y), plan)
    names = [name for name in (only or available) if name in available]
    start, longest = time.monotonic(), 0.0
    parts = folds(labels, seed)
    matrices = [of_fold(number) if of_fold else matrix for number in range(len(parts))]
    scores: dict[str, Scores] = {}
    losses: dict[str, float] = {}
    with joblib.Parallel(n_jobs=-1) as parallel:  # this machine's cores, or a cluster's
        _start_workers(parallel)
        for done, name in enumerate(names, start=1):
            begun = time.monotonic() - start
            # What comes later takes longer, so the longest yet has to fit at least.
            if only is None and scores and begun + longest > time_budget:
                break
            began(done - 1, len(names), name)
            estimator = build_classifier(plan, available[name], seed)
            scores[name] = _out_of_fold(parallel, estimator, matrices, y, parts)
            losses[name] = _loss(y, scores[name])
            longest = max(longest, time.monotonic() - start - begun)
            progress(done, len(names), name, losses[name])
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
        cut_short=len(losses) < len(names),
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


Fold = tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]


def folds(labels: Sequence[object], seed: int) -> list[Fold]:
    """Stratified folds; on a small table twice, because one division of it says little."""
    y = np.array([str(label) for label in labels])
    splits = min(_FOLDS, *Counter(y.tolist()).values())
    repeats = 2 if len(y) <= 1500 else 1
    return [
        fold
        for repeat in range(repeats)
        for fold in StratifiedKFold(splits, shuffle=True, random_state=seed + repeat).split(y, y)
    ]


def _out_of_fold(
    parallel: joblib.Parallel,
    estimator: Pipeline,
    matrices: Sequence[Matrix],
    y: npt.NDArray[np.str_],
    folds: Sequence[Fold],
) -> Scores:
    """Each row's probabilities by models that were not trained on it, shape (rows, classes)."""
    parts = parallel(
        joblib.delayed(_fit_and_score)(estimator, matrix, y, train, test)
        for matrix, (train, test) in zip(matrices, folds, strict=True)
    )
    total = np.zeros((len(y), parts[0].shape[1]))
    for (_, test), part in zip(folds, parts, strict=True):
        total[test] += part
    result: Scores = total / total.sum(axis=1, keepdims=True)
    return result


def _fit_and_score(
    estimator: Pipeline,
    matrix: Matrix,
    y: npt.NDArray[np.str_],
    train: npt.NDArray[np.intp],
    test: npt.NDArray[np.intp],
) -> Scores:
    with warnings.catch_warnings():
        # A candidate that has not converged is judged by its loss like any other.
        warnings.simplefilter("ignore", ConvergenceWarning)
        scores: Scores = estimator.fit(matrix[train], y[train]).predict_proba(matrix[test])
    return scores


def _loss(y: npt.NDArray[np.str_], scores: Scores) -> float:
    # To nine digits: what is beyond depends on how many threads a machine adds up with.
    truth = np.unique(y, return_inverse=True)[1]
    shares = scores / scores.sum(axis=1, keepdims=True)
    return round(float(Outcomes(truth, shares).losses.mean()), 9)


def _vote(
    y: npt.NDArray[np.str_], scores: dict[str, Scores], losses: dict[str, float]
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


def _calibrated_loss(y: npt.NDArray[np.str_], scores: Scores, seed: int) -> float:
    """The loss after a sigmoid per class on the out-of-fold scores, itself cross-fitted.

    Platt's sigmoid is a logistic regression on the score; for more than two classes each is
    fitted against the rest and the results add up to one, as in scikit-learn's calibration.
    """
    classes = np.unique(y)
    splits = min(_FOLDS, *Counter(y.tolist()).values())
    folds = StratifiedKFold(splits, shuffle=True, random_state=seed)
    sigmoid = LogisticRegression(C=1e6)
    columns = []
    for position, label in enumerate(classes):
        fitted = cross_val_predict(
            sigmoid, scores[:, [position]], y == label, cv=folds.split(y, y), method="predict_proba"
        )
        columns.append(fitted[:, 1])
    return _loss(y, np.column_stack(columns))

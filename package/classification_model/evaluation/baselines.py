"""What a model must beat to be worth its trouble."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import StratifiedKFold
from sklearn.tree import DecisionTreeClassifier

from classification_model.config.schema import Label
from classification_model.evaluation.metrics import Outcomes, positions, score
from classification_model.evaluation.report import Baseline
from classification_model.processing.arrays import Floats, Matrix
from classification_model.processing.features import Feature

__all__ = ["baselines"]

Positions = npt.NDArray[np.intp]

# Enough to tell one feature from another; of many, the first fold says which are asked again.
_ROWS, _FOLDS, _ASKED_AGAIN = 5000, 3, 100


def baselines(
    train: tuple[Matrix, Sequence[Label]],
    held_out: tuple[Matrix, Sequence[Label]],
    *,
    features: Sequence[Feature],
    classes: Sequence[Label],
    seed: int,
) -> tuple[Baseline, ...]:
    """The commonest class, and the best single feature, learned from the training rows.

    Args:
        train: encoded rows and their labels.
        held_out: the same for the rows to be scored.
        features: what the columns of both are.
        classes: the labels, in the order that scores have.
        seed: of the folds, and of the rows that are drawn from a long table.
    """
    matrix, labels = train
    truth = positions(labels, classes)
    shares = np.bincount(truth, minlength=len(classes)) / len(truth)
    constant = np.tile(shares, (len(held_out[1]), 1))
    best = _best_feature(matrix, truth, seed)
    tree = _Stump(matrix[:, best], truth, shares, seed)
    return (
        Baseline(name="commonest class", metrics=score(held_out[1], constant, classes)),
        Baseline(
            name=f"best single feature, {features[best].name}",
            metrics=score(held_out[1], tree.predict(held_out[0][:, best]), classes),
        ),
    )


class _Stump:
    """A tree of at most eight leaves on one feature.

    A leaf's shares count as one row more that has the shares of all: a class that a leaf has
    not seen is improbable there, not impossible.
    """

    def __init__(self, values: Matrix, truth: Positions, shares: Floats, seed: int) -> None:
        smallest = max(5, len(truth) // 100)
        tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=smallest, random_state=seed)
        self._tree = tree.fit(values[:, np.newaxis], truth)
        self._shares = shares

    def predict(self, values: Matrix) -> Floats:
        column = values[:, np.newaxis]
        rows = self._tree.tree_.n_node_samples[self._tree.apply(column)][:, np.newaxis]
        inside = np.zeros((len(values), len(self._shares)))
        inside[:, self._tree.classes_] = self._tree.predict_proba(column)
        smooth: Floats = (rows * inside + self._shares) / (rows + 1)
        return smooth


def _best_feature(matrix: Matrix, truth: Positions, seed: int) -> int:
    """The feature of the lowest cross-validated log loss: held-out rows have no say in it."""
    random = np.random.default_rng(seed)
    if len(truth) > _ROWS:
        some = np.sort(random.choice(len(truth), _ROWS, replace=False))
        matrix, truth = matrix[some], truth[some]
    classes = int(truth.max()) + 1
    shares = np.bincount(truth, minlength=classes) / len(truth)
    first, *others = _folds(truth, seed)

    def loss(feature: int, fold: tuple[Positions, Positions]) -> float:
        return _fold_loss(matrix[:, feature], truth, shares, fold, seed)

    found = np.array([loss(i, first) for i in range(matrix.shape[1])])
    again = np.sort(np.argsort(found, kind="stable")[:_ASKED_AGAIN]).tolist()
    losses = [np.mean([found[i], *(loss(i, fold) for fold in others)]) for i in again]
    return int(again[np.argmin(losses)])


def _folds(truth: Positions, seed: int) -> list[tuple[Positions, Positions]]:
    """Three folds, or the rows themselves where a class has too few for that."""
    counts = np.bincount(truth)
    if counts[counts > 0].min() < _FOLDS:
        everything = np.arange(len(truth))
        return [(everything, everything)]
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=seed)
    return list(folds.split(truth, truth))


def _fold_loss(
    values: Matrix,
    truth: Positions,
    shares: Floats,
    fold: tuple[Positions, Positions],
    seed: int,
) -> float:
    fit, test = fold
    answered = _Stump(values[fit], truth[fit], shares, seed).predict(values[test])
    return float(Outcomes(truth[test], answered).losses.mean())

"""Columns that give the answer away: one of them alone predicts the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from classification_model.config.schema import Label

__all__ = ["LEAK", "SUSPECT", "Alone", "alone"]

# A column alone removes this share of the errors of always guessing the commonest class.
LEAK, SUSPECT = 0.99, 0.9

_ROWS, _FOLDS = 2000, 5

Alone = tuple[float, float]
"""The accuracy of a column alone, and the share of errors that it removes."""


def alone(values: Sequence[str], numbers: Mapping[str, float], labels: Sequence[Label]) -> Alone:
    """How well a small decision tree predicts the target, cross-validated, from one column.

    Args:
        values: the column's texts.
        numbers: those that have an order, with the number that each is.
        labels: the class of each row. Classes too rare for the folds are not looked at.
    """
    codes = {text: float(i) for i, text in enumerate(sorted(set(values)))} | {**numbers}
    step = len(values) // _ROWS + 1
    y = np.array([str(label) for label in labels[::step]])
    X = np.array([[codes[value]] for value in values[::step]])
    counts = Counter(y.tolist())
    common = np.isin(y, [label for label, count in counts.items() if count >= _FOLDS])
    y, X = y[common], X[common]
    counts = Counter(y.tolist())
    if len(counts) < 2:
        return 0.0, 0.0
    majority = max(counts.values()) / len(y)
    tree = DecisionTreeClassifier(max_leaf_nodes=8 * len(counts), random_state=0)
    accuracy = float(tree.fit(X, y).score(X, y))
    if accuracy - majority >= SUSPECT * (1 - majority):  # else folds would find even less
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
        accuracy = float(cross_val_score(tree, X, y, cv=folds).mean())
    return accuracy, (accuracy - majority) / (1 - majority)

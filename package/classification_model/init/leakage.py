"""Columns that give the answer away: one of them alone predicts the target."""

from __future__ import annotations

from collections import Counter

import numpy as np
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from classification_model.processing.arrays import Floats, Indices, drawn

__all__ = ["LEAK", "SUSPECT", "Alone", "alone"]

# A column alone removes this share of the errors of always guessing the commonest class.
LEAK, SUSPECT = 0.99, 0.9

_FOLDS = 5
_ROWS_OF_A_TREE = 2000
_ROWS = 100_000

Alone = tuple[float, float]
"""The accuracy of a column alone, and the share of errors that it removes."""


def alone(codes: Indices, numbers: Floats | None, labels: Indices) -> Alone:
    """How well one column predicts the target, cross-validated, in the better of two ways.

    Each value is looked up: what was the commonest class of the other folds' rows with it? So a
    code of any number of values is seen through. Where values have an order, a small decision
    tree asks whether they are small or large.

    Args:
        codes: of each row, which of the column's values it has, from 0 up.
        numbers: the number that each value is, where they have an order.
        labels: the number of each row's class. Of many rows some are drawn; a class too rare for
            the folds is not looked at.
    """
    rows = drawn(len(codes), _ROWS)
    y = labels[rows]
    common = np.isin(y, np.flatnonzero(np.bincount(y) >= _FOLDS))
    codes = codes[rows][common]
    y = np.unique(y[common], return_inverse=True)[1]
    if len(np.bincount(y)) < 2:
        return 0.0, 0.0
    found = [_looked_up(codes, y)]
    if numbers is not None and (numbers != numbers[:1]).any():
        found.append(_by_order(numbers[codes], y))
    return max(found, key=lambda one: one[1])


def _looked_up(codes: Indices, y: Indices) -> Alone:
    """Answer each row by the other folds' rows with its value, else by the commonest class."""
    classes, values = int(y.max()) + 1, int(codes.max()) + 1
    fold = np.random.default_rng(0).permutation(len(y)) % _FOLDS
    usual = np.array([np.bincount(y[fold != k]).argmax() for k in range(_FOLDS)])
    # Only a value that other rows have, too, is looked up: of few of them nothing can come.
    again = float((np.bincount(codes)[codes] > 1).mean())
    if again < SUSPECT * (1 - np.bincount(y).max() / len(y)):
        return _removed(float((usual[fold] == y).mean()), y)
    cells, known = np.unique(codes * classes + y, return_inverse=True)
    whole = np.bincount(known)
    right = 0
    for k in range(_FOLDS):
        mine = fold == k
        others = whole - np.bincount(known[mine], minlength=len(cells))
        answer = np.full(values, usual[k])
        order = np.argsort(others, kind="stable")  # the commonest class of a value is written last
        order = order[others[order] > 0]
        answer[cells[order] // classes] = cells[order] % classes
        right += int((answer[codes[mine]] == y[mine]).sum())
    return _removed(right / len(y), y)


def _by_order(numbers: Floats, y: Indices) -> Alone:
    """Ask a small decision tree about the numbers."""
    rows = drawn(len(y), _ROWS_OF_A_TREE)
    X, some = numbers[rows][:, np.newaxis], y[rows]
    kept = np.isin(some, np.flatnonzero(np.bincount(some) >= _FOLDS))
    X, some = X[kept], some[kept]
    classes = len(Counter(some.tolist()))
    if classes < 2:
        return 0.0, 0.0
    if _most_removed(X[:, 0], some, 8 * classes) < SUSPECT:
        return 0.0, 0.0
    tree = DecisionTreeClassifier(max_leaf_nodes=8 * classes, random_state=0)
    found = _removed(float(tree.fit(X, some).score(X, some)), some)
    if found[1] < SUSPECT:  # folds would find even less
        return found
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    return _removed(float(cross_val_score(tree, X, some, cv=folds).mean()), some)


def _most_removed(numbers: Floats, y: Indices, leaves: int) -> float:
    """A bound on what a tree of so many leaves removes of the errors on its own rows.

    Its leaves are stretches of the sorted rows. Of blocks of them, all but ``leaves - 1`` lie
    within one leaf, whose one answer has at least the block's own errors.
    """
    starts = np.unique(np.arange(6 * leaves) * len(y) // (6 * leaves))
    members = y[np.argsort(numbers, kind="stable")][:, np.newaxis] == np.arange(y.max() + 1)
    counts = np.add.reduceat(members.astype(np.int64), starts)
    errors = np.sort(counts.sum(axis=1) - counts.max(axis=1))
    least = errors[: max(0, len(errors) - leaves + 1)].sum()
    return float(1 - least / (len(y) - np.bincount(y).max()))


def _removed(accuracy: float, y: Indices) -> Alone:
    majority = np.bincount(y).max() / len(y)
    return accuracy, float((accuracy - majority) / (1 - majority))

"""Columns that give the answer away: one of them alone predicts the target."""

from __future__ import annotations

import numpy as np

from classification_model.processing.arrays import Floats, Indices, drawn

__all__ = ["LEAK", "SUSPECT", "Alone", "Target"]

# A column alone removes this share of the errors of always guessing the commonest class.
LEAK, SUSPECT = 0.99, 0.9

_FOLDS = 5
_ROWS_OF_A_TREE = 2000
_ROWS = 100_000

Alone = tuple[float, float]
"""The accuracy of a column alone, and the share of errors that it removes."""


class Target:
    """The classes of rows, of which many columns are asked whether they give them away.

    Args:
        labels: the number of each row's class. Of many rows some are drawn; a class too rare for
            the folds is not looked at.
    """

    def __init__(self, labels: Indices) -> None:
        self._rows = drawn(len(labels), _ROWS)
        y = labels[self._rows]
        common = np.isin(y, np.flatnonzero(np.bincount(y) >= _FOLDS))
        self._rows = self._rows[common]
        self._y = y = np.unique(y[common], return_inverse=True)[1]
        self._classes = len(np.bincount(y))
        self._fold = np.random.default_rng(0).permutation(len(y)) % _FOLDS
        self._usual = np.array(
            [np.bincount(y[self._fold != k], minlength=1).argmax() for k in range(_FOLDS)]
        )
        few = drawn(len(y), _ROWS_OF_A_TREE)
        kept = np.isin(y[few], np.flatnonzero(np.bincount(y[few]) >= _FOLDS))
        self._few = few[kept]

    def alone(self, codes: Indices, numbers: Floats | None) -> Alone:
        """How well one column predicts the classes, cross-validated, in the better of two ways.

        Each value is looked up: what was the commonest class of the other folds' rows with it? So a
        code of any number of values is seen through. Where values have an order, a small decision
        tree asks whether they are small or large.

        Args:
            codes: of each row, which of the column's values it has, from 0 up.
            numbers: the number that each value is, where they have an order.
        """
        if self._classes < 2:
            return 0.0, 0.0
        codes = codes[self._rows]
        found = [self._looked_up(codes)]
        if numbers is not None:
            found.append(_by_order(numbers[codes[self._few]], self._y[self._few]))
        return max(found, key=lambda one: one[1])

    def _looked_up(self, codes: Indices) -> Alone:
        """Answer each row by the other folds' rows with its value, else by the commonest class."""
        y, classes, fold, usual = self._y, self._classes, self._fold, self._usual
        # Only a value that other rows have, too, is looked up: of few of them nothing can come.
        values = np.bincount(codes)
        again = values[values > 1].sum() / len(y)
        if again < SUSPECT * (1 - np.bincount(y).max() / len(y)):
            return _removed(float((usual[fold] == y).mean()), y)
        cells, known = np.unique(codes * classes + y, return_inverse=True)
        whole = np.bincount(known)
        right = 0
        for k in range(_FOLDS):
            mine = fold == k
            others = whole - np.bincount(known[mine], minlength=len(cells))
            answer = np.full(len(values), usual[k])
            order = np.argsort(others, kind="stable")  # a value's commonest class is written last
            order = order[others[order] > 0]
            answer[cells[order] // classes] = cells[order] % classes
            right += int((answer[codes[mine]] == y[mine]).sum())
        return _removed(right / len(y), y)


def _by_order(numbers: Floats, y: Indices) -> Alone:
    """Ask a small decision tree about the numbers of a few rows."""
    classes = len(np.flatnonzero(np.bincount(y)))
    if classes < 2 or _most_removed(numbers, y, 8 * classes) < SUSPECT:
        return 0.0, 0.0
    # Few columns come so far, and importing it takes longer than all else about a small table.
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.tree import DecisionTreeClassifier

    X = numbers[:, np.newaxis]
    tree = DecisionTreeClassifier(max_leaf_nodes=8 * classes, random_state=0)
    found = _removed(float(tree.fit(X, y).score(X, y)), y)
    if found[1] < SUSPECT:  # folds would find even less
        return found
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
    return _removed(float(cross_val_score(tree, X, y, cv=folds).mean()), y)


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

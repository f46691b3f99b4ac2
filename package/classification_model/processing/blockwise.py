"""Probabilities by scikit-learn that have the same bits for a row, alone or among others."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

__all__ = ["probabilities"]

# Matrix multiplication rounds a row according to how many others there are. In blocks of one size,
# on one thread, it does not. Only float32 products of more than one column, as in MLPClassifier, also
# depend on the place in the block, and only on some processors (those of before AVX-512). A single
# row is answered with a whole block, so blocks are small.
_BLOCK = 64


def probabilities(classify: Any, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
    """The probabilities of encoded rows, at least one, by a fitted pipeline.

    An estimator with ``row_independent`` keeps to the bits by itself, and needs no blocks.

    Returns:
        Shape ``(rows, classes)``.
    """
    if getattr(classify.steps[-1][1], "row_independent", False):
        found: npt.NDArray[np.floating] = classify.predict_proba(matrix)
        return found
    rows = len(matrix)
    padded = np.pad(matrix, ((0, -rows % _BLOCK), (0, 0)), mode="edge")
    blocks = padded.reshape(-1, _BLOCK, matrix.shape[1])
    with _threads().limit(limits=1):
        scores: npt.NDArray[np.floating] = np.vstack([classify.predict_proba(b) for b in blocks])
    return scores[:rows]


@lru_cache(maxsize=1)
def _threads() -> ThreadpoolController:
    return ThreadpoolController()

"""Probabilities of scikit-learn that are the same bits for a row in whatever company."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

__all__ = ["probabilities"]

# Matrix multiplication rounds a row according to how many others there are and where it
# stands among them. In blocks of one size, small enough for one thread, it does not.
_BLOCK = 64


def probabilities(classify: Any, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
    """What a fitted classifier says of encoded rows, of which there is at least one.

    Returns:
        Shape ``(rows, classes)``.
    """
    rows = len(matrix)
    padded = np.pad(matrix, ((0, -rows % _BLOCK), (0, 0)), mode="edge")
    blocks = padded.reshape(-1, _BLOCK, matrix.shape[1])
    with _threads().limit(limits=1):
        scores: npt.NDArray[np.floating] = np.vstack([classify.predict_proba(b) for b in blocks])
    return scores[:rows]


@lru_cache(maxsize=1)
def _threads() -> ThreadpoolController:
    return ThreadpoolController()

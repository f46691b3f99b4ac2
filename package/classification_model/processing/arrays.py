"""The arrays of this package, by the type of their numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "Indices", "Mask", "Matrix", "drawn"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Matrix = npt.NDArray[np.float32]
"""Encoded rows, shape ``(rows, features)``."""


def drawn(rows: int, most: int, seed: int = 0) -> Indices:
    """The positions of all rows, or of some, in their order.

    They are not every k-th, for a table may repeat itself every k rows.
    """
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))

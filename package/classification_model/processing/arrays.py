"""The arrays of this package, by the type of their numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "Indices", "Mask", "Matrix"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

Matrix = npt.NDArray[np.float32]
"""Encoded rows, shape ``(rows, features)``."""

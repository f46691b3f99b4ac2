"""Turn scalars of NumPy, pandas and decimal into Python's, without importing those libraries."""

from __future__ import annotations

from decimal import Decimal
from types import NoneType

import numpy as np

__all__ = ["plain"]

_PYTHON = frozenset((str, int, bool, NoneType))
_PANDAS_MISSING = frozenset(("NAType", "NaTType"))
_LARGEST_WHOLE = 2**63


def plain(value: object) -> object:
    """A value as Python has it: a number of NumPy or a ``Decimal`` as ``int`` or ``float``.

    ``NaN``, ``NaT`` and pandas's ``NA`` are missing: ``None``.
    """
    if type(value) in _PYTHON:
        return value
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[us]").item()
    elif isinstance(value, np.generic):
        value = value.item()
    elif isinstance(value, Decimal):
        value = _number(value)
    if type(value).__name__ in _PANDAS_MISSING:
        return None
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 - NaN


def _number(value: Decimal) -> int | float:
    if value.is_nan():
        return float("nan")
    whole = -_LARGEST_WHOLE < value < _LARGEST_WHOLE and value == value.to_integral_value()
    return int(value) if whole else float(value)

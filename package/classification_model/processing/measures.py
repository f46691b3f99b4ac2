"""The number by which a value falls into a bin: one definition, for training and for drift."""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Column
from classification_model.processing.text.tokens import tokens

if TYPE_CHECKING:  # it imports pyarrow
    from classification_model.processing.typed_columns import TypedColumn

__all__ = ["Measure", "day_number", "measure", "measured"]

Measure = Callable[[Any], float]


def measure(column: Column, known: Container[str] | None = None) -> Measure | None:
    """Numbers as they are, dates as days, booleans as 0 and 1, texts as their share of known words.

    Nothing for categories, for raw text, and for a text of which no ``known`` words are given.
    """
    if column.kind == "date":
        return day_number
    if column.kind in ("integer", "number", "boolean"):
        return float
    if column.kind == "text" and known is not None:
        return lambda text: _known_share(tokens(text, column.max_chars), known)
    return None


def measured(typed: TypedColumn, by: Measure) -> npt.NDArray[np.float64]:
    """The numbers of a column, shape ``(rows,)``, NaN where missing."""
    if typed.numbers is not None:
        return typed.numbers
    codes, values = typed.distinct()
    numbers = np.array([np.nan if value is None else by(value) for value in values], np.float64)
    return numbers[codes]


def day_number(value: date) -> float:
    """The days from the first day of year 1, which is 1; the time of day does not count."""
    return float(value.toordinal())


def _known_share(words: list[str], known: Container[str]) -> float:
    return sum(word in known for word in words) / len(words) if words else 0.0

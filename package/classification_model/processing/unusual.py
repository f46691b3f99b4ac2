"""What is unusual about a typed row that is scored all the same: what training has not seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from classification_model.config.schema import Column, RowSchema
from classification_model.errors import shorten

__all__ = ["Look", "RowWarning", "Unusual", "looks"]

Unusual = tuple[str, str] | None
"""The rule that a value does not follow and what to say of it, or nothing."""

Look = Callable[[Any], Unusual]
"""Says what is unusual about a typed value of one column."""


@dataclass(frozen=True, slots=True)
class RowWarning:
    """A row was scored, and this is what makes its score less sure."""

    row: int
    column: str
    rule: str
    message: str

    def as_dict(self) -> dict[str, object]:
        """The same facts as a plain dictionary."""
        return {
            "row": self.row,
            "column": self.column,
            "rule": self.rule,
            "message": self.message,
        }


def looks(schema: RowSchema) -> list[tuple[str, Look]]:
    """The columns in which a value can be unusual, each with its look. Every row is asked."""
    missing = ("never_missing", "is missing, and never was in training")
    every = {
        name: _look(column, missing if name in schema.never_missing else None)
        for name, column in schema.columns.items()
    }
    return [(name, look) for name, look in every.items() if look]


def _look(column: Column, missing: Unusual) -> Look | None:
    """What says what is unusual about a value of a column; nothing, where nothing can be."""
    if column.categories:
        return _category_look(frozenset(column.categories), missing)
    if column.minimum is not None or column.maximum is not None:
        return _range_look(column, missing)
    return None if missing is None else lambda value: missing if value is None else None


def _category_look(seen: frozenset[str], missing: Unusual) -> Look:
    def look(value: str | None) -> Unusual:
        if value in seen:
            return None
        if value is None:
            return missing
        return "unseen_category", f"{shorten(value)} was not seen in training"

    return look


def _range_look(column: Column, missing: Unusual) -> Look:
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum

    def look(value: float | None) -> Unusual:
        if value is None:
            return missing
        if low <= value <= high:
            return None
        where = f"below the minimum {low}" if value < low else f"above the maximum {high}"
        return "out_of_range", f"{value} is {where} seen in training"

    return look

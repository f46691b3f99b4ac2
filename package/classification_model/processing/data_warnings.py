"""What is unusual about a typed row that is scored all the same: what training has not seen."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from classification_model.config.schema import Column, RowSchema
from classification_model.errors import shorten

__all__ = ["Noticed", "RowWarning", "ValueCheck", "value_checks"]

Noticed = tuple[str, str] | None
"""The rule that a value does not follow and what to say of it, or nothing."""

ValueCheck = Callable[[Any], Noticed]
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


def value_checks(schema: RowSchema) -> list[tuple[str, ValueCheck]]:
    """The columns in which a value can be unusual, each with its check. Every row is asked."""
    missing = ("never_missing", "is missing, and never was in training")
    every = {
        name: _value_check(column, missing if name in schema.never_missing else None)
        for name, column in schema.columns.items()
    }
    return [(name, check) for name, check in every.items() if check]


def _value_check(column: Column, missing: Noticed) -> ValueCheck | None:
    """What says what is unusual about a value of a column; nothing, where nothing can be."""
    if column.categories:
        return _category_check(frozenset(column.categories), missing)
    if column.minimum is not None or column.maximum is not None:
        return _range_check(column, missing)
    return None if missing is None else lambda value: missing if value is None else None


def _category_check(seen: frozenset[str], missing: Noticed) -> ValueCheck:
    def check(value: str | None) -> Noticed:
        if value in seen:
            return None
        if value is None:
            return missing
        return "unseen_category", f"{shorten(value)} was not seen in training"

    return check


def _range_check(column: Column, missing: Noticed) -> ValueCheck:
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum

    def check(value: float | None) -> Noticed:
        if value is None:
            return missing
        if low <= value <= high:
            return None
        where = f"below the minimum {low}" if value < low else f"above the maximum {high}"
        return "out_of_range", f"{value} is {where} seen in training"

    return check

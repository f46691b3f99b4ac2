"""Data warnings: a typed row is scored although it holds what training has not seen."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from classification_model.config.schema import Column, RowSchema
from classification_model.errors import shorten
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.text.tokens import tokens

__all__ = ["ColumnCheck", "Noticed", "RowWarning", "ValueCheck", "value_checks"]

Noticed = tuple[str, str] | None
"""The rule that a value breaks with the message, or nothing."""

_DAY = len("2024-12-31")

ValueCheck = Callable[[Any], Noticed]
"""Checks a typed value of one column for a data warning."""

Doubts = Callable[[Sequence[Any]], Iterable[int]]
"""Finds quickly the places of many values that the check may have a warning for."""


class ColumnCheck(NamedTuple):
    """Checks the values of one column for data warnings."""

    column: str
    check: ValueCheck
    doubts: Doubts


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


def value_checks(
    schema: RowSchema,
    profile: Profile | None,
    vocabularies: Mapping[str, Container[str]] | None = None,
) -> list[ColumnCheck]:
    """The columns that have a check for data warnings, each with it.

    Without a profile there are none; ``vocabularies`` are the known words of
    columns of text.
    """
    if profile is None:
        return []
    every = {
        name: _value_check(column, profile.columns[name], (vocabularies or {}).get(name))
        for name, column in schema.columns.items()
    }
    return [ColumnCheck(name, *checks) for name, checks in every.items() if checks]


def _value_check(
    column: Column, seen: ColumnProfile, known: Container[str] | None
) -> tuple[ValueCheck, Doubts] | None:
    """The check for the values of a column, or nothing where none is needed."""
    missing: Noticed = None
    if not column.required and not seen.missing:
        missing = ("never_missing", "is missing, and never was in training")
    if column.kind == "text":
        return _text_check(known, column.max_chars, missing), _every
    if column.kind == "category":
        categories = frozenset(seen.categories)
        return _category_check(categories, missing), _beyond(categories)
    if seen.minimum is not None and seen.maximum is not None:
        low, high = seen.minimum, seen.maximum
        return _range_check(low, high, missing), _outside(low, high)
    if seen.earliest is not None and seen.latest is not None:
        return _date_check(seen.earliest, seen.latest, missing), _every
    if missing is None:
        return None
    return lambda value: missing if value is None else None, _absent


def _every(values: Sequence[Any]) -> Iterable[int]:
    return range(len(values))


def _absent(values: Sequence[Any]) -> Iterable[int]:
    return [i for i, value in enumerate(values) if value is None]


def _beyond(seen: frozenset[str]) -> Doubts:
    return lambda values: [i for i, value in enumerate(values) if value not in seen]


def _outside(low: float, high: float) -> Doubts:
    return lambda values: [
        i for i, value in enumerate(values) if value is None or not low <= value <= high
    ]


def _category_check(seen: frozenset[str], missing: Noticed) -> ValueCheck:
    def check(value: str | None) -> Noticed:
        if value in seen:
            return None
        if value is None:
            return missing
        return "unseen_category", f"{shorten(value)} is rare or unseen in training"

    return check


def _text_check(known: Container[str] | None, max_chars: int, missing: Noticed) -> ValueCheck:
    def check(value: str | None) -> Noticed:
        if value is None:
            return missing
        if (
            known is not None
            and value
            and not any(word in known for word in tokens(value, max_chars))
        ):
            return "no_known_word", "holds no word that training has seen"
        if len(value) > max_chars:
            return "long_text", f"has {len(value)} characters; the first {max_chars} are read"
        return None

    return check


def _range_check(low: float, high: float, missing: Noticed) -> ValueCheck:
    def check(value: float | None) -> Noticed:
        if value is None:
            return missing
        if low <= value <= high:
            return None
        where = f"below the minimum {low}" if value < low else f"above the maximum {high}"
        return "out_of_range", f"{value} is {where} seen in training"

    return check


def _date_check(earliest: str, latest: str, missing: Noticed) -> ValueCheck:
    low, high = (date.fromisoformat(text[:_DAY]) for text in (earliest, latest))

    def check(value: date | None) -> Noticed:
        if value is None:
            return missing
        day = value.date() if isinstance(value, datetime) else value
        if low <= day <= high:
            return None
        where = f"before the earliest {low}" if day < low else f"after the latest {high}"
        return "out_of_range", f"{value} is {where} seen in training"

    return check

"""Columns of Arrow to typed ones: where it reads a value as the rule would, the rule is not asked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from classification_model.config.schema import LARGEST, Column
from classification_model.processing.arrays import Floats, Indices, Mask
from classification_model.processing.number_columns import numbers_of
from classification_model.processing.typed_columns import UNKNOWN, TypedColumn, by_rule
from classification_model.processing.value_rules import bounds, number_format

__all__ = ["typed"]


def typed(
    raw: pa.Array,
    column: Column,
    rule: Callable[[object], Any],
    markers: Collection[str],
    good: Mask,
) -> TypedColumn:
    """Apply a column's rule to its raw values; rows that it refuses are no longer good."""
    if column.kind in ("integer", "number"):
        if _is_text(raw.type):
            return _numbers_of_texts(raw, column, rule, markers, good)
        numbers = _numbers(raw, whole=column.kind == "integer")
        if numbers is not None:
            if column.required:
                good &= ~np.isnan(numbers)
            return _within(column, numbers, good)
    # Where a person lists the categories, each text has to be asked for.
    takes_text = (
        column.kind in ("category", "text", "raw") and not column.categories and _is_text(raw.type)
    )
    return by_rule(rule, *_distinct(raw), good, markers if takes_text else None)


def _numbers_of_texts(
    raw: pa.Array,
    column: Column,
    rule: Callable[[object], Any],
    markers: Collection[str],
    good: Mask,
) -> TypedColumn:
    if pa.types.is_dictionary(raw.type):
        raw = raw.dictionary_decode()
    missing = pc.is_in(pc.utf8_trim(raw, " "), value_set=pa.array(sorted(markers), pa.string()))
    numbers, refused = numbers_of(
        pc.if_else(missing, None, raw),
        number_format(column),
        rule,
        whole=column.kind == "integer",
    )
    if column.required:
        refused |= np.isnan(numbers)
    good &= ~refused
    return _within(column, numbers, good)


def _within(column: Column, numbers: Floats, good: Mask) -> TypedColumn:
    """Numbers as a column; rows beyond a person's bounds are no longer good."""
    low, high = bounds(column)
    good &= ~((numbers < low) | (numbers > high))
    return TypedColumn(UNKNOWN, [], numbers, column.kind == "integer")


def _numbers(raw: pa.Array, *, whole: bool) -> Floats | None:
    """Numbers of Arrow as the rule would have them; nothing where it must be asked."""
    numbers: Floats | None = None
    if pa.types.is_integer(raw.type) or pa.types.is_floating(raw.type):
        with suppress(pa.ArrowInvalid):
            numbers = raw.cast(pa.float64()).to_numpy(zero_copy_only=False)
    if numbers is None:
        return None
    largest = np.nanmax(np.abs(numbers), initial=0.0) if len(numbers) else 0.0
    if largest > LARGEST or (whole and not _are_whole(numbers)):
        return None
    return numbers + 0.0 if whole else numbers  # a whole number has no negative zero


def _distinct(raw: pa.Array) -> tuple[Indices, list[Any]]:
    """The code of each raw value, and the value of each code."""
    if pa.types.is_floating(raw.type):  # NaN in a table means missing
        raw = pc.if_else(pc.is_nan(raw), None, raw)
    encoded = raw if pa.types.is_dictionary(raw.type) else raw.dictionary_encode()
    values: list[Any] = encoded.dictionary.to_pylist()
    codes = encoded.indices.fill_null(len(values)).to_numpy().astype(np.int64)
    return codes, [*values, None] if encoded.null_count else values


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind.value_type if pa.types.is_dictionary(kind) else kind))


def _are_whole(numbers: Floats) -> bool:
    known = numbers[~np.isnan(numbers)]
    return bool((known == np.floor(known)).all())

"""Whole columns of raw values to typed ones: the rule of a column asked once for each value.

The rule is the one in value_rules.py. Numbers that Arrow reads as the rule would are not asked
about at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic_core import PydanticCustomError

from classification_model.config.schema import LARGEST, Column, RowSchema
from classification_model.processing.arrays import Floats, Indices, Mask
from classification_model.processing.number_columns import numbers_of
from classification_model.processing.scalars import plain
from classification_model.processing.typed_columns import UNKNOWN, Typed, TypedColumn
from classification_model.processing.value_rules import TypedValue, bounds, number_format, parser

__all__ = ["ColumnRules"]


class ColumnRules:
    """The rules of a schema for whole columns."""

    def __init__(self, schema: RowSchema) -> None:
        self._schema = schema
        self._rules = {
            name: parser(column, schema.missing_markers) for name, column in schema.columns.items()
        }

    def check(self, raw: Mapping[str, pa.Array | TypedColumn]) -> Typed:
        """Apply each column's rule to its raw values, all of one length.

        What Arrow has no type for comes as a column of values. The columns returned hold the
        good rows only.
        """
        size = len(next(iter(raw.values())))
        good = np.ones(size, np.bool_)
        columns = {name: self._typed(name, raw[name], good) for name in self._schema.columns}
        if not good.all():
            rows = np.flatnonzero(good)
            columns = {name: column.take(rows) for name, column in columns.items()}
        return Typed(columns, good)

    def _typed(self, name: str, raw: pa.Array | TypedColumn, good: Mask) -> TypedColumn:
        column = self._schema.columns[name]
        if isinstance(raw, TypedColumn):
            return _by_rule(self._rules[name], *raw.distinct(), good)
        if column.kind in ("integer", "number"):
            if _is_text(raw.type):
                return self._numbers_of_texts(name, column, raw, good)
            numbers = _numbers(raw, whole=column.kind == "integer")
            if numbers is not None:
                if column.required:
                    good &= ~np.isnan(numbers)
                return _within(column, numbers, good)
        # Where a person lists the categories, each text has to be asked for.
        takes_text = (
            column.kind in ("category", "text", "raw")
            and not column.categories
            and _is_text(raw.type)
        )
        markers = self._schema.markers(name) if takes_text else None
        return _by_rule(self._rules[name], *_distinct(raw), good, markers)

    def _numbers_of_texts(
        self, name: str, column: Column, raw: pa.Array, good: Mask
    ) -> TypedColumn:
        rule: Callable[[object], Any] = self._rules[name]
        if pa.types.is_dictionary(raw.type):
            raw = raw.dictionary_decode()
        markers = pa.array(sorted(self._schema.markers(name)), pa.string())
        missing = pc.is_in(pc.utf8_trim(raw, " "), value_set=markers)
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


def _by_rule(
    rule: Callable[[object], TypedValue],
    codes: Indices,
    raws: Sequence[Any],
    good: Mask,
    markers: Collection[str] | None = None,
) -> TypedColumn:
    """Ask the rule about each distinct value; rows that it refuses are no longer good.

    With ``markers`` all values are text, and the column's kind takes any but them as it is.
    """
    values: list[Any] = [*raws]
    doubtful: Sequence[int] = range(len(raws))
    if markers is not None:
        values = [text and text.strip() for text in raws]
        asked = frozenset((*markers, None))
        doubtful = []
        if not asked.isdisjoint(values):
            doubtful = [i for i, text in enumerate(values) if text in asked]
    refused = []
    for position in doubtful:
        try:
            values[position] = rule(plain(raws[position]))
        except PydanticCustomError:
            values[position] = None
            refused.append(position)
    if refused:
        good &= ~np.isin(codes, refused)
    return TypedColumn(codes, values)


def _are_whole(numbers: Floats) -> bool:
    known = numbers[~np.isnan(numbers)]
    return bool((known == np.floor(known)).all())

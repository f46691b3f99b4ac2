"""Whole columns at once: each distinct value is checked and encoded once, by the rules of a row.

The rule of a column is the one in validation.py, what is unusual is said by unusual.py, and a
feature is computed by its function in features.py. Here they are asked once for each distinct
value, or combination of values, of a block of rows. Two kinds of column are not asked at all:
numbers that Arrow reads as the rule would, and the float32 of a number that is in range.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import repeat, zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic_core import PydanticCustomError

from classification_model.config.schema import Column, RowSchema
from classification_model.processing.data_warnings import Noticed, ValueCheck, value_checks
from classification_model.processing.features import (
    FUNCTIONS,
    SEEN,
    UNSEEN,
    Feature,
    Matrix,
    RowEncoder,
    category_codes,
)
from classification_model.processing.typed_columns import (
    UNKNOWN,
    Floats,
    Indices,
    See,
    Typed,
    TypedColumn,
    scalars,
)
from classification_model.processing.validation import LARGEST, TypedRow, TypedValue, parser

__all__ = ["ColumnEncoder"]


class ColumnEncoder:
    """Columns of raw values to the matrix that the rows would be encoded to."""

    def __init__(self, schema: RowSchema, features: Sequence[Feature]) -> None:
        self._schema = schema
        self._features = features
        self._row_encoders = RowEncoder(features).columns
        self._value_checks = value_checks(schema)
        self._rules = {
            name: parser(
                column, missing_markers=schema.missing_markers, decimal_comma=schema.decimal_comma
            )
            for name, column in schema.columns.items()
        }
        self._markers = pa.array(schema.missing_markers, pa.string())

    def check(self, raw: Mapping[str, pa.Array]) -> Typed:
        """Apply each column's rule to its raw values, all of one length.

        The columns returned hold the good rows only.
        """
        size = len(next(iter(raw.values())))
        good = np.ones(size, np.bool_)
        columns = {name: self._typed(name, raw[name], good) for name in self._schema.columns}
        if not good.all():
            rows = np.flatnonzero(good)
            columns = {name: column.take(rows) for name, column in columns.items()}
        return Typed(columns, good)

    def encode(self, typed: Typed) -> Matrix:
        """Good rows to the matrix of shape ``(rows, features)`` that :class:`RowEncoder` gives."""
        size = len(next(iter(typed.columns.values())))
        matrix = np.empty((size, len(self._features)), np.float32)
        for position, feature in enumerate(self._features):
            matrix[:, position] = self._encoded(position, feature, typed.columns)
        return matrix

    def warnings(self, typed: Typed) -> Iterator[tuple[str, str, int, str]]:
        """What is unusual: column, rule, the number of rows, and what to say of the first."""
        for name, check in self._value_checks:
            found = _unusual(typed.columns[name], check, self._schema.columns[name])
            counts = Counter[str]()
            first: dict[str, str] = {}
            for (rule, message), count in found:
                counts[rule] += count
                first.setdefault(rule, message)
            yield from ((name, rule, count, first[rule]) for rule, count in counts.items())

    def _typed(self, name: str, raw: pa.Array, good: npt.NDArray[np.bool_]) -> TypedColumn:
        column = self._schema.columns[name]
        if column.kind in ("integer", "number"):
            numbers = self._numbers(raw, whole=column.kind == "integer")
            if numbers is not None:
                if not column.nullable:
                    good &= ~np.isnan(numbers)
                return TypedColumn(UNKNOWN, [], numbers, column.kind == "integer")
        markers = self._schema.missing_markers if column.kind in ("category", "text") else None
        return _by_rule(self._rules[name], raw, good, markers)

    def _numbers(self, raw: pa.Array, *, whole: bool) -> Floats | None:
        """Numbers where Arrow can read every value, and as the rule would; else nothing."""
        numbers = None
        if pa.types.is_string(raw.type):
            for text in (raw, pc.ascii_trim_whitespace(raw)):
                with suppress(pa.ArrowInvalid):
                    numbers = self._from_text(text)
                    break
        elif pa.types.is_integer(raw.type) or pa.types.is_floating(raw.type):
            with suppress(pa.ArrowInvalid):
                numbers = raw.cast(pa.float64()).to_numpy(zero_copy_only=False)
        if numbers is None:
            return None
        largest = np.nanmax(np.abs(numbers), initial=0.0) if len(numbers) else 0.0
        if largest > LARGEST or (whole and not _are_whole(numbers)):
            return None
        return numbers + 0.0 if whole else numbers  # a whole number has no negative zero

    def _from_text(self, text: pa.Array) -> Floats | None:
        """What Arrow reads, the rule reads as the same number; but "nan" is no number to it."""
        missing = pc.is_in(text, value_set=self._markers)
        known = pc.if_else(missing, None, text)
        if self._schema.decimal_comma:
            # With a point beside the comma, or two commas, there are two points: no number.
            known = pc.replace_substring(known, ",", ".")
        numbers: Floats = known.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return numbers if np.isnan(numbers).sum() == known.null_count else None

    def _encoded(
        self, position: int, feature: Feature, columns: Mapping[str, TypedColumn]
    ) -> npt.NDArray[np.floating]:
        inputs = [columns[name] for name in feature.inputs]
        numbers = inputs[0].numbers
        if feature.function is None and feature.kind == "number" and numbers is not None:
            return numbers
        if feature.function and feature.kind == "category" and len(inputs) == 1:
            codes, results = inputs[0].seen(FUNCTIONS[feature.function])
            return _category_numbers(feature, results)[codes]
        codes, first = _combinations(inputs, SEEN.get(feature.function or "", ()))
        asked = np.flatnonzero(first >= 0)
        values = [column.take(first[asked]).each() for column in inputs]
        answers = np.full(len(first), np.nan)
        answers[asked] = self._numbers_of(position, feature, values)
        return answers[codes]

    def _numbers_of(
        self, position: int, feature: Feature, values: list[list[TypedValue]]
    ) -> Floats:
        results = feature.apply(*values)
        if feature.kind == "category":
            return _category_numbers(feature, results)
        numbers = np.array(results, np.float64)
        # Missing, or beyond float32: rare, and decided in one place.
        for i in np.flatnonzero(~(np.abs(numbers) <= LARGEST)).tolist():
            row: TypedRow = dict(zip(feature.inputs, (v[i] for v in values), strict=True))
            numbers[i] = self._row_encoders[position](row)
        return numbers


def _category_numbers(feature: Feature, values: Sequence[TypedValue]) -> Floats:
    code = category_codes(feature).get
    return np.fromiter(map(code, values, repeat(UNSEEN)), np.float64, len(values))


def _by_rule(
    rule: Callable[[object], TypedValue],
    raw: pa.Array,
    good: npt.NDArray[np.bool_],
    markers: Collection[str] | None,
) -> TypedColumn:
    """Ask the rule about each distinct value; rows that it refuses are no longer good.

    With ``markers``, the column's kind takes any text but them as it is.
    """
    if pa.types.is_floating(raw.type):  # NaN in a table means missing
        raw = pc.if_else(pc.is_nan(raw), None, raw)
    encoded = raw if pa.types.is_dictionary(raw.type) else raw.dictionary_encode()
    missing = len(encoded.dictionary)
    codes = encoded.indices.fill_null(missing).to_numpy().astype(np.int64)
    raws: list[Any] = encoded.dictionary.to_pylist()
    if encoded.null_count:
        raws.append(None)
    values: list[Any] = [*raws]
    doubtful: Sequence[int] = range(len(raws))
    if markers is not None and pa.types.is_string(encoded.dictionary.type):
        values = [text and text.strip() for text in raws]
        asked = frozenset((*markers, None))
        doubtful = []
        if not asked.isdisjoint(values):
            doubtful = [i for i, text in enumerate(values) if text in asked]
    refused = []
    for position in doubtful:
        try:
            values[position] = rule(raws[position])
        except PydanticCustomError:
            values[position] = None
            refused.append(position)
    if refused:
        good &= ~np.isin(codes, refused)
    return TypedColumn(codes, values)


def _are_whole(numbers: Floats) -> bool:
    known = numbers[~np.isnan(numbers)]
    return bool((known == np.floor(known)).all())


def _combinations(
    columns: Sequence[TypedColumn], seen: Sequence[See | None]
) -> tuple[Indices, Indices]:
    """Which combination of values each row has, and the first row that has each, or -1.

    ``seen`` are the functions of :data:`SEEN`: values that they see alike are one.
    """
    size = len(columns[0])
    combined, count = np.zeros(size, np.int64), 1
    for column, see in zip_longest(columns, seen):
        codes, values = column.distinct() if see is None else column.seen(see)
        if len(columns) == 1:
            combined, count = codes, len(values)
        elif 2 * len(values) > size:  # nearly every row is its own
            rows = np.arange(size)
            return rows, rows
        else:
            encoded = pc.dictionary_encode(pa.array(combined * len(values) + codes))
            combined = encoded.indices.to_numpy().astype(np.int64)
            count = len(encoded.dictionary)
    first = np.full(count, -1, np.int64)
    first[combined[::-1]] = np.arange(size - 1, -1, -1)
    return combined, first


def _unusual(
    column: TypedColumn, check: ValueCheck, rule: Column
) -> Iterator[tuple[tuple[str, str], int]]:
    """What a check says of the values of a column, with how many rows have each."""
    said: Noticed
    if column.numbers is None:
        codes, values = column.distinct()
        counts = np.bincount(codes, minlength=len(values))
        for value, count in zip(values, counts.tolist(), strict=True):
            if count and (said := check(value)) is not None:
                yield said, count
        return
    missing = int(np.isnan(column.numbers).sum())
    if missing and (said := check(None)) is not None:
        yield said, missing
    low = -np.inf if rule.minimum is None else rule.minimum
    high = np.inf if rule.maximum is None else rule.maximum
    beyond = column.numbers[(column.numbers < low) | (column.numbers > high)]
    for value in scalars(beyond, whole=column.whole):
        if (said := check(value)) is not None:
            yield said, 1

"""Whole columns to numbers: each distinct value is encoded once, as it would be in a row.

data_warnings.py has the checks for data warnings, and features.py the function of each feature.
Here each is called once for each distinct value, or combination of values, of a block of rows. A
number that is in range is rounded to float32 without a call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import zip_longest

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import LARGEST, RowSchema
from classification_model.processing.arrays import Floats, Indices, Matrix
from classification_model.processing.centring import with_centre
from classification_model.processing.data_warnings import Noticed, ValueCheck, value_checks
from classification_model.processing.encoding import (
    category_codes,
    category_numbers,
    centred,
    clipped,
    uncentred,
)
from classification_model.processing.features import Feature
from classification_model.processing.functions import BUILT_IN, Functions
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.published import with_bounds, with_categories, with_places
from classification_model.processing.typed_columns import (
    Columns,
    See,
    Typed,
    TypedColumn,
    codes_of,
    scalars,
)
from classification_model.processing.value_rules import TypedRow, TypedValue

__all__ = ["ColumnEncoder", "learn_features", "results_of"]


class ColumnEncoder:
    """Typed columns to the matrix that the rows would be encoded to.

    Args:
        schema: the columns and their rules.
        features: of the matrix, in order.
        functions: those that the features name.
        profile: what training saw; without it there are no warnings.
        vocabularies: the known words of columns of text.
    """

    def __init__(
        self,
        schema: RowSchema,
        features: Sequence[Feature],
        functions: Functions = BUILT_IN,
        profile: Profile | None = None,
        vocabularies: Mapping[str, Container[str]] | None = None,
    ) -> None:
        self._seen = profile.columns if profile else {}
        self._features = features
        self._functions = functions
        self._row_encoders = [uncentred(feature, functions) for feature in features]
        self._value_checks = value_checks(schema, profile, vocabularies)

    def encode(self, columns: Columns, only: Sequence[int] | None = None) -> Matrix:
        """Typed columns to the matrix of shape ``(rows, features)`` that :class:`RowEncoder` gives.

        ``only`` names the positions of the features that are wanted.
        """
        wanted = range(len(self._features)) if only is None else only
        size = len(next(iter(columns.values())))
        matrix = np.empty((size, len(wanted)), np.float32)
        for i, position in enumerate(wanted):
            centre = self._features[position].centre
            numbers = self._encoded(position, self._features[position], columns)
            matrix[:, i] = centred(numbers, centre) if centre else numbers
        return matrix

    def numbers(self, position: int, columns: Columns) -> Floats:
        """The numbers of one feature, one for each row, not yet centred or rounded."""
        return self._encoded(position, self._features[position], columns).astype(np.float64)

    def warnings(self, typed: Typed) -> Iterator[tuple[str, str, int, str]]:
        """Data warnings: column, rule, the number of rows, and the message for the first."""
        for name, check, _ in self._value_checks:
            found = _warned(typed.columns[name], check, self._seen[name])
            counts = Counter[str]()
            first: dict[str, str] = {}
            for (rule, message), count in found:
                counts[rule] += count
                first.setdefault(rule, message)
            yield from ((name, rule, count, first[rule]) for rule, count in counts.items())

    def _encoded(
        self, position: int, feature: Feature, columns: Columns
    ) -> npt.NDArray[np.floating]:
        inputs = [columns[name] for name in feature.inputs]
        numbers = inputs[0].numbers
        if feature.function is None and feature.kind == "number" and numbers is not None:
            return clipped(numbers, *feature.limits)
        if part := self._functions.parts.get(feature.function or ""):
            look, place = part
            codes, several = inputs[0].seen(look)
            found = np.array([numbers[place] for numbers in several], np.float64)
            return clipped(found, *feature.limits)[codes]
        if feature.function and feature.kind == "category" and len(inputs) == 1:
            codes, results = inputs[0].seen(self._functions.by_name[feature.function])
            return _category_numbers(feature, results)[codes]
        codes, first = _combinations(inputs, self._functions.seen.get(feature.function or "", ()))
        asked = np.flatnonzero(first >= 0)
        values = [column.take(first[asked]).each() for column in inputs]
        answers = np.full(len(first), np.nan)
        answers[asked] = self._numbers_of(position, feature, values)
        return answers[codes]

    def _numbers_of(
        self, position: int, feature: Feature, values: list[list[TypedValue]]
    ) -> Floats:
        results = feature.apply(self._functions, *values)
        if feature.looks_up:
            return _category_numbers(feature, results)
        numbers = clipped(np.array(results, np.float64), *feature.limits)
        # Missing, or beyond float32: rare, so the one rule for a single value decides.
        for i in np.flatnonzero(~(np.abs(numbers) <= LARGEST)).tolist():
            row: TypedRow = dict(zip(feature.inputs, (v[i] for v in values), strict=True))
            numbers[i] = self._row_encoders[position](row)
        return numbers


def _category_numbers(feature: Feature, values: Sequence[TypedValue]) -> Floats:
    numbers = category_numbers(category_codes(feature), values, feature.other)
    return np.array(numbers, np.float64)


def learn_features(
    plan: Sequence[Feature],
    columns: Columns,
    functions: Functions = BUILT_IN,
    *,
    min_rows: int = 1,
    groups: Indices | None = None,
) -> tuple[Feature, ...]:
    """Complete a plan with what at least ``min_rows`` training rows, or groups, hold.

    That is the categories of each feature, or the bounds of its numbers, and their centre.
    """
    encoder = ColumnEncoder(RowSchema(columns={}), plan, functions)
    return tuple(
        with_categories(feature, *results_of(feature, columns, functions), min_rows, groups)
        if feature.kind == "category"
        else _of_numbers(feature, encoder.numbers(i, columns), min_rows, groups)
        for i, feature in enumerate(plan)
    )


def _of_numbers(
    feature: Feature, numbers: Floats, min_rows: int, groups: Indices | None
) -> Feature:
    if feature.looks_up:
        feature = with_places(feature, numbers, min_rows, groups)
        known = ~np.isnan(numbers)
        numbers[known] = np.array(feature.places)[numbers[known].astype(np.int64)]
    bounded = with_bounds(feature, numbers, min_rows, groups)
    return with_centre(bounded, clipped(numbers, *bounded.limits))


def results_of(
    feature: Feature, columns: Columns, functions: Functions
) -> tuple[Indices, list[TypedValue]]:
    """The code of each row's category, and the category of each code."""
    inputs = [columns[name] for name in feature.inputs]
    combined, first = _combinations(inputs, functions.seen.get(feature.function or "", ()))
    there = np.flatnonzero(first >= 0)
    taken = [column.take(first[there]).each() for column in inputs]
    results = feature.apply(functions, *taken)
    place = {result: i for i, result in enumerate(dict.fromkeys(results))}
    codes = np.zeros(len(first), np.int64)
    codes[there] = [place[result] for result in results]
    return codes[combined], [*place]


def _combinations(
    columns: Sequence[TypedColumn], seen: Sequence[See | None]
) -> tuple[Indices, Indices]:
    """Which combination of values each row has, and the first row that has each, or -1.

    ``seen`` are the functions of a home's ``SEEN``: values that they see alike are one.
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
            combined, together = codes_of(combined * len(values) + codes)
            count = len(together)
    first = np.full(count, -1, np.int64)
    first[combined[::-1]] = np.arange(size - 1, -1, -1)
    return combined, first


def _warned(
    column: TypedColumn, check: ValueCheck, seen: ColumnProfile
) -> Iterator[tuple[tuple[str, str], int]]:
    """The data warnings of a column, each with the number of rows that have it."""
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
    low = -np.inf if seen.minimum is None else seen.minimum
    high = np.inf if seen.maximum is None else seen.maximum
    beyond = column.numbers[(column.numbers < low) | (column.numbers > high)]
    for value in scalars(beyond, whole=column.whole):
        if (said := check(value)) is not None:
            yield said, 1

"""Typed rows to the matrix of their numbers, to the same bits one by one and by columns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import LARGEST
from classification_model.processing.arrays import Floats, Matrix
from classification_model.processing.features import NO_LIMITS, Feature
from classification_model.processing.functions import BUILT_IN, Functions
from classification_model.processing.value_rules import TypedRow, TypedValue

__all__ = [
    "MANY",
    "RowEncoder",
    "by_column",
    "category_codes",
    "category_numbers",
    "centred",
    "clipped",
    "uncentred",
]

MANY = 16
"""From so many rows on they are quicker by columns than one by one."""


def by_column(rows: Sequence[TypedRow], names: Iterable[str]) -> dict[str, list[TypedValue]]:
    """The values of each column, in the order of the rows."""
    return {name: [row[name] for row in rows] for name in names}


class RowEncoder:
    """Typed rows to one float32 matrix, by look-ups alone.

    ``columns`` holds the function from a typed row to the number of each feature.
    """

    def __init__(self, features: Sequence[Feature], functions: Functions = BUILT_IN) -> None:
        self.columns = [
            _centred(uncentred(feature, functions), feature.centre) for feature in features
        ]
        self.width = len(self.columns)
        self._functions = functions
        self._features = [
            (feature, category_codes(feature) if feature.looks_up else None) for feature in features
        ]
        self._inputs = dict.fromkeys(name for feature in features for name in feature.inputs)
        limits = [NO_LIMITS if feature.looks_up else feature.limits for feature in features]
        self._limits = np.array(limits, np.float64).reshape(-1, 3).T[:, :, np.newaxis]
        np.clip(self._limits[:2], -LARGEST, LARGEST, out=self._limits[:2])
        self._centres = np.array([[feature.centre] for feature in features])

    def encode(self, rows: Sequence[TypedRow]) -> Matrix:
        """Rows to a matrix of shape ``(rows, features)``."""
        if len(rows) >= MANY:
            return self.encode_columns(by_column(rows, self._inputs))
        return np.array([self.encode_row(row) for row in rows], np.float32)

    def encode_row(self, row: TypedRow) -> list[float]:
        """One row of the matrix, not yet rounded to float32."""
        return [encode(row) for encode in self.columns]

    def encode_columns(self, columns: Mapping[str, Sequence[TypedValue]]) -> Matrix:
        """The same matrix from the values of each column: see :func:`by_column`."""
        looked: dict[int, list[tuple[float, ...]]] = {}
        values = [self._values(*feature, columns, looked) for feature in self._features]
        numbers = centred(clipped(np.array(values, np.float64), *self._limits), self._centres)
        return np.ascontiguousarray(numbers.T, np.float32)

    def _values(
        self,
        feature: Feature,
        codes: Mapping[object, float] | None,
        columns: Mapping[str, Sequence[TypedValue]],
        looked: dict[int, list[tuple[float, ...]]],
    ) -> Sequence[TypedValue]:
        """One feature's numbers, missing ones as ``None``; ``looked`` keeps each look at a text."""
        inputs = [columns[name] for name in feature.inputs]
        if part := self._functions.parts.get(feature.function or ""):
            look, place = part
            if id(look) not in looked:
                looked[id(look)] = [*map(look, *inputs)]
            return [numbers[place] for numbers in looked[id(look)]]
        values = feature.apply(self._functions, *inputs)
        return values if codes is None else category_numbers(codes, values, feature.other)


def category_numbers(
    codes: Mapping[object, float], values: Iterable[TypedValue], other: float
) -> list[float]:
    """The number of each category; ``codes`` are those of :func:`category_codes`."""
    return [*map(codes.get, values, repeat(other))]


def clipped(
    numbers: Floats, low: Floats | float, high: Floats | float, missing: Floats | float
) -> Floats:
    """Numbers within :attr:`Feature.limits`; NaN is ``missing``."""
    # Not np.clip, which may take either of two zeros.
    within = np.where(numbers < low, low, np.where(numbers > high, high, numbers))
    return np.where(np.isnan(numbers), missing, within)


def centred(numbers: npt.NDArray[np.floating], centre: Floats | float) -> Floats:
    """Numbers less the centre of their feature, within float32; missing ones stay NaN."""
    return np.clip(numbers - centre, -LARGEST, LARGEST)


def _within_float32(value: float) -> float:
    """The nearest number that float32 has: no estimator of scikit-learn takes infinity."""
    return value if abs(value) <= LARGEST else math.copysign(LARGEST, value)


def _centred(encode: Callable[[TypedRow], float], centre: float) -> Callable[[TypedRow], float]:
    if not centre:
        return encode
    return lambda row: _less(encode(row), centre)


def _less(value: float, centre: float) -> float:
    return value if math.isnan(value) else _within_float32(value - centre)


def uncentred(feature: Feature, functions: Functions) -> Callable[[TypedRow], float]:
    """The function from a typed row to one feature's number, before its centre is subtracted."""
    if feature.looks_up:
        return _category_encoder(feature, functions)
    low, high, missing = feature.limits
    if feature.function is None:
        (name,) = feature.inputs

        def column(row: TypedRow) -> float:
            value: float | None = row[name]  # type: ignore[assignment]
            if value is None:
                return missing
            return low if value < low else high if value > high else value  # noqa: FURB136 - quicker

        return column
    read = feature.reader(functions)

    def number(row: TypedRow) -> float:
        value: float | None = read(row)  # type: ignore[assignment]
        if value is None:
            return missing
        value = low if value < low else high if value > high else value  # noqa: FURB136
        # Columns fit into float32, but what a function makes of them may not.
        return missing if math.isnan(value) else _within_float32(value)

    return number


def category_codes(feature: Feature) -> dict[object, float]:
    """The number of each category, and of a missing one; any other is ``feature.other``."""
    low, high = feature.bounds or (0.0, math.inf)
    places = feature.places or range(len(feature.categories))
    codes: dict[object, float] = {
        category: min(max(float(place), low), high)
        for category, place in zip(feature.categories, places, strict=True)
    }
    codes[None] = feature.missing
    return codes


def _category_encoder(feature: Feature, functions: Functions) -> Callable[[TypedRow], float]:
    code, other = category_codes(feature).get, feature.other
    if feature.function is None:
        (name,) = feature.inputs
        return lambda row: code(row[name], other)
    read = feature.reader(functions)
    return lambda row: code(read(row), other)

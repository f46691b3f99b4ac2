"""From a typed row to numbers: the one definition of each feature, for training and serving.

A derived feature is a pure function of scalars, any of which may be ``None`` (missing); it
returns a number or a category, or ``None``. To add one, write it into the home's features.py
and name it under ``derived`` in config.yml.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal

import numpy as np

from classification_model.config.schema import LARGEST, DerivedFeature, RowSchema
from classification_model.errors import ConfigError
from classification_model.processing.arrays import Matrix
from classification_model.processing.functions import BUILT_IN, DATE_PARTS, TIME_PARTS, Functions
from classification_model.processing.value_rules import TypedRow, TypedValue, date_format

__all__ = [
    "MISSING",
    "UNSEEN",
    "Feature",
    "RowEncoder",
    "category_codes",
    "feature_plan",
    "uncentred",
    "within_float32",
]


UNSEEN = -1.0
"""The code of a category that training has not seen."""

MISSING = float("nan")
"""The code of a missing value, of any kind."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the matrix: where its value comes from, and how it becomes a number.

    Without ``function`` the value is that of the one input. A category becomes its position
    in ``categories``, or :data:`UNSEEN`. A number with ``categories`` is the place of a category in
    an order, read from ``places``, where a level that few rows had is its neighbour. A number is clipped to ``bounds``; then ``centre`` is subtracted, before it is rounded
    to float32, so that what differed in training differs in the matrix. ``missing_as`` is the
    number that a missing value is read as, where too few training rows missed theirs, and
    ``other_as`` that of any other category; see
    :mod:`classification_model.processing.published`. A text stands in a plan for the numbers that
    are learned from it, and in no matrix.
    """

    name: str
    kind: Literal["number", "category", "text"]
    inputs: tuple[str, ...]
    function: str | None = None
    categories: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    missing_as: float | None = None
    other_as: float | None = None
    centre: float = 0.0
    places: tuple[int, ...] = ()

    @property
    def missing(self) -> float:
        """The number of a missing value."""
        return MISSING if self.missing_as is None else self.missing_as

    @property
    def other(self) -> float:
        """The number of a category that is none of ``categories``."""
        if self.other_as is not None:
            return self.other_as
        return UNSEEN if self.kind == "category" else self.missing

    @property
    def looks_up(self) -> bool:
        """Whether its numbers are those of categories."""
        return self.kind == "category" or bool(self.categories)

    def reader(self, functions: Functions) -> Callable[[TypedRow], TypedValue]:
        """The function from a row to the feature's value, before it becomes a number."""
        # Everything is looked up here, once: what is returned runs for every row.
        read = itemgetter(*self.inputs)
        if self.function is None:
            return read
        function = functions.by_name[self.function]
        if len(self.inputs) == 1:
            return lambda row: function(read(row))
        return lambda row: function(*read(row))

    def apply(self, functions: Functions, *inputs: list[TypedValue]) -> list[TypedValue]:
        """The same for many rows, from the values of each input in turn."""
        if self.function is None:
            (values,) = inputs
            return values
        return [*map(functions.by_name[self.function], *inputs)]


def feature_plan(
    schema: RowSchema,
    derived: Mapping[str, DerivedFeature],
    functions: Functions = BUILT_IN,
) -> tuple[Feature, ...]:
    """Which features a schema gives: its columns in order, then the derived ones.

    Raw text gives none by itself; a date gives year, month, weekday and day number, and a time its
    hour, too. Categories are learned from training rows.

    Raises:
        ConfigError: a derived feature names a function that there is not.
    """
    plan: list[Feature] = []
    for name, column in schema.columns.items():
        if column.kind == "date":
            parts = [*DATE_PARTS, *(TIME_PARTS if date_format(column).has_time else ())]
            plan += [
                Feature(name=f"{name} {part}", kind="number", inputs=(name,), function=part)
                for part in parts
            ]
        elif column.order:
            order = column.order
            plan.append(Feature(name=name, kind="number", inputs=(name,), categories=order))
        elif column.kind in ("category", "text"):
            plan.append(Feature(name=name, kind=column.kind, inputs=(name,)))
        elif column.kind != "raw":
            plan.append(Feature(name=name, kind="number", inputs=(name,)))
    for name, feature in derived.items():
        if feature.function not in functions.by_name:
            raise ConfigError(
                f"config.yml: derived {name!r}: no function {feature.function!r} in the home's "
                f"features.py; there are {', '.join(functions.by_name)}"
            )
        plan.append(
            Feature(name=name, kind=feature.kind, inputs=feature.inputs, function=feature.function)
        )
    return tuple(plan)


class RowEncoder:
    """Typed rows to one float32 matrix, by look-ups alone.

    ``columns`` holds the function from a typed row to the number of each feature.
    """

    def __init__(self, features: Sequence[Feature], functions: Functions = BUILT_IN) -> None:
        self.columns = [
            _centred(uncentred(feature, functions), feature.centre) for feature in features
        ]
        self.width = len(self.columns)

    def encode(self, rows: Sequence[TypedRow]) -> Matrix:
        """Rows to a matrix of shape ``(rows, features)``."""
        return np.array([self.encode_row(row) for row in rows], np.float32)

    def encode_row(self, row: TypedRow) -> list[float]:
        """One row of the matrix, not yet rounded to float32."""
        return [encode(row) for encode in self.columns]


def within_float32(value: float) -> float:
    """The nearest number that float32 has: no estimator of scikit-learn takes infinity."""
    return value if abs(value) <= LARGEST else math.copysign(LARGEST, value)


def _centred(encode: Callable[[TypedRow], float], centre: float) -> Callable[[TypedRow], float]:
    if not centre:
        return encode
    return lambda row: _less(encode(row), centre)


def _less(value: float, centre: float) -> float:
    return value if math.isnan(value) else within_float32(value - centre)


def uncentred(feature: Feature, functions: Functions) -> Callable[[TypedRow], float]:
    """The function from a typed row to one feature's number, before its centre is subtracted."""
    if feature.looks_up:
        return _category_encoder(feature, functions)
    missing = feature.missing
    low, high = feature.bounds or (-math.inf, math.inf)
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
        return missing if math.isnan(value) else within_float32(value)

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

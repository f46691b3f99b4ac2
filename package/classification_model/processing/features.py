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

from classification_model.config.schema import DerivedFeature, RowSchema
from classification_model.errors import ConfigError
from classification_model.processing.functions import BUILT_IN, DATE_PARTS, TIME_PARTS, Functions
from classification_model.processing.value_rules import TypedRow, TypedValue, date_format

__all__ = ["MISSING", "NO_LIMITS", "UNSEEN", "Feature", "feature_plan"]


UNSEEN = -1.0
"""The code of a category that training has not seen."""

MISSING = float("nan")
"""The code of a missing value, of any kind."""

NO_LIMITS = (-math.inf, math.inf, MISSING)
"""The :attr:`Feature.limits` of numbers that are not clipped."""


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
    def limits(self) -> tuple[float, float, float]:
        """The least number, the greatest, and that of a missing value."""
        return (*(self.bounds or NO_LIMITS[:2]), self.missing)

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

    def apply(self, functions: Functions, *inputs: Sequence[TypedValue]) -> Sequence[TypedValue]:
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

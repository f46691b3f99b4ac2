"""From a typed row to numbers: the one definition of each feature, for training and serving.

A derived feature is a pure function of scalars, any of which may be ``None`` (missing); it
returns a number or a category, or ``None``. To add one, write it here, give it a name in
``FUNCTIONS`` and name it under ``derived`` in config.yml.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from operator import itemgetter
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import DerivedFeature, RowSchema
from classification_model.errors import ConfigError
from classification_model.processing.validation import LARGEST, TypedRow, TypedValue

__all__ = [
    "FUNCTIONS",
    "MISSING",
    "SEEN",
    "UNSEEN",
    "Feature",
    "Matrix",
    "RowEncoder",
    "category_codes",
    "feature_plan",
    "learn_categories",
]

Matrix = npt.NDArray[np.float32]

UNSEEN = -1.0
"""The code of a category that training has not seen."""

MISSING = float("nan")
"""The code of a missing value, of any kind."""


_TITLES = {
    "Master": "Master",
    "Miss": "Miss",
    "Mlle": "Miss",
    "Mme": "Mrs",
    "Mr": "Mr",
    "Mrs": "Mrs",
    "Ms": "Miss",
}


def title(name: str | None) -> str | None:
    """The form of address in ``Surname, Title. Forenames``, rare ones under one name."""
    if name is None:
        return None
    _, comma, rest = name.partition(",")
    return _TITLES.get(rest.partition(".")[0].strip(), "Rare") if comma else None


def deck(cabin: str | None) -> str | None:
    """The deck's letter, which starts a cabin's number."""
    return cabin[0] if cabin else None


def word_count(text: str | None) -> float:
    """How many words there are; none where the text is missing."""
    return float(len(text.split())) if text else 0.0


def family_size(sibsp: int | None, parch: int | None) -> float | None:
    """The passenger with siblings, spouse, parents and children aboard."""
    return None if sibsp is None or parch is None else float(sibsp + parch + 1)


def family_band(sibsp: int | None, parch: int | None) -> str | None:
    """Small families fared better than those alone, and those than large families."""
    size = family_size(sibsp, parch)
    if size is None:
        return None
    return "alone" if size == 1 else "small" if size <= 4 else "large"


def _under_14(age: float | None) -> bool:
    return age is not None and age < 14


def saved_first(
    pclass: int | None, sex: str | None, age: float | None, name: str | None
) -> str | None:
    """Women and children first, and by class: the order in which the boats were filled."""
    child = title(name) == "Master" or _under_14(age)
    who = "woman or child" if sex == "female" or child else "man"
    return f"{who}, class {pclass}"


def fare_per_person(fare: float | None, sibsp: int | None, parch: int | None) -> float | None:
    """The fare is the ticket's, and a family travels on one."""
    size = family_size(sibsp, parch)
    return None if fare is None or not size else fare / size


def year(day: date | None) -> float | None:
    return None if day is None else float(day.year)


def month(day: date | None) -> float | None:
    return None if day is None else float(day.month)


def weekday(day: date | None) -> float | None:
    """Monday is 0."""
    return None if day is None else float(day.weekday())


def day_number(day: date | None) -> float | None:
    """Days since 1970-01-01."""
    return None if day is None else float(day.toordinal() - date(1970, 1, 1).toordinal())


FUNCTIONS: Mapping[str, Callable[..., float | str | None]] = {
    "day_number": day_number,
    "deck": deck,
    "family_band": family_band,
    "family_size": family_size,
    "fare_per_person": fare_per_person,
    "month": month,
    "saved_first": saved_first,
    "title": title,
    "weekday": weekday,
    "word_count": word_count,
    "year": year,
}

SEEN: Mapping[str, tuple[Callable[[Any], object] | None, ...]] = {
    "saved_first": (None, None, _under_14, title),
}
"""What a function sees of each input, where that is less than its value.

Where rows are alike in that, whole columns ask the function once for all of them.
"""

_DATE_PARTS = ("year", "month", "weekday", "day_number")


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the matrix: where its value comes from, and how it becomes a number.

    Without ``function`` the value is that of the one input. A category becomes its position
    in ``categories``, or :data:`UNSEEN`.
    """

    name: str
    kind: Literal["number", "category"]
    inputs: tuple[str, ...]
    function: str | None = None
    categories: tuple[str, ...] = ()

    def reader(self) -> Callable[[TypedRow], TypedValue]:
        """The function from a row to the feature's value, before it becomes a number."""
        # Everything is looked up here, once: what is returned runs for every row.
        read = itemgetter(*self.inputs)
        if self.function is None:
            return read
        function = FUNCTIONS[self.function]
        if len(self.inputs) == 1:
            return lambda row: function(read(row))
        return lambda row: function(*read(row))

    def apply(self, *inputs: list[TypedValue]) -> list[TypedValue]:
        """The same for many rows, from the values of each input in turn."""
        if self.function is None:
            (values,) = inputs
            return values
        return [*map(FUNCTIONS[self.function], *inputs)]


def feature_plan(schema: RowSchema, derived: Mapping[str, DerivedFeature]) -> tuple[Feature, ...]:
    """Which features a schema gives: its columns in order, then the derived ones.

    Text gives none by itself; a date gives year, month, weekday and day number. The
    categories of derived features are learned by :func:`learn_categories`.

    Raises:
        ConfigError: a derived feature names a function that is not registered.
    """
    plan: list[Feature] = []
    for name, column in schema.columns.items():
        if column.kind == "date":
            plan += [
                Feature(name=f"{name} {part}", kind="number", inputs=(name,), function=part)
                for part in _DATE_PARTS
            ]
        elif column.kind == "category":
            plan.append(
                Feature(name=name, kind="category", inputs=(name,), categories=column.categories)
            )
        elif column.kind != "text":
            plan.append(Feature(name=name, kind="number", inputs=(name,)))
    for name, feature in derived.items():
        if feature.function not in FUNCTIONS:
            raise ConfigError(
                f"config.yml: derived {name!r}: no function {feature.function!r} in "
                f"processing/features.py; there are {', '.join(FUNCTIONS)}"
            )
        plan.append(
            Feature(name=name, kind=feature.kind, inputs=feature.inputs, function=feature.function)
        )
    return tuple(plan)


def learn_categories(plan: Sequence[Feature], rows: Sequence[TypedRow]) -> tuple[Feature, ...]:
    """Complete a plan with the categories that its derived features take in ``rows``."""
    return tuple(_with_categories(feature, rows) for feature in plan)


class RowEncoder:
    """Typed rows to one float32 matrix, by look-ups alone.

    ``columns`` holds the function from a typed row to the number of each feature.
    """

    def __init__(self, features: Sequence[Feature]) -> None:
        self.columns = [_encoder(feature) for feature in features]
        self.width = len(self.columns)

    def encode(self, rows: Sequence[TypedRow]) -> Matrix:
        """Rows to a matrix of shape ``(rows, features)``."""
        return np.array([self.encode_row(row) for row in rows], np.float32)

    def encode_row(self, row: TypedRow) -> list[float]:
        """One row of the matrix, not yet rounded to float32."""
        return [encode(row) for encode in self.columns]


def _with_categories(feature: Feature, rows: Sequence[TypedRow]) -> Feature:
    if feature.kind != "category" or feature.function is None:
        return feature
    read = feature.reader()
    seen = {value for row in rows if (value := read(row)) is not None}
    return replace(feature, categories=tuple(sorted(map(str, seen))))


def _encoder(feature: Feature) -> Callable[[TypedRow], float]:
    """The function from a typed row to one feature's number."""
    if feature.kind == "category":
        return _category_encoder(feature)
    if feature.function is None:
        (name,) = feature.inputs

        def column(row: TypedRow) -> float:
            value = row[name]
            return MISSING if value is None else value  # type: ignore[return-value]

        return column
    read = feature.reader()

    def number(row: TypedRow) -> float:
        value: float | None = read(row)  # type: ignore[assignment]
        if value is None:
            return MISSING
        # Columns fit into float32, but what a function makes of them may not.
        return value if abs(value) <= LARGEST else math.copysign(math.inf, value)

    return number


def category_codes(feature: Feature) -> dict[object, float]:
    """The number of each category, and of a missing one; any other is :data:`UNSEEN`."""
    codes: dict[object, float] = {c: float(i) for i, c in enumerate(feature.categories)}
    codes[None] = MISSING
    return codes


def _category_encoder(feature: Feature) -> Callable[[TypedRow], float]:
    code = category_codes(feature).get
    if feature.function is None:
        (name,) = feature.inputs
        return lambda row: code(row[name], UNSEEN)
    read = feature.reader()
    return lambda row: code(read(row), UNSEEN)

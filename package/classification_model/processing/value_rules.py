"""The rule of one column: a raw value in, a typed value out, or the rule that it breaks.

A raw value is what JSON, a CSV cell or a DataFrame holds; a typed value is ``int``, ``float``,
``bool``, ``str``, ``date``, or ``None`` for missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from datetime import date
from functools import partial
from typing import Any

from pydantic_core import PydanticCustomError

from classification_model.config.schema import LARGEST, Column
from classification_model.processing.dates import DateFormat
from classification_model.processing.number_format import NumberFormat

__all__ = ["TypedRow", "TypedValue", "bounds", "date_format", "number_format", "parser"]

TypedValue = int | float | bool | str | date | None
TypedRow = dict[str, TypedValue]

_LISTED = 8
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}


def _number(value: object, read: Callable[[str], float]) -> float:
    if isinstance(value, str):
        try:
            value = read(value)
        except ValueError as error:
            raise PydanticCustomError("number_type", "{says}", {"says": str(error)}) from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("number_type", "should be a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite_number", "should be a finite number")
    if abs(value) > LARGEST:
        raise PydanticCustomError("number_range", "should be within the range of a 32-bit float")
    return float(value)


def _integer(value: object, read: Callable[[str], float]) -> int:
    number = _number(value, read)
    if not number.is_integer():
        raise PydanticCustomError("whole_number", "should be a whole number")
    return int(number)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = _as_text(value)
    if word is None or word.lower() not in _BOOLEANS:
        raise PydanticCustomError("boolean_type", "should be true or false")
    return _BOOLEANS[word.lower()]


def _text(value: object) -> str:
    text = _as_text(value)
    if text is None:
        raise PydanticCustomError("text_type", "should be text")
    return text


def _as_text(value: object) -> str | None:
    """Text as it is, a number as a CSV would have it (``3.0`` is ``3``), else nothing."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
        return None
    return str(int(value)) if value == int(value) else repr(value)


def _date(value: object, written: DateFormat) -> date:
    if not isinstance(value, str | date):
        value = ""  # which is no date in any format
    try:
        return written.parse(value)
    except ValueError as error:
        raise PydanticCustomError("date_type", "{says}", {"says": str(error)}) from None


def number_format(column: Column) -> NumberFormat:
    """How a column writes its numbers."""
    return NumberFormat(column.decimal, column.thousands, column.unit)


def date_format(column: Column) -> DateFormat:
    """How a column writes its dates."""
    return DateFormat(column.date_format or "", column.time_zone or "")


def _parser(column: Column) -> Callable[[object], TypedValue]:
    """What reads the values of a column's kind."""
    if column.kind == "integer":
        return partial(_integer, read=number_format(column).parse_whole)
    if column.kind == "number":
        return partial(_number, read=number_format(column).parse)
    if column.kind == "date":
        return partial(_date, written=date_format(column))
    return _boolean if column.kind == "boolean" else _text


def bounds(column: Column) -> tuple[float, float]:
    """The least and the greatest number that a column's own rules allow."""
    low = -math.inf if column.minimum is None else float(column.minimum)
    high = math.inf if column.maximum is None else float(column.maximum)
    return low, high


def _in_bounds(column: Column) -> Callable[[Any], TypedValue]:
    low, high = bounds(column)

    def check(value: int | float) -> TypedValue:
        if value < low:
            rule = "should be at least {bound}"
            raise PydanticCustomError("below_minimum", rule, {"bound": column.minimum})
        if value > high:
            rule = "should be at most {bound}"
            raise PydanticCustomError("above_maximum", rule, {"bound": column.maximum})
        return value

    return check


def _listed(column: Column) -> Callable[[Any], TypedValue]:
    allowed = frozenset(column.categories)
    shown = ", ".join(column.categories[:_LISTED])
    if len(column.categories) > _LISTED:
        shown += f" or {len(column.categories) - _LISTED} more"

    def check(value: str) -> TypedValue:
        if value in allowed:
            return value
        raise PydanticCustomError("unlisted_category", "should be one of {shown}", {"shown": shown})

    return check


def _own_rule(column: Column) -> Callable[[Any], TypedValue] | None:
    """What refuses a typed value that breaks a rule which a person gave the column."""
    if column.categories:
        return _listed(column)
    return None if column.minimum is column.maximum is None else _in_bounds(column)


def parser(column: Column, missing_markers: Collection[str] = ()) -> Callable[[object], TypedValue]:
    """The rule of one column: a function from raw value to typed value.

    It raises ``PydanticCustomError`` naming the rule that the value breaks.
    """
    parse, check, required = _parser(column), _own_rule(column), column.required
    markers = frozenset((*missing_markers, *column.missing_markers))
    is_text = parse is _text and check is None

    def parse_or_missing(value: object) -> TypedValue:
        if isinstance(value, str):
            value = value.strip()
            if value in markers:
                value = None
            elif is_text:
                return value
        if value is not None:
            return parse(value) if check is None else check(parse(value))
        if not required:
            return None
        raise PydanticCustomError("missing_value", "is missing, and the column must have a value")

    return parse_or_missing

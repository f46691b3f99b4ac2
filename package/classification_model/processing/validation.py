"""The border: raw rows in, typed rows out, every fault named by row, column, value and rule.

One set of rules serves training data, the command line and the API. A raw value is what
JSON, a CSV cell or a DataFrame holds; a typed value is ``int``, ``float``, ``bool``,
``str``, ``date``, or ``None`` for missing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from classification_model.config.schema import Column, RowSchema
from classification_model.errors import RowError
from classification_model.processing.data_warnings import RowWarning, value_checks

__all__ = ["LARGEST", "RowValidator", "RowWarning", "TypedRow", "TypedValue", "Validated", "parser"]

TypedValue = int | float | bool | str | date | None
TypedRow = dict[str, TypedValue]

_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
LARGEST = 3.4028234663852886e38  # the largest float32: features are float32
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}


@dataclass(frozen=True, slots=True)
class Validated:
    """Typed rows, ``None`` in the place of each bad one, and why those are bad."""

    rows: list[TypedRow | None]
    errors: list[RowError]


def _number(value: object, *, decimal_comma: bool = False) -> float:
    if isinstance(value, str):
        text = value.replace(",", ".") if decimal_comma else value
        value = float(text) if _DECIMAL.fullmatch(text) else value
    elif hasattr(value, "item"):  # a NumPy scalar
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("number_type", "should be a number")
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite_number", "should be a finite number")
    if abs(value) > LARGEST:
        raise PydanticCustomError("number_range", "should be within the range of a 32-bit float")
    return float(value)


def _integer(value: object) -> int:
    number = _number(value)
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
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < LARGEST:
        return None
    return str(int(value)) if value == int(value) else repr(value)


def _date(value: object, date_format: str | None = None) -> date:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        with suppress(ValueError):
            return datetime.fromisoformat(value).date()
        if date_format:
            with suppress(ValueError):
                return datetime.strptime(value, date_format).date()  # noqa: DTZ007 - a day
    example = date(2024, 12, 31).strftime(date_format or "%Y-%m-%d")
    raise PydanticCustomError(
        "date_type", "should be a date such as {example}", {"example": example}
    )


_PARSERS: Mapping[str, Callable[[object], TypedValue]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "category": _text,
    "date": _date,
    "text": _text,
}


def parser(
    column: Column, *, missing_markers: Sequence[str] = (), decimal_comma: bool = False
) -> Callable[[object], TypedValue]:
    """The rule of one column: a function from raw value to typed value.

    It raises ``PydanticCustomError`` naming the rule that the value breaks.
    """
    parse, nullable, markers = _PARSERS[column.kind], column.nullable, frozenset(missing_markers)
    is_text = parse is _text
    if column.kind == "number" and decimal_comma:
        parse = partial(_number, decimal_comma=True)
    elif column.date_format:
        parse = partial(_date, date_format=column.date_format)

    def parse_or_missing(value: object) -> TypedValue:
        if isinstance(value, str):
            value = value.strip()
            if value in markers:
                value = None
            elif is_text:
                return value
        if value is not None:
            return parse(value)
        if nullable:
            return None
        raise PydanticCustomError("missing_value", "is missing, and the column must have a value")

    return parse_or_missing


_JSON_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean"}


def _json_schema(name: str, column: Column) -> dict[str, Any]:
    """The column as the API's document shows it. Ranges and categories are seen, not enforced."""
    notes = []
    if column.categories:
        notes.append("Seen in training: " + ", ".join(column.categories) + ".")
    if column.minimum is not None and column.maximum is not None:
        notes.append(f"Seen in training: {column.minimum} to {column.maximum}.")
    if column.nullable:
        notes.append("May be null.")
    kind = _JSON_TYPES.get(column.kind, "string")
    schema: dict[str, Any] = {"title": name, "type": [kind, "null"] if column.nullable else kind}
    if column.kind == "date" and not column.date_format:
        schema["format"] = "date"
    if notes:
        schema["description"] = " ".join(notes)
    if column.example is not None:
        schema["examples"] = [column.example]
    return schema


class RowValidator:
    """The rules of a schema, compiled once.

    ``row_type`` is a TypedDict whose keys are the raw columns, spelled exactly as in the
    CSV; pydantic and FastAPI accept it wherever they take a type.
    """

    def __init__(self, schema: RowSchema) -> None:
        self.schema = schema
        fields: dict[str, Any] = {
            name: Annotated[
                Any,
                PlainValidator(
                    parser(
                        column,
                        missing_markers=schema.missing_markers,
                        decimal_comma=schema.decimal_comma,
                    )
                ),
                WithJsonSchema(_json_schema(name, column)),
            ]
            for name, column in schema.columns.items()
        }
        for name in schema.ignored:
            note = {"title": name, "description": "Accepted, and not looked at."}
            fields[name] = NotRequired[Annotated[Any, WithJsonSchema(note)]]
        self.row_type = _row_type(fields)
        self._value_checks = value_checks(schema)
        self._rows: TypeAdapter[list[TypedRow]] = TypeAdapter(list[self.row_type])  # type: ignore[name-defined]

    def validate(self, rows: Sequence[Mapping[str, object]]) -> Validated:
        """Check every row; a bad one does not hide the others."""
        try:
            return Validated([*self._rows.validate_python(rows)], [])
        except ValidationError as error:
            errors = [_row_error(fault) for fault in error.errors(include_url=False)]
        bad = {error.row for error in errors}
        good = iter(self._rows.validate_python([r for i, r in enumerate(rows) if i not in bad]))
        return Validated([None if i in bad else next(good) for i in range(len(rows))], errors)

    def warnings(self, index: int, row: TypedRow) -> Iterator[RowWarning]:
        """What is unusual about one typed row, which stands at ``index`` of its request."""
        return (
            RowWarning(index, name, *unusual)
            for name, check in self._value_checks
            if (unusual := check(row[name])) is not None
        )


def _row_type(fields: dict[str, Any]) -> Any:
    # A TypedDict, because its keys may be any text; mypy knows only those with literal ones.
    make: Any = TypedDict
    row_type = make("Row", fields)
    row_type.__pydantic_config__ = ConfigDict(extra="forbid")
    return row_type


def _row_error(fault: Any) -> RowError:
    row, *column = fault["loc"]
    message = {
        "missing": "the column is missing",
        "extra_forbidden": "the model knows no such column",
    }.get(fault["type"], fault["msg"])
    return RowError(
        row=row,
        column=column[0] if column else None,
        rule=fault["type"],
        message=message,
        value=None if fault["type"] == "missing" else fault["input"],
    )

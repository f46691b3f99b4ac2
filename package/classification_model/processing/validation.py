"""The boundary: raw rows in, typed rows out, every fault named by row, column, value and rule.

One set of rules serves training data, the command line and the API. A raw value is what
JSON, a CSV cell or a DataFrame holds; a typed value is ``int``, ``float``, ``bool``,
``str``, ``date``, or ``None`` for missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from operator import attrgetter
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from classification_model.config.schema import LARGEST, Column, RowSchema
from classification_model.errors import RowError
from classification_model.processing.data_warnings import RowWarning, value_checks
from classification_model.processing.dates import DateFormat
from classification_model.processing.number_format import NumberFormat
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.scalars import plain

__all__ = [
    "LARGEST",
    "RowValidator",
    "RowWarning",
    "TypedRow",
    "TypedValue",
    "Validated",
    "bounds",
    "date_format",
    "number_format",
    "parser",
]

TypedValue = int | float | bool | str | date | None
TypedRow = dict[str, TypedValue]

_LISTED = 8
_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}


@dataclass(frozen=True, slots=True)
class Validated:
    """Typed rows, ``None`` in the place of each bad one, and why those are bad."""

    rows: list[TypedRow | None]
    errors: list[RowError]


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


_JSON_TYPES = {"integer": "integer", "number": "number", "boolean": "boolean"}


def _json_schema(name: str, column: Column, seen: ColumnProfile) -> dict[str, Any]:
    """The column as the API's document shows it: its own rules, and what training saw."""
    notes = []
    if seen.categories:
        notes.append(f"Seen in training: {', '.join(seen.categories)}.")
    low, high = seen.range()
    if low is not None:
        notes.append(f"Seen in training: {low} to {high}.")
    if not column.required:
        notes.append("May be null.")
    kind = _JSON_TYPES.get(column.kind, "string")
    schema: dict[str, Any] = {"title": name, "type": kind if column.required else [kind, "null"]}
    if column.kind == "date" and not (column.date_format or column.time_zone):
        schema["format"] = "date"
    if column.categories:
        schema["enum"] = [*column.categories, *([] if column.required else [None])]
    for rule in ("minimum", "maximum"):
        if (bound := getattr(column, rule)) is not None:
            schema[rule] = bound
    if notes:
        schema["description"] = " ".join(notes)
    if seen.example is not None:
        schema["examples"] = [seen.example]
    return schema


class RowValidator:
    """The rules of a schema, compiled once.

    Args:
        schema: the columns and their rules.
        profile: what training saw; without it there are no warnings.
        vocabularies: the known words of columns of text.

    ``row_type`` is a TypedDict whose keys are the raw columns, spelled exactly as in the
    CSV; pydantic and FastAPI accept it wherever they take a type.
    """

    def __init__(
        self,
        schema: RowSchema,
        profile: Profile | None = None,
        vocabularies: Mapping[str, Container[str]] | None = None,
    ) -> None:
        self.schema = schema
        self.profile = profile
        seen = profile.columns if profile else {}
        fields: dict[str, Any] = {
            name: Annotated[
                Any,
                PlainValidator(parser(column, schema.missing_markers)),
                WithJsonSchema(_json_schema(name, column, seen.get(name, ColumnProfile()))),
            ]
            for name, column in schema.columns.items()
        }
        for name in schema.ignored:
            note = {"title": name, "description": "Accepted, and not looked at."}
            fields[name] = NotRequired[Annotated[Any, WithJsonSchema(note)]]
        self.row_type = _row_type(fields)
        self._value_checks = value_checks(schema, profile, vocabularies)
        self._rows: TypeAdapter[list[TypedRow]] = TypeAdapter(list[self.row_type])  # type: ignore[name-defined]

    def validate(self, rows: Sequence[Mapping[str, object]]) -> Validated:
        """Check every row; a bad one does not hide the others.

        Values may be those of NumPy, pandas and ``decimal``; see :func:`~.scalars.plain`.
        """
        return self.check([_plain_row(row) for row in rows])

    def check(self, rows: Sequence[Mapping[str, object]]) -> Validated:
        """The same for rows read from JSON: there NaN is a fault, not a missing value."""
        try:
            return Validated([*self._rows.validate_python(rows)], [])
        except ValidationError as error:
            errors = [_row_error(fault) for fault in error.errors(include_url=False)]
        bad = {error.row for error in errors}
        good = iter(self._rows.validate_python([r for i, r in enumerate(rows) if i not in bad]))
        return Validated([None if i in bad else next(good) for i in range(len(rows))], errors)

    def column_warnings(self, columns: Mapping[str, Sequence[TypedValue]]) -> list[RowWarning]:
        """The same of all rows, in their order, from the values of each column."""
        found = [
            RowWarning(i, name, *unusual)
            for name, check in self._value_checks
            for i, unusual in enumerate(map(check, columns[name]))
            if unusual is not None
        ]
        return sorted(found, key=attrgetter("row"))

    def warnings(self, index: int, row: TypedRow) -> Iterator[RowWarning]:
        """What is unusual about one typed row, which stands at ``index`` of its request."""
        return (
            RowWarning(index, name, *unusual)
            for name, check in self._value_checks
            if (unusual := check(row[name])) is not None
        )


def _plain_row(row: Any) -> Any:
    return {name: plain(value) for name, value in row.items()} if isinstance(row, Mapping) else row


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

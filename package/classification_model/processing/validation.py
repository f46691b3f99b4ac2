"""The boundary: raw rows in, typed rows out, every fault named by row, column, value and rule.

One set of rules serves training data, the command line and the API.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Annotated, Any, NotRequired

from pydantic import ConfigDict, PlainValidator, TypeAdapter, ValidationError, WithJsonSchema
from typing_extensions import TypedDict

from classification_model.config.schema import Column, RowSchema
from classification_model.errors import RowError
from classification_model.processing.data_warnings import RowWarning, value_checks
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.scalars import plain
from classification_model.processing.value_rules import TypedRow, TypedValue, parser

__all__ = ["RowValidator", "RowWarning", "Validated"]


@dataclass(frozen=True, slots=True)
class Validated:
    """Typed rows, ``None`` in the place of each bad one, and why those are bad."""

    rows: list[TypedRow | None]
    errors: list[RowError]


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
            RowWarning(i, name, *noticed)
            for name, check, doubts in self._value_checks
            for i in doubts(columns[name])
            if (noticed := check(columns[name][i])) is not None
        ]
        return sorted(found, key=attrgetter("row"))

    def warnings(self, index: int, row: TypedRow) -> Iterator[RowWarning]:
        """The data warnings of one typed row, which stands at ``index`` of its request."""
        return (
            RowWarning(index, name, *found)
            for name, check, _ in self._value_checks
            if (found := check(row[name])) is not None
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

"""Rows straight from JSON text: most values are checked without a call of Python.

The rule of a column is the one in value_rules.py. Here a check that pydantic has compiled is
asked first, limited to the values that the rule returns as they are; every other value goes
to the rule itself. So both accept the same rows and make the same of them. What is refused
here has no useful error: ask :class:`~classification_model.processing.validation.RowValidator`.

One row is read by :func:`row_schema`, and many are quicker by :func:`column_reader`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NoReturn

from pydantic_core import CoreSchema, SchemaValidator
from pydantic_core import core_schema as build

from classification_model.config.schema import Column, RowSchema
from classification_model.processing.profile import Profile
from classification_model.processing.value_rules import TypedValue, bounds, parser

__all__ = ["column_reader", "row_schema"]

# Every whole number up to here is a float, so the rule, which goes through float, changes none.
_EXACT = 2**53


def row_schema(schema: RowSchema, profile: Profile | None = None) -> CoreSchema:
    """One row for a pydantic ``SchemaValidator`` that reads JSON.

    The categories that training saw, which ``profile`` has, are checked without Python, too.

    Where a column is missing that raises ``LookupError``, at once: in an error of its own each
    column that is missing would have a copy of the row.
    """
    fields = {
        name: build.typed_dict_field(
            build.with_default_schema(
                _value_schema(column, schema, _usual_words(name, column, profile)),
                default_factory=_missing,
            )
        )
        for name, column in schema.columns.items()
    }
    for name in schema.ignored:
        fields[name] = build.typed_dict_field(build.any_schema(), required=False)
    return build.typed_dict_schema(fields, extra_behavior="forbid")


def column_reader(
    schema: RowSchema, profile: Profile | None = None
) -> Callable[[Sequence[Any]], dict[str, list[TypedValue]]]:
    """What gives the typed values of each column from parsed rows; it raises where one is bad."""
    checks = {
        name: SchemaValidator(
            build.list_schema(_value_schema(column, schema, _usual_words(name, column, profile)))
        ).validate_python
        for name, column in schema.columns.items()
    }
    known = {*checks, *schema.ignored}

    def read(rows: Sequence[Mapping[str, object]]) -> dict[str, list[TypedValue]]:
        for row in rows:
            if len(row) > len(checks) and not row.keys() <= known:
                raise LookupError("a row with a column that the model does not know")
        return {name: check([row[name] for row in rows]) for name, check in checks.items()}

    return read


def _missing() -> NoReturn:
    raise LookupError("a row without one of its columns")


def _usual_words(name: str, column: Column, profile: Profile | None) -> Iterable[str]:
    """Categories that a row will mostly have, all of which the column's own rule allows."""
    if column.categories:
        return column.categories
    return profile.columns[name].categories if profile else ()


def _value_schema(column: Column, schema: RowSchema, words: Iterable[str]) -> CoreSchema:
    rule = parser(column, schema.missing_markers)
    exact = build.no_info_plain_validator_function(rule)
    compiled = _compiled(column, schema, words)
    if compiled is None:
        return exact
    either = build.union_schema([compiled, exact], mode="left_to_right")
    return either if column.required else build.nullable_schema(either)


def _compiled(column: Column, schema: RowSchema, words: Iterable[str]) -> CoreSchema | None:
    """A check whose every accepted value is one that the column's rule returns unchanged."""
    low, high = bounds(column)
    low, high = max(low, -_EXACT), min(high, _EXACT)
    if low > high:
        return None
    if column.kind == "number":
        return build.float_schema(strict=True, ge=low, le=high)
    if column.kind == "integer":
        return build.int_schema(strict=True, ge=math.ceil(low), le=math.floor(high))
    if column.kind == "boolean":
        return build.bool_schema(strict=True)
    missing = (*schema.missing_markers, *column.missing_markers)
    plain = [word for word in words if word == word.strip() and word not in missing]
    return build.literal_schema(plain) if plain else None

"""Rows straight from JSON text: most values are checked without a call of Python.

The rule of a column is the one in validation.py. Here a check that pydantic has compiled is
asked first, limited to the values that the rule returns as they are; every other value goes
to the rule itself. So both accept the same rows and make the same of them. What is refused
here has no useful error: ask :class:`~classification_model.processing.validation.RowValidator`.
"""

from __future__ import annotations

from typing import NoReturn

from pydantic_core import CoreSchema
from pydantic_core import core_schema as build

from classification_model.config.schema import Column, RowSchema
from classification_model.processing.validation import parser

__all__ = ["row_schema"]

# Every whole number up to here is a float, so the rule, which goes through float, changes none.
_EXACT = 2**53


def row_schema(schema: RowSchema) -> CoreSchema:
    """One row for a pydantic ``SchemaValidator`` that reads JSON.

    Where a column is missing that raises ``LookupError``, at once: in an error of its own each
    column that is missing would have a copy of the row.
    """
    fields = {
        name: build.typed_dict_field(
            build.with_default_schema(_value_schema(column, schema), default_factory=_missing)
        )
        for name, column in schema.columns.items()
    }
    for name in schema.ignored:
        fields[name] = build.typed_dict_field(build.any_schema(), required=False)
    return build.typed_dict_schema(fields, extra_behavior="forbid")


def _missing() -> NoReturn:
    raise LookupError("a row without one of its columns")


def _value_schema(column: Column, schema: RowSchema) -> CoreSchema:
    rule = parser(
        column, missing_markers=schema.missing_markers, decimal_comma=schema.decimal_comma
    )
    exact = build.no_info_plain_validator_function(rule)
    compiled = _compiled(column, schema)
    if compiled is None:
        return exact
    either = build.union_schema([compiled, exact], mode="left_to_right")
    return build.nullable_schema(either) if column.nullable else either


def _compiled(column: Column, schema: RowSchema) -> CoreSchema | None:
    """A check whose every accepted value is one that the column's rule returns unchanged."""
    if column.kind == "number":
        return build.float_schema(strict=True, ge=-_EXACT, le=_EXACT)
    if column.kind == "integer":
        return build.int_schema(strict=True, ge=-_EXACT, le=_EXACT)
    if column.kind == "boolean":
        return build.bool_schema(strict=True)
    missing = schema.missing_markers
    words = [word for word in column.categories if word == word.strip() and word not in missing]
    return build.literal_schema(words) if words else None

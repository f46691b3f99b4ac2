"""The row schema: what is accepted, what is refused and by which name."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import SchemaValidator, core_schema

from classification_model.config.schema import Column, RowSchema
from classification_model.processing.json_rows import row_schema
from classification_model.processing.validation import RowValidator

SCHEMA = RowSchema(
    columns={
        "whole number": Column(kind="integer", minimum=0, maximum=10),
        "class": Column(kind="number", nullable=True),
        "größe": Column(kind="category", categories=("klein", "groß", "3"), nullable=True),
        "a.b": Column(kind="boolean"),
        "when": Column(kind="date"),
        "note": Column(kind="text", nullable=True),
    },
    ignored=("id",),
    missing_markers=("?", "", "N/A"),
)
VALIDATOR = RowValidator(SCHEMA)
GOOD: dict[str, Any] = {
    "whole number": 3,
    "class": 1.5,
    "größe": "groß",
    "a.b": True,
    "when": "2024-12-31",
    "note": "so it goes",
}

MARKERS = ("?", "", "N/A")
NAMES = st.text(st.characters(codec="utf-8"), max_size=20)
WORDS = NAMES.map(str.strip).filter(lambda text: text not in MARKERS)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(-(2**53), 2**53),
    "number": st.floats(width=32, allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "category": WORDS,
    "date": st.dates().map(str),
    "text": WORDS,
}
BROKEN: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.sampled_from([True, "x", 1.5, [], {}, math.nan]),
    "number": st.sampled_from([False, "1,5", "x", [1], math.inf]),
    "boolean": st.sampled_from([2, "perhaps", [True]]),
    "category": st.sampled_from([True, ["a"], {"a": 1}, math.nan]),
    "date": st.sampled_from([20241231, "31.12.2024", "2024-02-30", True]),
    "text": st.sampled_from([False, [], {}]),
}


@st.composite
def schemas(draw: st.DrawFn) -> RowSchema:
    """Any columns, by any names, of any kinds."""
    columns = {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=6, unique=True)):
        kind = draw(st.sampled_from(sorted(VALUES)))
        categories = draw(st.lists(WORDS, min_size=1, unique=True)) if kind == "category" else ()
        columns[name] = Column(
            kind=kind, nullable=draw(st.booleans()), categories=tuple(categories)
        )
    ignored = draw(NAMES.filter(lambda name: name not in columns))
    return RowSchema(columns=columns, ignored=(ignored,), missing_markers=MARKERS)


@st.composite
def schemas_with_rows(draw: st.DrawFn) -> tuple[RowSchema, dict[str, Any]]:
    """Any schema with a row that is in order."""
    schema = draw(schemas())
    row = {
        name: draw(VALUES[column.kind] | st.none() if column.nullable else VALUES[column.kind])
        for name, column in schema.columns.items()
    }
    return schema, row


def found(schema: RowSchema, row: object) -> list[tuple[str | None, str]]:
    """The faults of a row, by column and rule; it is sent through JSON, as it would be."""
    sent = json.loads(json.dumps([row]))
    return [(e.column, e.rule) for e in RowValidator(schema).validate(sent).errors]


@given(schemas_with_rows())
def test_a_valid_row_is_accepted_and_loses_nothing_by_way_of_json(
    case: tuple[RowSchema, dict[str, Any]],
) -> None:
    schema, row = case
    checked = RowValidator(schema).validate(json.loads(json.dumps([row])))
    assert checked.errors == []
    (typed,) = checked.rows
    assert typed is not None
    assert json.loads(json.dumps(typed, default=str)) == row


@given(schemas_with_rows(), st.data())
def test_a_row_without_a_column_is_refused_by_its_name(
    case: tuple[RowSchema, dict[str, Any]], data: st.DataObject
) -> None:
    schema, row = case
    absent = data.draw(st.sampled_from(sorted(row)))
    del row[absent]
    assert found(schema, row) == [(absent, "missing")]


@given(schemas_with_rows(), NAMES)
def test_an_unknown_column_is_refused_by_its_name(
    case: tuple[RowSchema, dict[str, Any]], name: str
) -> None:
    schema, row = case
    assume(name not in (*schema.columns, *schema.ignored))
    assert found(schema, {**row, name: 1}) == [(name, "extra_forbidden")]


@given(schemas_with_rows(), st.data())
def test_a_broken_value_is_refused_by_the_name_of_its_column(
    case: tuple[RowSchema, dict[str, Any]], data: st.DataObject
) -> None:
    schema, row = case
    name = data.draw(st.sampled_from(sorted(row)))
    row[name] = data.draw(BROKEN[schema.columns[name].kind])
    ((column, rule),) = found(schema, row)
    assert column == name
    assert rule != "missing"


@given(schemas_with_rows(), st.data())
def test_a_missing_value_is_accepted_only_where_the_schema_says_so(
    case: tuple[RowSchema, dict[str, Any]], data: st.DataObject
) -> None:
    schema, row = case
    name = data.draw(st.sampled_from(sorted(row)))
    row[name] = data.draw(st.sampled_from([None, *MARKERS, " ? "]))
    faults = found(schema, row)
    assert faults == ([] if schema.columns[name].nullable else [(name, "missing_value")])


@given(schemas_with_rows())
def test_the_columns_that_are_ignored_are_not_looked_at(
    case: tuple[RowSchema, dict[str, Any]],
) -> None:
    schema, row = case
    assert found(schema, {**row, schema.ignored[0]: ["anything"]}) == []


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("class", "old", "number_type"),
        ("class", True, "number_type"),
        ("class", [1], "number_type"),
        ("class", {}, "number_type"),
        ("class", "1_000", "number_type"),
        ("class", "nan", "number_type"),
        ("class", math.nan, "finite_number"),
        ("class", math.inf, "finite_number"),
        ("class", "1e999", "finite_number"),
        ("class", 1e39, "number_range"),
        ("class", 10**400, "number_range"),
        ("whole number", 1.5, "whole_number"),
        ("whole number", None, "missing_value"),
        ("whole number", "?", "missing_value"),
        ("a.b", "perhaps", "boolean_type"),
        ("a.b", 2, "boolean_type"),
        ("when", "31/12/2024", "date_type"),
        ("when", 20241231, "date_type"),
        ("größe", True, "text_type"),
        ("größe", ["groß"], "text_type"),
        ("note", {"a": 1}, "text_type"),
    ],
)
def test_a_wrong_value_is_refused_by_column_and_rule(column: str, value: object, rule: str) -> None:
    errors = VALIDATOR.validate([{**GOOD, column: value}]).errors
    assert [(error.row, error.column, error.rule) for error in errors] == [(0, column, rule)]


@pytest.mark.parametrize(
    ("column", "raw", "typed"),
    [
        ("whole number", "3", 3),
        ("whole number", 3.0, 3),
        ("class", " 2.5 ", 2.5),
        ("class", "?", None),
        ("class", "", None),
        ("größe", " N/A ", None),
        ("größe", 3, "3"),
        ("größe", 3.0, "3"),
        ("a.b", "Yes", True),
        ("a.b", 0, False),
        ("when", date(2024, 12, 31), date(2024, 12, 31)),
        ("note", None, None),
    ],
)
def test_the_spellings_of_one_value_are_one_value(column: str, raw: object, typed: object) -> None:
    (row,) = VALIDATOR.validate([{**GOOD, column: raw}]).rows
    assert row is not None
    assert row[column] == typed
    assert type(row[column]) is type(typed)


def test_a_bad_row_does_not_hide_the_others() -> None:
    checked = VALIDATOR.validate([GOOD, {**GOOD, "class": "x"}, GOOD, {}])
    assert [row is None for row in checked.rows] == [False, True, False, True]
    assert {error.row for error in checked.errors} == {1, 3}


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("whole number", 11, "out_of_range"),
        ("whole number", -1, "out_of_range"),
        ("größe", "riesig", "unseen_category"),
    ],
)
def test_what_training_has_not_seen_is_warned_about(column: str, value: object, rule: str) -> None:
    (row,) = VALIDATOR.validate([{**GOOD, column: value}]).rows
    assert row is not None
    warnings = list(VALIDATOR.warnings(7, row))
    assert [(w.row, w.column, w.rule) for w in warnings] == [(7, column, rule)]


def test_a_usual_row_has_no_warnings() -> None:
    (row,) = VALIDATOR.validate([GOOD]).rows
    assert row is not None
    assert list(VALIDATOR.warnings(0, row)) == []


JSON_ROWS = SchemaValidator(core_schema.list_schema(row_schema(SCHEMA)))
ANY_VALUE: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(2**52, 2**70)
    | st.integers(-3, 12)
    | st.sampled_from(["?", " ? ", "N/A", "", "3", " 3.0", "1e5", "groß", " groß ", "yes", "\x1c3"])
    | WORDS
    | st.just([])
)


VALID_ROWS = st.fixed_dictionaries(
    {
        name: VALUES[column.kind] | st.none() if column.nullable else VALUES[column.kind]
        for name, column in SCHEMA.columns.items()
    },
    optional={"id": st.integers() | WORDS},
)


@given(VALID_ROWS, st.dictionaries(st.sampled_from([*GOOD, "id", "more"]), ANY_VALUE, max_size=2))
def test_rows_read_from_json_are_the_rows_that_the_rules_give(
    row: dict[str, Any], changes: dict[str, Any]
) -> None:
    text = json.dumps([{**row, **changes}])
    checked = VALIDATOR.validate(json.loads(text))
    try:
        read = JSON_ROWS.validate_json(text)
    except ValidationError:
        assert checked.errors
    else:
        assert repr(read) == repr(checked.rows)  # types and signs of zero, too

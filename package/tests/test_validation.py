"""The row schema: what is accepted, what is refused and by which name."""

from __future__ import annotations

import json
import math
from datetime import date
from typing import Any

import pytest
from hypothesis import given
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

FLOAT32 = st.floats(width=32, allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(codec="utf-8")).filter(
    lambda text: text.strip() not in ("?", "", "N/A")
)
VALID_ROWS = st.fixed_dictionaries(
    {
        "whole number": st.integers(-(2**53), 2**53),
        "class": st.none() | FLOAT32,
        "größe": st.none() | TEXT,
        "a.b": st.booleans(),
        "when": st.dates().map(str),
        "note": st.none() | TEXT,
    },
    optional={"id": st.integers() | TEXT},
)


@given(VALID_ROWS)
def test_a_valid_row_is_accepted_and_survives_json(row: dict[str, Any]) -> None:
    sent = json.loads(json.dumps(row))
    checked = VALIDATOR.validate([sent])
    assert checked.errors == []
    typed = checked.rows[0]
    assert typed is not None
    for name in ("whole number", "class", "a.b"):
        assert typed[name] == row[name]
    assert str(typed["when"]) == row["when"]
    for name in ("größe", "note"):
        assert typed[name] == (None if row[name] is None else row[name].strip())


@given(VALID_ROWS, st.sampled_from(sorted(SCHEMA.columns)))
def test_a_row_without_a_column_is_refused_by_its_name(row: dict[str, Any], absent: str) -> None:
    del row[absent]
    errors = VALIDATOR.validate([row]).errors
    assert [(error.column, error.rule) for error in errors] == [(absent, "missing")]


@given(VALID_ROWS, TEXT.filter(lambda name: name not in (*SCHEMA.columns, "id")))
def test_an_unknown_column_is_refused_by_its_name(row: dict[str, Any], unknown: str) -> None:
    errors = VALIDATOR.validate([{**row, unknown: 1}]).errors
    assert [(error.column, error.rule) for error in errors] == [(unknown, "extra_forbidden")]


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
    | TEXT
    | st.just([])
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

"""The row schema: what is accepted, what is refused and by which name."""

from __future__ import annotations

import json
import math
from datetime import date, datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError, SchemaValidator, core_schema, from_json

from classification_model.config.schema import LARGEST, Column, RowSchema
from classification_model.processing.encoding import by_column
from classification_model.processing.json_rows import column_reader, row_schema
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.validation import RowValidator
from classification_model.processing.value_rules import bounds, parser

SCHEMA = RowSchema(
    columns={
        "whole number": Column(kind="integer", required=True),
        "class": Column(kind="number"),
        "größe": Column(kind="category"),
        "a.b": Column(kind="boolean", required=True),
        "when": Column(kind="date", required=True),
        "note": Column(kind="raw"),
        "floor": Column(kind="integer", minimum=-1.5, maximum=9),
        "share": Column(kind="number", minimum=0),
        "grade": Column(kind="category", categories=("a", "3", " b", "?"), required=True),
    },
    ignored=("id",),
    missing_markers=("?", "", "N/A"),
)
PROFILE = Profile(
    rows=9,
    classes=(("p", 9),),
    columns={
        "whole number": ColumnProfile(minimum=0, maximum=10),
        "class": ColumnProfile(missing=1),
        "größe": ColumnProfile(missing=1, categories={"3": 1, "groß": 4, "klein": 3}),
        "a.b": ColumnProfile(),
        "when": ColumnProfile(),
        "note": ColumnProfile(missing=2),
        "floor": ColumnProfile(missing=1, minimum=0, maximum=3),
        "share": ColumnProfile(missing=1, minimum=0.0, maximum=1e9),
        "grade": ColumnProfile(categories={"3": 1, "a": 8}),
    },
)
GOOD: dict[str, Any] = {
    "whole number": 3,
    "class": 1.5,
    "größe": "groß",
    "a.b": True,
    "when": "2024-12-31",
    "note": "so it goes",
    "floor": 0,
    "share": 0.5,
    "grade": "a",
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
    "raw": WORDS,
}
BROKEN: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.sampled_from([True, "x", 1.5, [], {}, math.inf]),
    "number": st.sampled_from([False, "1,5", "x", [1], math.inf]),
    "boolean": st.sampled_from([2, "perhaps", [True]]),
    "category": st.sampled_from([True, ["a"], {"a": 1}, math.inf]),
    "date": st.sampled_from([20241231, "31.12.2024", "2024-02-30", True]),
    "raw": st.sampled_from([False, [], {}]),
}


@st.composite
def schemas(draw: st.DrawFn) -> RowSchema:
    """Any columns, by any names, of any kinds."""
    columns = {}
    for name in draw(st.lists(NAMES, min_size=1, max_size=6, unique=True)):
        kind = draw(st.sampled_from(sorted(VALUES)))
        rules: dict[str, Any] = {"required": draw(st.booleans())}
        if kind == "category":
            rules["categories"] = tuple(draw(st.lists(WORDS, max_size=3, unique=True)))
        if kind in ("integer", "number"):
            low, high = sorted(draw(st.tuples(VALUES[kind], VALUES[kind])))
            rules["minimum"] = draw(st.sampled_from([None, low]))
            rules["maximum"] = draw(st.sampled_from([None, high]))
        columns[name] = Column(kind=kind, **rules)
    ignored = draw(NAMES.filter(lambda name: name not in columns))
    return RowSchema(columns=columns, ignored=(ignored,), missing_markers=MARKERS)


def values_of(column: Column) -> st.SearchStrategy[Any]:
    """What a column accepts as JSON has it."""
    values = VALUES[column.kind]
    if column.categories:
        spelled = [word for word in column.categories if word.strip() == word]
        values = st.sampled_from([word for word in spelled if word not in MARKERS])
    if column.minimum is not None or column.maximum is not None:
        low, high = bounds(column)
        if column.kind == "integer":
            values = st.integers(int(max(low, -(2**53))), int(min(high, 2**53)))
        else:
            values = st.sampled_from([max(low, -LARGEST), min(high, LARGEST)])
    return values if column.required else values | st.none()


@st.composite
def schemas_with_rows(draw: st.DrawFn) -> tuple[RowSchema, dict[str, Any]]:
    """Any schema with a row that is in order."""
    schema = draw(schemas())
    return schema, {name: draw(values_of(column)) for name, column in schema.columns.items()}


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
    assert faults == ([(name, "missing_value")] if schema.columns[name].required else [])


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
        ("class", "1,5", "number_type"),
        ("class", "e5", "number_type"),
        ("class", "-1e39", "number_range"),
        ("class", True, "number_type"),
        ("class", [1], "number_type"),
        ("class", {}, "number_type"),
        ("class", "1_000", "number_type"),
        ("class", "nan", "number_type"),
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
        ("when", "2024-13-01", "date_type"),
        ("größe", True, "text_type"),
        ("größe", math.inf, "text_type"),
        ("größe", 1e39, "text_type"),
        ("größe", LARGEST, "text_type"),
        ("größe", ["groß"], "text_type"),
        ("note", {"a": 1}, "text_type"),
        ("floor", -2, "below_minimum"),
        ("floor", "10", "above_maximum"),
        ("floor", 1.5, "whole_number"),
        ("share", -1e-9, "below_minimum"),
        ("share", 1e39, "number_range"),
        ("grade", "c", "unlisted_category"),
        ("grade", "A", "unlisted_category"),
        ("grade", True, "text_type"),
        ("grade", "?", "missing_value"),
    ],
)
def test_a_wrong_value_is_refused_by_column_and_rule(column: str, value: object, rule: str) -> None:
    errors = RowValidator(SCHEMA).validate([{**GOOD, column: value}]).errors
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
        ("floor", "-1", -1),
        ("share", 0, 0.0),
        ("share", 2**53, 2.0**53),
        ("grade", 3.0, "3"),
        ("grade", " a ", "a"),
    ],
)
def test_the_spellings_of_one_value_are_one_value(column: str, raw: object, typed: object) -> None:
    (row,) = RowValidator(SCHEMA).validate([{**GOOD, column: raw}]).rows
    assert row is not None
    assert row[column] == typed
    assert type(row[column]) is type(typed)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("class", "old", "should be a number"),
        ("class", math.inf, "should be a finite number"),
        ("class", 1e39, "should be within the range of a 32-bit float"),
        ("whole number", 1.5, "should be a whole number"),
        ("whole number", None, "is missing, and the column must have a value"),
        ("a.b", "perhaps", "should be true or false"),
        ("when", "soon", "should be a date such as 2024-12-31"),
        ("when", 20241231, "should be a date such as 2024-12-31"),
        ("note", True, "should be text"),
        ("floor", -2, "should be at least -1.5"),
        ("floor", 10, "should be at most 9"),
        ("grade", "c", "should be one of a, 3,  b, ?"),
        ("more", 1, "the model knows no such column"),
    ],
)
def test_a_refusal_says_what_a_value_should_be(column: str, value: object, message: str) -> None:
    (error,) = RowValidator(SCHEMA).validate([GOOD, {**GOOD, column: value}]).errors
    assert (error.row, error.column, error.message) == (1, column, message)
    assert error.value == value


def test_a_column_that_is_not_sent_has_no_value() -> None:
    row = {name: value for name, value in GOOD.items() if name != "when"}
    (error,) = RowValidator(SCHEMA).validate([row]).errors
    assert error.as_dict() == {
        "row": 0,
        "column": "when",
        "rule": "missing",
        "message": "the column is missing",
        "value": None,
    }


def test_what_is_no_row_is_refused_as_a_whole() -> None:
    (error,) = RowValidator(SCHEMA).validate([GOOD, 5]).errors  # type: ignore[list-item]
    assert (error.row, error.column, error.value) == (1, None, 5)


def typed(column: Column, value: object, **schema: Any) -> Any:
    """What a schema of one column makes of a value; the rule, where that refuses it."""
    checked = RowValidator(RowSchema(columns={"x": column}, **schema)).validate([{"x": value}])
    (row,) = checked.rows
    return checked.errors[0].rule if row is None else row["x"]


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,5", 1.5), ("-,5", -0.5), ("1.5", None), ("1.000,5", None), ("1,0,5", None), ("2", 2.0)],
)
def test_a_text_is_a_number_as_its_column_writes_it(text: str, number: float | None) -> None:
    column = Column(kind="number", decimal=",")
    assert typed(column, text) == (number or "number_type")
    if "," in text:
        with pytest.raises(PydanticCustomError):
            parser(Column(kind="number"))(text)


def test_a_number_of_json_is_the_number_however_its_column_is_written() -> None:
    column = Column(kind="number", decimal=",", thousands=".", unit="%")
    assert typed(column, 1.5) == 1.5
    assert typed(column, "1.500,5 %") == 1500.5


def test_a_refusal_says_what_a_text_may_mean() -> None:
    column = Column(kind="number", decimal=",", thousands=".")
    (error,) = RowValidator(RowSchema(columns={"x": column})).validate([{"x": "1.5"}]).errors
    assert str(error) == (
        "row 0, column 'x': should be a number, written as 1.234,5; as it stands it may mean 1.5 "
        "or 15, found '1.5'"
    )


def test_a_column_may_have_markers_of_its_own() -> None:
    schema = RowSchema(
        columns={"x": Column(kind="number", missing_markers=("-",)), "y": Column(kind="category")},
        missing_markers=("?",),
    )
    assert RowValidator(schema).validate([{"x": "-", "y": "-"}, {"x": "?", "y": "?"}]).rows == [
        {"x": None, "y": "-"},
        {"x": None, "y": None},
    ]


def test_a_date_with_its_time_keeps_it() -> None:
    column = Column(kind="date", date_format="%d/%m/%Y %H:%M", time_zone="+02:00")
    found = typed(column, "31/12/2024 18:30")
    assert isinstance(found, datetime)
    assert found.isoformat() == "2024-12-31T18:30:00+02:00"
    assert typed(column, "2024-12-31T16:30:00Z") == found


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("31.12.2024", date(2024, 12, 31)),
        ("2024-12-31", date(2024, 12, 31)),
        ("2024-12-31T10:00:00", date(2024, 12, 31)),
        (datetime(2024, 12, 31, 23, 59), date(2024, 12, 31)),  # noqa: DTZ001 - a day
        ("12/31/2024", "date_type"),
    ],
)
def test_a_date_is_read_as_the_schema_writes_it_and_as_iso_does(value: object, day: object) -> None:
    read = typed(Column(kind="date", date_format="%d.%m.%Y"), value)
    assert (read, type(read)) == (day, type(day))


def test_a_validator_knows_its_schema() -> None:
    assert RowValidator(SCHEMA).schema is SCHEMA


def test_a_refused_date_is_shown_one_as_the_schema_writes_it() -> None:
    schema = RowSchema(columns={"x": Column(kind="date", date_format="%d.%m.%Y")})
    (error,) = RowValidator(schema).validate([{"x": "soon"}]).errors
    assert error.message == "should be a date such as 31.12.2024"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (2.5, "2.5"),
        (-0.0, "0"),
        (1e20, "1" + "0" * 20),
        (np.int64(3), "3"),
        (np.float32(2.5), "2.5"),
    ],
)
def test_a_number_is_the_text_that_a_csv_would_have(value: object, text: str) -> None:
    assert typed(Column(kind="raw"), value) == text


@pytest.mark.parametrize("kind", ["integer", "number"])
def test_numbers_of_numpy_are_numbers(kind: Any) -> None:
    assert typed(Column(kind=kind), np.int64(3)) == 3
    assert typed(Column(kind=kind), np.float32(3)) == 3
    assert typed(Column(kind=kind), np.bool_(True)) == "number_type"


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_number_is_that_of_a_float32(sign: int) -> None:
    largest = float(np.finfo(np.float32).max) * sign
    assert typed(Column(kind="number"), largest) == largest
    assert typed(Column(kind="number"), math.nextafter(largest, math.inf * sign)) == "number_range"


@pytest.mark.parametrize(
    ("words", "truth"),
    [("true t yes y on 1 TRUE Yes", True), ("false f no n off 0 FALSE No", False)],
)
def test_the_words_for_true_and_false(words: str, truth: object) -> None:
    for word in words.split():
        assert typed(Column(kind="boolean"), word) is truth
    assert typed(Column(kind="boolean"), int(bool(truth))) is truth
    assert typed(Column(kind="boolean"), truth) is truth


@pytest.mark.parametrize(
    ("column", "seen", "shown"),
    [
        (Column(kind="integer", required=True), ColumnProfile(), {"type": "integer"}),
        (
            Column(kind="number"),
            ColumnProfile(minimum=0, maximum=2, example=1.5),
            {
                "type": ["number", "null"],
                "description": "Seen in training: 0 to 2. May be null.",
                "examples": [1.5],
            },
        ),
        (
            Column(kind="number", required=True, minimum=0, maximum=9),
            ColumnProfile(),
            {"type": "number", "minimum": 0, "maximum": 9},
        ),
        (
            Column(kind="boolean", required=True),
            ColumnProfile(example=False),
            {"type": "boolean", "examples": [False]},
        ),
        (
            Column(kind="category", required=True),
            ColumnProfile(categories={"a": 1, "b": 2}),
            {"type": "string", "description": "Seen in training: a, b."},
        ),
        (
            Column(kind="category", categories=("a", "b")),
            ColumnProfile(),
            {"type": ["string", "null"], "enum": ["a", "b", None], "description": "May be null."},
        ),
        (
            Column(kind="date", required=True),
            ColumnProfile(),
            {"type": "string", "format": "date"},
        ),
        (
            Column(kind="date", date_format="%d.%m.%Y", required=True),
            ColumnProfile(),
            {"type": "string"},
        ),
        (
            Column(kind="raw"),
            ColumnProfile(),
            {"type": ["string", "null"], "description": "May be null."},
        ),
    ],
)
def test_a_column_is_shown_as_json_schema(
    column: Column, seen: ColumnProfile, shown: dict[str, Any]
) -> None:
    profile = Profile(rows=1, classes=(), columns={"x": seen})
    row_type = RowValidator(RowSchema(columns={"x": column}, ignored=("y",)), profile).row_type
    document = TypeAdapter(row_type).json_schema()
    assert document["properties"]["x"] == {"title": "x", **shown}
    note = {"title": "y", "description": "Accepted, and not looked at."}
    assert document["properties"]["y"] == note
    assert document["title"] == "Row"
    assert document["required"] == ["x"]
    assert document["additionalProperties"] is False


def test_nan_is_missing_among_pythons_values_and_a_fault_in_json() -> None:
    validator = RowValidator(RowSchema(columns={"x": Column(kind="number")}))
    rows = [{"x": float("nan")}]
    assert validator.validate(rows).rows == [{"x": None}]
    (fault,) = validator.check(rows).errors
    assert (fault.row, fault.column, fault.rule) == (0, "x", "finite_number")


def told(row: dict[str, Any], **seen: ColumnProfile) -> list[tuple[str, str, str]]:
    """What is said of a row: column, rule and message."""
    profile = PROFILE.model_copy(update={"columns": {**PROFILE.columns, **seen}})
    validator = RowValidator(SCHEMA, profile)
    (typed,) = validator.validate([row]).rows
    assert typed is not None
    return [(one.column, one.rule, one.message) for one in validator.warnings(0, typed)]


@pytest.mark.parametrize(
    ("column", "value", "rule", "message"),
    [
        ("whole number", -1, "out_of_range", "-1 is below the minimum 0 seen in training"),
        ("whole number", 11, "out_of_range", "11 is above the maximum 10 seen in training"),
        ("floor", 9, "out_of_range", "9 is above the maximum 3 seen in training"),
        ("größe", "riesig", "unseen_category", "'riesig' is rare or unseen in training"),
    ],
)
def test_a_warning_says_what_training_has_seen(
    column: str, value: object, rule: str, message: str
) -> None:
    assert told({**GOOD, column: value}) == [(column, rule, message)]


@pytest.mark.parametrize("column", ["class", "größe", "note", "floor"])
def test_a_value_that_never_was_missing_is_warned_about_when_it_is(column: str) -> None:
    row = {**GOOD, column: None}
    assert told(row) == []
    never = PROFILE.columns[column].model_copy(update={"missing": 0})
    message = "is missing, and never was in training"
    assert told(row, **{column: never}) == [(column, "never_missing", message)]


def test_without_a_profile_nothing_is_unusual() -> None:
    assert list(RowValidator(SCHEMA).warnings(0, {**GOOD, "whole number": 11})) == []


@pytest.mark.parametrize(("value", "rule"), [(0, None), (2, None), (-1e-9, "out_of_range")])
def test_the_bounds_that_training_saw_are_within_them(value: float, rule: str | None) -> None:
    profile = Profile(rows=1, classes=(), columns={"x": ColumnProfile(minimum=0, maximum=2)})
    validator = RowValidator(RowSchema(columns={"x": Column(kind="number")}), profile)
    assert [warning.rule for warning in validator.warnings(0, {"x": value})] == [rule] * bool(rule)


def test_a_warning_as_a_dictionary_has_its_facts() -> None:
    (warning,) = RowValidator(SCHEMA, PROFILE).warnings(3, {**GOOD, "whole number": 11})
    assert warning.as_dict() == {
        "row": 3,
        "column": "whole number",
        "rule": "out_of_range",
        "message": "11 is above the maximum 10 seen in training",
    }


def test_a_bad_row_does_not_hide_the_others() -> None:
    checked = RowValidator(SCHEMA).validate([GOOD, {**GOOD, "class": "x"}, GOOD, {}])
    assert [row is None for row in checked.rows] == [False, True, False, True]
    assert {error.row for error in checked.errors} == {1, 3}


def test_a_usual_row_has_no_warnings() -> None:
    (row,) = RowValidator(SCHEMA).validate([GOOD]).rows
    assert row is not None
    assert list(RowValidator(SCHEMA, PROFILE).warnings(0, row)) == []


JSON_ROWS = SchemaValidator(core_schema.list_schema(row_schema(SCHEMA, PROFILE)))
JSON_COLUMNS = column_reader(SCHEMA, PROFILE)
ANY_VALUE: st.SearchStrategy[Any] = (
    st.none()
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.integers(2**52, 2**70)
    | st.integers(-3, 12)
    | st.sampled_from(
        [
            "?",
            " ? ",
            "N/A",
            "",
            "3",
            " 3.0",
            "1e5",
            "a",
            "b",
            " b",
            "groß",
            " groß ",
            "yes",
            "\x1c3",
        ]
    )
    | WORDS
    | st.just([])
)


VALID_ROWS = st.fixed_dictionaries(
    {name: values_of(column) for name, column in SCHEMA.columns.items()},
    optional={"id": st.integers() | WORDS},
)


def test_rows_read_from_json_without_a_column_are_refused_at_once() -> None:
    for name in SCHEMA.columns:
        with pytest.raises(LookupError):
            JSON_ROWS.validate_json(json.dumps([{k: v for k, v in GOOD.items() if k != name}]))
        for others in ({}, {"id": 1, "more": 2}):
            with pytest.raises(LookupError):
                JSON_COLUMNS([GOOD, {**{k: v for k, v in GOOD.items() if k != name}, **others}])


@given(VALID_ROWS, st.dictionaries(st.sampled_from([*GOOD, "id", "more"]), ANY_VALUE, max_size=2))
def test_rows_read_from_json_are_the_rows_that_the_rules_give(
    row: dict[str, Any], changes: dict[str, Any]
) -> None:
    text = json.dumps([{**row, **changes}])
    checked = RowValidator(SCHEMA).validate(json.loads(text))
    try:
        read = JSON_ROWS.validate_json(text)
    except ValidationError:
        assert checked.errors
        with pytest.raises((ValidationError, LookupError)):
            JSON_COLUMNS(from_json(text))
    else:
        assert repr(read) == repr(checked.rows)  # types and signs of zero, too
        assert repr(JSON_COLUMNS(from_json(text))) == repr(by_column(read, SCHEMA.columns))

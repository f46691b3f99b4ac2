"""Whole columns: what is made of them is what is made of the rows, to the bit."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import SchemaValidator, ValidationError

from classification_model.config.schema import Column, DerivedFeature, RowSchema
from classification_model.processing.column_rules import ColumnRules
from classification_model.processing.columns import ColumnEncoder, learn_features
from classification_model.processing.encoding import RowEncoder, by_column
from classification_model.processing.features import feature_plan
from classification_model.processing.functions import functions_of
from classification_model.processing.json_rows import column_reader, row_schema
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.typed_columns import columns_of_rows
from classification_model.processing.validation import RowValidator
from homes import FEATURES

# Those of the home that ships are as good as any: several inputs, and a SEEN.
FUNCTIONS = functions_of(FEATURES.read_text(encoding="utf-8"))

SCHEMA = RowSchema(
    columns={
        "pclass": Column(kind="integer", required=True),
        "name": Column(kind="raw"),
        "sex": Column(kind="category"),
        "age": Column(kind="number"),
        "sibsp": Column(kind="integer"),
        "parch": Column(kind="integer", required=True),
        "fare": Column(kind="number"),
        "cabin": Column(kind="raw"),
        "alone": Column(kind="boolean"),
        "born": Column(kind="date"),
        "entered": Column(kind="date", date_format="%d/%m/%Y %H:%M", time_zone="+02:00"),
    },
    missing_markers=("?", "", "-1"),
)
RULES: dict[str, dict[str, Any]] = {
    "pclass": {"minimum": 0, "maximum": 9007199254740992},
    "sex": {"categories": ("male", "other"), "required": True},
    "age": {"minimum": -0.5, "maximum": 1e25},
    "sibsp": {"minimum": 0},
    "cabin": {"required": True},
    "fare": {"maximum": 14, "required": True},
}
STRICT = SCHEMA.model_copy(
    update={
        "columns": {
            name: column.model_copy(update=RULES.get(name, {}))
            for name, column in SCHEMA.columns.items()
        }
    }
)
PROFILE = Profile(
    rows=9,
    classes=(("p", 9),),
    columns={
        "pclass": ColumnProfile(minimum=1, maximum=3),
        "name": ColumnProfile(missing=1),
        "sex": ColumnProfile(missing=1, categories={"female": 4, "male": 4}),
        "age": ColumnProfile(minimum=0.0, maximum=80.0),
        "sibsp": ColumnProfile(missing=1, minimum=0, maximum=3),
        "parch": ColumnProfile(minimum=0, maximum=3),
        "fare": ColumnProfile(missing=1, minimum=-2.5, maximum=3e38),
        "cabin": ColumnProfile(),
        "alone": ColumnProfile(missing=1),
        "born": ColumnProfile(missing=1, earliest="1890-01-02", latest="1895-01-02"),
        "entered": ColumnProfile(
            earliest="1912-04-14T23:40:00+02:00", latest="1912-04-15T02:20:00+02:00"
        ),
    },
)
WRITTEN = {"decimal": ",", "thousands": "."}
COMMA = SCHEMA.model_copy(
    update={
        "columns": {
            name: column.model_copy(update=WRITTEN if column.kind in ("integer", "number") else {})
            for name, column in SCHEMA.columns.items()
        }
    }
)

INPUTS = {
    "day_number": ("born",),
    "deck": ("cabin",),
    "hour": ("entered",),
    "hour_cos": ("entered",),
    "hour_sin": ("entered",),
    "family_band": ("sibsp", "parch"),
    "family_size": ("sibsp", "parch"),
    "fare_per_person": ("fare", "sibsp", "parch"),
    "month": ("born",),
    "saved_first": ("pclass", "sex", "age", "name"),
    "title": ("name",),
    "weekday": ("born",),
    "word_count": ("cabin",),
    "year": ("born",),
}
CATEGORIES = ("deck", "family_band", "saved_first", "title")
TRAINED: list[dict[str, Any]] = [
    {
        "pclass": 3, "name": "A, Mr. B", "sex": "male", "age": 20.0, "sibsp": 0, "parch": 0,
        "fare": 7.0, "cabin": "C2 C4", "alone": True, "born": date(1890, 1, 2),
        "entered": datetime(1912, 4, 15, 2, 20, tzinfo=timezone(timedelta(hours=2))),
    },
    {
        "pclass": 1, "name": "A, Mrs. B", "sex": "female", "age": 2.0, "sibsp": 1, "parch": 2,
        "fare": None, "cabin": None, "alone": None, "born": None,
        "entered": None,
    },
]  # fmt: skip
PLAN = learn_features(
    feature_plan(
        SCHEMA,
        {
            f"the {name}": DerivedFeature(
                function=name,
                inputs=INPUTS[name],
                kind="category" if name in CATEGORIES else "number",
            )
            for name in INPUTS
        },
        FUNCTIONS,
    ),
    columns_of_rows(TRAINED, SCHEMA),
    FUNCTIONS,
)

NUMBERS = st.sampled_from(
    ["3", "1", "0", "-0", "0.0", "-0.0", "-1", " -1 ", "2.5", "1,5", "1.234,5", "1,2,3", "1e3", "+4",
     ".5", "5.", "1e400", "3.5e38", "3.4e38", "-3.4e38", "nan", "inf", "-Infinity", "1_0", "0x1",
     "?", "", "\t7\n", "\x1c7", "\xa07", "9007199254740993", "1e25", "13.999999", "14", "x"]
)  # fmt: skip
TEXTS = st.sampled_from(
    ["A, Mr. B", "A, Master. B", "nobody", ", .", "C2 C4", "T", "?", " ? ", "", " x", "-1", "\x1c"]
)
CELLS: dict[str, st.SearchStrategy[str | None]] = {
    "integer": NUMBERS,
    "number": NUMBERS,
    "boolean": st.sampled_from(["yes", "no", "TRUE", "0", "maybe", "?"]),
    "category": st.sampled_from(["male", "female", " male", "other", "?", "Male"]),
    "date": st.sampled_from(
        [
            *("1890-01-02", "0001-01-01", "9999-12-31", "2 May", "?", "15/04/1912 02:20"),
            *("1912-04-15T00:20:00Z", "9999-12-31T23:59:00-05:00", "0001-01-01T00:00:00+05:00"),
        ]
    ),
    "raw": TEXTS,
}
ROWS = st.lists(
    st.fixed_dictionaries({name: CELLS[c.kind] for name, c in SCHEMA.columns.items()}),
    min_size=1,
    max_size=6,
)
GOOD = {
    "pclass": "3", "name": "A, Mr. B", "sex": "male", "age": "20", "sibsp": "0", "parch": "0",
    "fare": "7.25", "cabin": "C2", "alone": "yes", "born": "1890-01-02",
    "entered": "14/04/1912 23:40",
}  # fmt: skip


def same(schema: RowSchema, rows: list[dict[str, Any]], kinds: dict[str, pa.DataType]) -> None:
    validator, columns = (
        RowValidator(schema, PROFILE),
        ColumnEncoder(schema, PLAN, FUNCTIONS, PROFILE),
    )
    checked = validator.validate(rows)
    typed = ColumnRules(schema).check(
        {n: pa.array([r[n] for r in rows], kinds.get(n)) for n in rows[0]}
    )
    assert typed.good.tolist() == [row is not None for row in checked.rows]
    good = [row for row in checked.rows if row is not None]
    if not good:
        return
    encoder, values = RowEncoder(PLAN, FUNCTIONS), by_column(good, schema.columns)
    expected = np.array([encoder.encode_row(row) for row in good], np.float32)
    for found in (columns.encode(typed.columns), encoder.encode_columns(values)):
        np.testing.assert_array_equal(found, expected)
        assert (np.signbit(found) == np.signbit(expected))[~np.isnan(expected)].all()
    warnings = [w for i, row in enumerate(good) for w in validator.warnings(i, row)]
    assert validator.column_warnings(values) == warnings
    assert {(c, r): n for c, r, n, _ in columns.warnings(typed)} == dict(
        Counter((w.column, w.rule) for w in warnings)
    )
    assert {m for *_, m in columns.warnings(typed)} <= {w.message for w in warnings}


def test_every_function_is_among_the_features() -> None:
    assert sorted(INPUTS) == sorted(FUNCTIONS.by_name)


POOLS: dict[str, list[Any]] = {
    "pclass": [None, 1, 3],
    "name": [None, "", "A, Mr. B", "Cc, Mr. D", "A, Master. B", "A, Miss. B C", "nobody"],
    "sex": [None, "female", "male"],
    "age": [None, 0.0, 13.9, 14.0, 80.0],
}


@pytest.mark.parametrize("name", FUNCTIONS.seen)
def test_what_a_function_is_said_to_see_of_its_inputs_decides_its_answer(name: str) -> None:
    answers: dict[tuple[object, ...], set[object]] = {}
    for values in itertools.product(*(POOLS[column] for column in INPUTS[name])):
        parts = zip(FUNCTIONS.seen[name], values, strict=True)
        seen = tuple(value if see is None else see(value) for see, value in parts)
        answers.setdefault(seen, set()).add(FUNCTIONS.by_name[name](*values))
    assert {len(found) for found in answers.values()} == {1}


@settings(max_examples=300, deadline=None)
@given(ROWS, st.booleans(), st.integers(0, 5), st.sampled_from([SCHEMA, COMMA, STRICT]))
def test_columns_of_text_are_what_their_rows_are(
    rows: list[dict[str, str]], mended: bool, copies: int, schema: RowSchema
) -> None:
    if mended:  # where one row in a block is bad, others must not feel it
        rows = [*rows, GOOD, *[{**GOOD, "fare": f"{n}.5", "name": f"N{n}, Mr."} for n in range(9)]]
    same(schema, rows * (copies + 1), dict.fromkeys(SCHEMA.columns, pa.string()))
    as_json = SchemaValidator(row_schema(schema, PROFILE))
    for row, typed in zip(rows, RowValidator(schema).validate(rows).rows, strict=True):
        if typed is None:
            with pytest.raises(ValidationError):
                as_json.validate_json(json.dumps(row))
        else:
            assert repr(as_json.validate_json(json.dumps(row))) == repr(typed)
    good = [row for row in RowValidator(schema).validate(rows).rows if row is not None]
    raw = [row for row in rows if RowValidator(schema).validate([row]).rows[0] is not None]
    read = column_reader(schema, PROFILE)(raw)
    assert repr(read) == repr(by_column(good, schema.columns))


VALUES: dict[str, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    "pclass": (pa.int64(), st.integers(-(2**62), 2**62)),
    "age": (pa.float64(), st.floats(allow_nan=False)),
    "fare": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "sibsp": (pa.float64(), st.sampled_from([0.0, -0.0, 1.0, 1.5, 2.0**60])),
    "alone": (pa.bool_(), st.booleans()),
    "born": (pa.date32(), st.dates()),
    "entered": (
        pa.timestamp("us", "UTC"),
        st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    ),
    "parch": (pa.int8(), st.integers(-128, 127)),
}


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({name: st.none() | values for name, (_, values) in VALUES.items()}),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from([SCHEMA, STRICT]),
)
def test_columns_of_values_are_what_their_rows_are(
    rows: list[dict[str, Any]], schema: RowSchema
) -> None:
    kinds = {name: kind for name, (kind, _) in VALUES.items()}
    texts = dict.fromkeys(("name", "sex", "cabin"), pa.string())
    same(schema, [{**GOOD, **row} for row in rows], {**texts, **kinds})


@pytest.mark.parametrize("kind", [pa.int64(), pa.float64(), pa.bool_(), pa.string()])
def test_nan_and_null_in_a_column_mean_missing(kind: pa.DataType) -> None:
    raw = {name: pa.array([cell, cell], pa.string()) for name, cell in GOOD.items()}
    missing = pa.array([None, None], kind)
    if kind == pa.float64():
        missing = pa.array([float("nan"), None], kind)
    typed = ColumnRules(SCHEMA).check({**raw, "age": missing})
    assert typed.good.all()
    assert typed.columns["age"].each() == [None, None]
    typed = ColumnRules(SCHEMA).check({**raw, "parch": missing})
    assert not typed.good.any()

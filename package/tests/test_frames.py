"""Frames by whole columns are what their rows are, and so it goes without pyarrow."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classification_model import make_prediction
from classification_model.config.home import Home
from classification_model.config.schema import Column, RowSchema
from classification_model.errors import InvalidRowsError
from classification_model.processing.columns import ColumnEncoder, learn_features
from classification_model.processing.encoding import RowEncoder
from classification_model.processing.features import feature_plan
from classification_model.processing.frames import FrameValidator
from classification_model.processing.scalars import plain
from classification_model.processing.typed_columns import columns_of_rows, rows_of
from classification_model.processing.validation import RowValidator
from tables import PEOPLE

SCHEMA = RowSchema(
    columns={
        "n": Column(kind="number", maximum=1e6),
        "i": Column(kind="integer"),
        "c": Column(kind="category"),
        "b": Column(kind="boolean"),
        "d": Column(kind="date"),
    },
    missing_markers=("", "?"),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "n": st.floats(width=32) | st.integers(-(2**60), 2**60) | st.sampled_from(["?", " 2.5", "x"]),
    "i": st.integers(-(2**60), 2**60) | st.sampled_from([2.0, 2.5, -0.0, True, "7"]),
    "c": st.sampled_from(["red", " red", "?", "", "1", 1, 1.0, 2.5, True]),
    "b": st.booleans() | st.sampled_from(["yes", "no", 1, 0, "maybe"]),
    "d": st.dates() | st.sampled_from(["2024-05-01", datetime(2024, 5, 1, 13), "soon"]),  # noqa: DTZ001
}
TYPED: dict[str, st.SearchStrategy[Any]] = {
    "n": st.floats(width=32),
    "i": st.integers(-(2**60), 2**60),
    "c": st.sampled_from(["red", " blue", "?", ""]),
    "b": st.booleans(),
    "d": st.dates(date(1700, 1, 1), date(2200, 1, 1)),
}


def rows_with(values: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[list[Any]]:
    row = st.fixed_dictionaries({name: st.none() | value for name, value in values.items()})
    return st.lists(row, min_size=1, max_size=8)


def assert_same(frame: Any, rows: list[dict[str, Any]]) -> None:
    expected = RowValidator(SCHEMA).validate(rows)
    found = FrameValidator(SCHEMA).validate(frame)
    assert repr(found.rows) == repr(expected.rows)  # types and signs of zero, too
    told = [[(e.row, e.column, e.rule) for e in one.errors] for one in (found, expected)]
    assert told[0] == told[1]
    good = [row for row in expected.rows if row is not None]
    columns = columns_of_rows(good, SCHEMA)
    assert repr(rows_of(columns)) == repr(good)
    plan = learn_features(feature_plan(SCHEMA, {}), columns)
    if good:
        by_rows, whole = RowEncoder(plan).encode(good), ColumnEncoder(SCHEMA, plan).encode(columns)
        np.testing.assert_array_equal(by_rows.view(np.uint32), whole.view(np.uint32))
    if expected.errors:
        with pytest.raises(InvalidRowsError):
            FrameValidator(SCHEMA).columns(frame)
    else:
        assert repr(rows_of(FrameValidator(SCHEMA).columns(frame))) == repr(good)


@settings(max_examples=150)
@given(rows_with(VALUES))
def test_a_frame_of_mixed_objects_is_what_its_rows_are(rows: list[dict[str, Any]]) -> None:
    assert_same(pd.DataFrame(rows, columns=[*SCHEMA.columns], dtype=object), rows)


@settings(max_examples=150)
@given(
    rows_with(TYPED),
    st.sampled_from(["pandas", "nullable", "arrow", "category", "polars", "table"]),
)
def test_a_frame_of_types_is_what_its_rows_are(rows: list[dict[str, Any]], kind: str) -> None:
    text = "str" if pd.__version__ >= "3" else "string"  # where None is not "None"
    types = {"n": "float32", "i": "Int64", "c": text, "b": "boolean"}
    frame = pd.DataFrame(rows, columns=[*SCHEMA.columns]).astype(types)
    frames: dict[str, Callable[[], Any]] = {
        "pandas": lambda: frame,
        "nullable": lambda: frame.astype({"n": "Float32"}),
        "arrow": lambda: frame.astype(
            {
                "n": "float[pyarrow]",
                "i": "int64[pyarrow]",
                "c": "string[pyarrow]",
                "b": "bool[pyarrow]",
            }
        ),
        "category": lambda: frame.assign(c=frame["c"].astype("category")),
        "polars": lambda: pl.DataFrame(rows, schema=POLARS),
        "table": lambda: pa.Table.from_pylist(rows, ARROW),
    }
    assert_same(frames[kind](), rows)


POLARS = {"n": pl.Float32, "i": pl.Int64, "c": pl.String, "b": pl.Boolean, "d": pl.Date}
ARROW = pa.schema(
    {"n": pa.float32(), "i": pa.int64(), "c": pa.string(), "b": pa.bool_(), "d": pa.date32()}
)


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, np.float32("nan"), pd.NA, pd.NaT,
                                     np.datetime64("NaT"), Decimal("NaN")], ids=repr)  # fmt: skip
@pytest.mark.parametrize("name", SCHEMA.columns)
def test_missing_is_missing_however_it_is_spelled(name: str, missing: Any) -> None:
    row = {"n": 1.0, "i": 1, "c": "red", "b": True, "d": date(2024, 5, 1), name: missing}
    checked = RowValidator(SCHEMA).validate([row])
    assert not checked.errors
    assert checked.rows[0] is not None
    assert checked.rows[0][name] is None


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("n", np.float32(1.5), 1.5),
        ("n", Decimal("1.5"), 1.5),
        ("i", np.int8(3), 3),
        ("i", Decimal(3), 3),
        ("c", np.str_("red"), "red"),
        ("c", Decimal(10), "10"),
        ("b", np.bool_(True), True),
        ("d", np.datetime64("2024-05-01"), date(2024, 5, 1)),
        ("d", np.datetime64("2024-05-01T13:00:00.000000000"), date(2024, 5, 1)),
        ("d", pd.Timestamp("2024-05-01 13:00"), date(2024, 5, 1)),
    ],
)
def test_scalars_of_libraries_are_taken_as_pythons_are(
    name: str, value: Any, expected: Any
) -> None:
    row = {"n": 1.0, "i": 1, "c": "red", "b": True, "d": date(2024, 5, 1), name: value}
    (typed,) = RowValidator(SCHEMA).validate([row]).rows
    assert typed is not None
    assert repr(typed[name]) == repr(expected)
    by_columns = FrameValidator(SCHEMA).columns(pd.DataFrame([row]))
    assert repr(by_columns[name].each()) == repr([expected])


@pytest.mark.parametrize("value", [Decimal("1E999999999"), Decimal("Infinity"), 1j, object()])
def test_what_is_no_number_is_refused_and_not_worked_on(value: object) -> None:
    row = {"n": plain(value), "i": 1, "c": "red", "b": True, "d": None}
    (error,) = RowValidator(SCHEMA).validate([row]).errors
    assert error.column == "n"


WITHOUT = """
import sys, json

class WithoutArrow:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "pyarrow":
            raise ModuleNotFoundError("No module named 'pyarrow'", name=name)

sys.meta_path.insert(0, WithoutArrow)
import pandas as pd, joblib, pathlib
from classification_model import make_prediction
home, file = sys.argv[1:]
frame = pd.read_csv(file, na_values="?")
rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
pipe = joblib.load(next((pathlib.Path(home) / "trained_models").glob("*.pkl")))
print(json.dumps([
    make_prediction(input_data=frame, home=home)["probabilities"],
    pipe.predict_proba(frame).tolist(),
    make_prediction(input_data=file, home=home)["probabilities"],
]))
"""


def test_a_plain_install_without_pyarrow_predicts_the_same(people: Home, tmp_path: Any) -> None:
    file = PEOPLE.write(tmp_path / "people.csv")
    run = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(people.path), str(file)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    frame, pickled, from_file = json.loads(run.stdout)
    expected = make_prediction(input_data=pd.read_csv(file, na_values="?"), home=people.path)
    assert frame == from_file == expected["probabilities"]
    reference = make_prediction(
        input_data=pd.read_csv(file, na_values="?"), home=people.path, engine="sklearn"
    )
    assert pickled == reference["probabilities"]

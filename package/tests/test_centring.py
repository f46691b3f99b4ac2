"""What differs in training differs in the matrix, by every road, and is finite."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model.config.home import Home
from classification_model.config.schema import LARGEST, Column, RowSchema
from classification_model.predict import load_model, make_prediction
from classification_model.processing.centring import merged
from classification_model.processing.columns import ColumnEncoder, learn_features
from classification_model.processing.encoding import RowEncoder
from classification_model.processing.encoding import by_column as values_of
from classification_model.processing.features import Feature, feature_plan
from classification_model.processing.typed_columns import columns_of_rows
from classification_model.processing.value_rules import TypedRow
from classification_model.train_pipeline import run_training
from homes import make_home
from tables import Sample

SCHEMA = RowSchema(columns={"day": Column(kind="integer"), "x": Column(kind="number")})


def learned(rows: list[TypedRow]) -> tuple[Feature, ...]:
    return learn_features(feature_plan(SCHEMA, {}), columns_of_rows(rows, SCHEMA))


def rows_of(days: list[int]) -> list[TypedRow]:
    return [{"day": day, "x": 0.5} for day in days]


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.integers(0, 2**23), min_size=2, max_size=40, unique=True),
)
def test_whole_numbers_within_eight_million_of_each_other_stay_apart(
    start: int, steps: list[int]
) -> None:
    rows = rows_of([start + step for step in steps])
    features = learned(rows)
    matrix = ColumnEncoder(SCHEMA, features).encode(columns_of_rows(rows, SCHEMA))
    assert len(np.unique(matrix[:, 0])) == len(steps)


@given(st.lists(st.one_of(st.none(), st.integers(20_000_000, 20_500_000)), min_size=1, max_size=30))
def test_rows_and_columns_are_centred_alike(days: list[int | None]) -> None:
    rows: list[TypedRow] = [{"day": day, "x": 0.5} for day in days]
    features = learned(rows_of([20_240_115, 20_240_116, 20_240_430]))
    assert features[0].centre
    by_column = ColumnEncoder(SCHEMA, features).encode(columns_of_rows(rows, SCHEMA))
    encoder = RowEncoder(features)
    by_row = np.array([encoder.encode_row(row) for row in rows], np.float32)
    assert by_column.tobytes() == by_row.tobytes()
    assert encoder.encode_columns(values_of(rows, SCHEMA.columns)).tobytes() == by_row.tobytes()


def test_numbers_that_float32_tells_apart_are_left_as_they_are() -> None:
    assert [feature.centre for feature in learned(rows_of([1, 2, 3, 2**24]))] == [0.0, 0.0]


def test_the_centre_is_nobody_s_value() -> None:
    days = [1_700_000_012, 1_700_000_018, 1_700_000_131]
    centre = learned(rows_of(days))[0].centre
    assert centre not in days
    assert merged(np.array(days, np.float64)) > 0
    assert merged(np.array(days, np.float64), centre) == 0


def test_large_numbers_close_together_decide_what_they_decide(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    draw = random.Random(0)
    # Steps of 24 seconds decide; float32 tells two numbers of this size apart from 128 on.
    rows = [
        (
            1_700_000_012 + 6 * (i % 28),
            draw.randrange(10),
            "yes" if (i % 28 // 4 % 2) != (draw.random() < 0.1) else "no",
        )
        for i in range(560)
    ]
    home = make_home(Sample("y", ("day", "x", "y"), rows), tmp_path_factory.mktemp("days") / "h")
    text = home.config_file.read_text()
    text = text.replace("name: logistic_regression", "name: random_forest")
    home.config_file.write_text(text.replace("    C: 0.5", "    n_estimators: 30"))
    run_training(home.path)
    found = make_prediction(
        input_data=[{"day": 1_700_000_102, "x": 3}, {"day": 1_700_000_108, "x": 3}], home=home.path
    )
    assert found["predictions"] == ["yes", "no"]


@pytest.fixture(scope="module")
def steep(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose own feature can be larger than float32 holds."""
    rows = [(i % 40, "yes" if (i % 40 > 20) != (i % 7 == 0) else "no") for i in range(400)]
    home = make_home(Sample("y", ("x", "y"), rows), tmp_path_factory.mktemp("steep") / "h")
    (home.path / "features.py").write_text(
        "def steep(x):\n    return None if x is None else x * 1e30\n"
    )
    text = home.config_file.read_text()
    home.config_file.write_text(
        text + "derived:\n  steep:\n    function: steep\n    inputs:\n      - x\n    kind: number\n"
    )
    run_training(home.path)
    return home


@pytest.mark.parametrize("x", [1e12, -1e12, LARGEST, 5])
def test_a_feature_beyond_float32_is_answered_by_both_engines_alike(steep: Home, x: float) -> None:
    onnx, sklearn = (
        make_prediction(input_data=[{"x": x}], home=steep.path, engine=engine)["probabilities"][0]
        for engine in ("onnx", "sklearn")
    )
    assert load_model(steep, "sklearn").engine == "sklearn"
    assert onnx == pytest.approx(sklearn, abs=1e-5)

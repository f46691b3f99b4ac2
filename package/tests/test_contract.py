"""The saved model as a data scientist meets it: a scikit-learn classifier on raw frames."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.base import clone, is_classifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline

from classification_model import make_prediction
from classification_model.config.home import Home
from classification_model.errors import InvalidRowsError
from classification_model.train_pipeline import run_training
from homes import make_home
from tables import Sample

RAW = ["weight", "service", "zone", "fragile", "sent"]


def parcels() -> Sample:
    """Parcels that come late by their weight and service; one column is nobody's business."""
    draw = random.Random(7)
    rows = []
    for number in range(240):
        weight, service = round(draw.uniform(0.1, 30), 2), draw.choice(["day", "week", "slow"])
        late = weight > 15 or service == "slow" if draw.random() < 0.9 else draw.random() < 0.5
        rows.append(
            (
                f"P-{number:05}",
                "?" if draw.random() < 0.1 else weight,
                service,
                draw.randint(1, 9),
                draw.choice(["yes", "no"]),
                f"2024-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}",
                "late" if late else "on time",
            )
        )
    return Sample("arrives", ("parcel", *RAW, "arrives"), rows)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = make_home(parcels(), tmp_path_factory.mktemp("parcels") / "made")
    run_training(home.path)
    return home


@pytest.fixture(scope="module")
def frame(place: Home) -> pd.DataFrame:
    """The table as pandas reads it, the label and the parcel's number among its columns."""
    return pd.read_csv(place.path / "datasets" / "raw.csv", na_values="?", parse_dates=["sent"])


@pytest.fixture
def pipe(place: Home) -> Any:
    (file,) = place.trained_models.glob("*.pkl")
    return joblib.load(file)


def test_it_is_a_classifier_that_knows_its_columns_and_classes(pipe: Any) -> None:
    assert is_classifier(pipe)
    assert isinstance(pipe, Pipeline)
    assert pipe.feature_names_in_.tolist() == RAW
    assert pipe.n_features_in_ == len(RAW)
    assert pipe.classes_.tolist() == ["late", "on time"]
    names = pipe[:-1].get_feature_names_out().tolist()
    assert names[:4] == ["weight", "service", "zone", "fragile"]
    assert "sent weekday" in names
    assert names == pipe[0].get_feature_names_out().tolist()


def test_it_predicts_scores_and_adds_up(pipe: Any, frame: pd.DataFrame) -> None:
    shares = pipe.predict_proba(frame)
    assert shares.shape == (len(frame), 2)
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)
    answers = pipe.predict(frame)
    assert answers.tolist() == pipe.classes_[shares.argmax(axis=1)].tolist()
    assert pipe.score(frame, frame["arrives"]) == accuracy_score(frame["arrives"], answers) > 0.8


FRAMES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "categories": lambda f: f.assign(service=f["service"].astype("category")),
    "nullable": lambda f: f.convert_dtypes(dtype_backend="numpy_nullable"),
    "arrow": lambda f: f.convert_dtypes(dtype_backend="pyarrow"),
    "objects": lambda f: f.astype(object),
    "text": lambda f: f.assign(sent=f["sent"].dt.strftime("%Y-%m-%d")),
    "another order": lambda f: f[f.columns[::-1]],
    "another index": lambda f: f.set_index("parcel"),
    "polars": pl.from_pandas,
    "polars categories": lambda f: pl.from_pandas(f).cast({"service": pl.Categorical}),
    "arrow table": pa.Table.from_pandas,
    "interchange": lambda f: Interchange(pa.Table.from_pandas(f)),
    "list of dicts": lambda f: f[RAW].to_dict("records"),
    "array": lambda f: f[RAW].to_numpy(),
}


class Interchange:
    """A frame that speaks the dataframe interchange protocol and nothing else."""

    def __init__(self, table: pa.Table) -> None:
        self.__dataframe__ = table.__dataframe__


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_of_any_kind_gives_the_same_bits(kind: str, pipe: Any, frame: pd.DataFrame) -> None:
    expected = pipe.predict_proba(frame)
    np.testing.assert_array_equal(pipe.predict_proba(FRAMES[kind](frame)), expected)


def test_a_row_alone_has_the_same_bits(pipe: Any, frame: pd.DataFrame) -> None:
    together = pipe.predict_proba(frame)
    alone = [pipe.predict_proba(frame[i : i + 1])[0] for i in range(20)]
    np.testing.assert_array_equal(alone, together[:20])


@pytest.mark.parametrize(
    "missing", [None, float("nan"), pd.NA, pd.NaT, np.float32("nan"), "?", ""], ids=repr
)
def test_missing_has_the_same_bits_however_it_is_spelled(
    missing: Any, pipe: Any, frame: pd.DataFrame
) -> None:
    whole = frame[RAW].iloc[0].to_dict()
    for column in RAW:
        expected = pipe.predict_proba(pd.DataFrame([{**whole, column: np.nan}]))
        row = {**whole, column: missing}
        for rows in ([row], pd.DataFrame([row]), pd.DataFrame([row], dtype=object)):
            np.testing.assert_array_equal(pipe.predict_proba(rows), expected)


def test_an_explainer_may_mix_rows_into_arrays_without_names(
    pipe: Any, frame: pd.DataFrame
) -> None:
    """So does SHAP's KernelExplainer, which clears the names to be let do it."""
    pipe.feature_names_in_ = None
    assert pipe.feature_names_in_.tolist() == RAW
    first, second = frame[RAW].iloc[0], frame[RAW].iloc[1]
    kept = np.array([[column in ("weight", "sent") for column in RAW]])
    mixed = np.where(kept, first.to_numpy(object), second.to_numpy(object))
    expected = pipe.predict_proba([{**second, "weight": first["weight"], "sent": first["sent"]}])
    np.testing.assert_array_equal(pipe.predict_proba(mixed), expected)


def test_a_missing_column_and_one_that_is_there_twice_are_named(
    pipe: Any, frame: pd.DataFrame
) -> None:
    with pytest.raises(InvalidRowsError, match="column 'zone': the column is missing"):
        pipe.predict(frame.drop(columns="zone"))
    twice = pd.concat([frame, frame[["weight"]]], axis=1)
    with pytest.raises(InvalidRowsError, match="column 'weight': two columns have this name"):
        pipe.predict(twice)


def test_a_bad_row_is_named(pipe: Any, frame: pd.DataFrame) -> None:
    bad = frame.astype({"weight": object})
    bad.loc[3, "weight"] = "heavy"
    with pytest.raises(InvalidRowsError, match="row 3, column 'weight': should be a number"):
        pipe.predict(bad)
    with pytest.raises(InvalidRowsError, match="row 3, column 'weight': should be a number"):
        clone(pipe).fit(bad, frame["arrives"])


def test_a_clone_is_unfitted_and_refits_to_the_same_bits(pipe: Any, frame: pd.DataFrame) -> None:
    again = clone(pipe)
    assert not hasattr(again[0], "features_")
    first = again.fit(frame, frame["arrives"]).predict_proba(frame)
    np.testing.assert_array_equal(
        clone(again).fit(frame, frame["arrives"]).predict_proba(frame), first
    )


def test_it_learns_its_categories_from_the_frame_that_it_is_fitted_on(
    pipe: Any, frame: pd.DataFrame
) -> None:
    fitted = clone(pipe).fit(
        frame[frame["service"] != "slow"], frame["arrives"][frame["service"] != "slow"]
    )
    (service,) = (f for f in fitted[0].features_ if f.name == "service")
    assert service.categories == ("day", "week")


def test_it_goes_through_model_selection(pipe: Any, frame: pd.DataFrame) -> None:
    scores = cross_val_score(pipe, frame, frame["arrives"], cv=3)
    assert scores.min() > 0.7
    (name,) = (n for n in pipe.get_params() if n.startswith("classify__") and n.endswith("__C"))
    search = GridSearchCV(pipe, {name: [0.01, 1.0]}, cv=3).fit(frame, frame["arrives"])
    assert search.best_params_[name] in (0.01, 1.0)
    assert search.predict(frame).shape == (len(frame),)


def test_permutation_importance_names_what_matters(pipe: Any, frame: pd.DataFrame) -> None:
    raw = frame[RAW]
    found = permutation_importance(pipe, raw, frame["arrives"], n_repeats=3, random_state=0)
    assert {RAW[i] for i in found.importances_mean.argsort()[-2:]} == {"weight", "service"}


def test_set_output_gives_frames_and_changes_no_answer(pipe: Any, frame: pd.DataFrame) -> None:
    before = pipe.predict_proba(frame)
    pipe.set_output(transform="pandas")
    encoded = pipe[:-1].transform(frame)
    assert encoded.columns.tolist() == pipe[:-1].get_feature_names_out().tolist()
    np.testing.assert_array_equal(pipe.predict_proba(frame), before)
    clone(pipe).set_output(transform="polars").fit(frame, frame["arrives"])


def test_the_pickle_answers_as_make_prediction_does(
    pipe: Any, frame: pd.DataFrame, place: Home
) -> None:
    found = make_prediction(input_data=frame, home=place.path, engine="sklearn")
    np.testing.assert_array_equal(np.array(found["probabilities"]), pipe.predict_proba(frame))
    assert found["predictions"] == pipe.predict(frame).tolist()


def test_whatever_people_pass_is_answered_alike(
    frame: pd.DataFrame, place: Home, tmp_path: Path
) -> None:
    expected = make_prediction(input_data=frame, home=place.path)
    rows: list[Any] = frame[RAW].to_dict("records")
    data: Any
    for data in (rows, pl.from_pandas(frame), pa.Table.from_pandas(frame), frame.convert_dtypes()):
        assert make_prediction(input_data=data, home=place.path) == expected
    for name in ("raw.csv",):
        file = place.path / "datasets" / name
        assert make_prediction(input_data=file, home=place.path) == expected
        assert make_prediction(input_data=str(file), home=place.path) == expected
    frame.to_parquet(tmp_path / "rows.parquet")
    assert make_prediction(input_data=tmp_path / "rows.parquet", home=place.path) == expected
    one: Any
    for one in (rows[0], frame[RAW].iloc[0]):
        alone = make_prediction(input_data=one, home=place.path)
        assert alone["probabilities"] == expected["probabilities"][:1]


@pytest.mark.parametrize("engine", ["onnx", "sklearn"])
def test_skipping_answers_the_good_rows_of_a_frame(
    frame: pd.DataFrame, place: Home, engine: Any
) -> None:
    expected = make_prediction(input_data=frame, home=place.path, engine=engine)
    bad = frame.astype({"zone": object})
    bad.loc[1, "zone"] = "north"
    found = make_prediction(input_data=bad, home=place.path, engine=engine, on_error="skip")
    assert [error["row"] for error in found["errors"] or ()] == [1]
    assert found["predictions"][1] is None
    del found["probabilities"][1], expected["probabilities"][1]
    assert found["probabilities"] == expected["probabilities"]


@pytest.mark.parametrize(
    "data",
    [None, 5, b"rows", [1, 2], ["a"], {"weight": [1, 2]}, np.zeros((2, 5)), iter([]), {1, 2}],
    ids=lambda data: type(data).__name__,
)
def test_anything_else_is_one_type_error_that_says_what_to_pass(data: Any, place: Home) -> None:
    with pytest.raises(TypeError, match="expected a DataFrame, a list of dicts"):
        make_prediction(input_data=data, home=place.path)

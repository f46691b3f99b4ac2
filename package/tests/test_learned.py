"""What is learned from labels: without one's own, with few rows' secrets kept, to the same bits."""

from __future__ import annotations

import csv
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline

from classification_model import bundle, init_home, train_home
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.config.schema import Column, EstimatorConfig, RowSchema
from classification_model.errors import ConfigError, DataError, IncompatibleModelError
from classification_model.estimators import build_classifier
from classification_model.init import scaffold
from classification_model.init.natures import nature_of, order_of
from classification_model.own_estimator import own_estimator
from classification_model.pipeline import build_pipeline
from classification_model.predict import load_model, make_prediction
from classification_model.processing import target_statistics
from classification_model.processing.columns import ColumnEncoder
from classification_model.processing.cross_fitting import CrossFit, Fit, Fold, Says
from classification_model.processing.data_manager import load_dataset
from classification_model.processing.encoding import RowEncoder, by_column
from classification_model.processing.features import Feature, feature_plan
from classification_model.processing.functions import BUILT_IN
from classification_model.processing.learned import Learned
from classification_model.processing.learning import ONE_HOT, Learning, learnable, stratified
from classification_model.processing.text.fitting import TextColumn
from classification_model.processing.typed_columns import columns_of_rows
from classification_model.processing.validation import RowValidator
from classification_model.processing.value_rules import TypedRow
from classification_model.train_pipeline import run_training
from homes import SOURCE, files_of
from tables import Sample

WORDS = ["good", "fine", "nice", "bad", "poor", "sad", "the", "a", "of", "😀"]


def parts(rows: int, folds: int = 5) -> list[Fold]:
    number = np.arange(rows) % folds
    return [(np.flatnonzero(number != k), np.flatnonzero(number == k)) for k in range(folds)]


def telltale(seen: list[frozenset[int]]) -> Fit:
    """An encoder that says of a row whether it was fitted on it."""

    def fit(rows: np.ndarray) -> Says:
        known = {*rows.tolist()}
        seen.append(frozenset(known))
        return lambda asked: np.array([[float(i in known)] for i in asked.tolist()], np.float32)

    return fit


BY_TIME = [(np.arange(0, 10), np.arange(10, 20)), (np.arange(0, 20), np.arange(20, 30))]


@pytest.mark.parametrize(
    "folds", [parts(30), parts(30, 2), [*parts(30), *parts(30, 3)], BY_TIME, []]
)
def test_no_row_is_said_anything_by_an_encoder_that_saw_its_label(folds: list[Fold]) -> None:
    cross = CrossFit(telltale([]), folds, 30)
    assert not cross.out_of_fold().any()
    for number, (train, test) in enumerate(folds):
        found = cross.of_fold(number)
        assert not found[train].any()
        assert not found[test].any()


def test_test_rows_are_unknown_to_all_that_a_fold_is_told() -> None:
    seen: list[frozenset[int]] = []
    cross = CrossFit(telltale(seen), parts(30), 30)
    cross.of_fold(2)
    assert all(not rows & {*range(2, 30, 5)} for rows in seen)


def test_folds_share_their_fits() -> None:
    seen: list[frozenset[int]] = []
    cross = CrossFit(telltale(seen), parts(30), 30)
    cross.out_of_fold()
    for number in range(5):
        cross.of_fold(number)
    assert len(seen) == 15  # five without a fold, ten without two


def gained_by_random_identifiers(seed: int, *, leak: bool) -> float:
    """By how much a column of random codes, three rows each, lowers the loss on fresh rows."""
    draw = np.random.default_rng(seed)
    codes = [f"c{n}" for n in draw.integers(0, 200, 1200)]
    labels = draw.integers(0, 2, 1200)

    def fit(some: np.ndarray) -> Says:
        statistics = target_statistics.fit(
            "code", [codes[i] for i in some], labels[some], ["0", "1"], min_rows=1
        )
        look = statistics.reader()
        return lambda asked: np.array([look(codes[i]) for i in asked], np.float32)

    return gained(fit, labels, parts(600), leak=leak)


def gained_by_random_texts(seed: int, *, leak: bool) -> float:
    """By how much the score of texts of random words lowers the loss on fresh rows."""
    draw = np.random.default_rng(seed)
    texts = [" ".join(f"w{k}" for k in draw.integers(0, 60, 6)) for _ in range(500)]
    labels = draw.integers(0, 2, 500)
    column = TextColumn("text", texts[:250], labels[:250], ["0", "1"], min_rows=5)
    recipe = column.choose(parts(250))

    def fit(some: np.ndarray) -> Says:
        look = column.fit(some, recipe).reader()
        return lambda asked: np.array([look(texts[i])[:1] for i in asked], np.float32)

    return gained(fit, labels, parts(250), leak=leak)


def gained(fit: Fit, labels: np.ndarray, folds: list[Fold], *, leak: bool) -> float:
    """What a model on encoded rows gains on the second half, fresh rows, over the first's shares."""
    known, fresh = np.split(np.arange(len(labels)), 2)
    matrix = fit(known)(known) if leak else CrossFit(fit, folds, len(known)).out_of_fold()
    model = LogisticRegression(C=100).fit(matrix, labels[known])
    share = labels[known].mean()
    chance = np.full((len(fresh), 2), [1 - share, share])
    found = model.predict_proba(fit(known)(fresh))
    return float(log_loss(labels[fresh], chance) - log_loss(labels[fresh], found))


@pytest.mark.parametrize("leak", [False, True])
def test_random_identifiers_gain_nothing_on_held_out_rows(leak: bool) -> None:
    """Statistics of one's own label lose much there: the test can fail."""
    gains = [gained_by_random_identifiers(seed, leak=leak) for seed in range(20)]
    if leak:
        assert np.mean(gains) < -0.05
    else:
        # Twenty draws: the mean of chance alone, give or take three standard errors.
        assert abs(np.mean(gains)) < 3 * np.std(gains) / math.sqrt(20) + 0.005


@pytest.mark.parametrize("leak", [False, True])
def test_texts_of_random_words_gain_nothing_on_held_out_rows(leak: bool) -> None:
    """Also where the recipe is the best of many."""
    gains = [gained_by_random_texts(seed, leak=leak) for seed in range(8)]
    if leak:
        assert np.mean(gains) < -0.05
    else:
        # The shrunk score of pure noise costs little; chance may not make it gain.
        error = np.std(gains) / math.sqrt(len(gains))
        assert -0.02 < np.mean(gains) < 3 * error


def test_codes_that_few_rows_hold_are_one_and_so_are_those_never_seen() -> None:
    codes = ["a"] * 10 + ["b"] * 10 + ["secret"] * 4 + ["other"] * 3
    labels = np.array([0] * 10 + [1] * 10 + [1] * 7)
    found = target_statistics.fit("city", codes, labels, ["no", "yes"], min_rows=5)
    look = found.reader()
    assert found.codes == ("a", "b")
    assert "secret" not in found.model_dump_json()
    assert look("secret") == look("other") == look("never seen") == look(None)
    assert look("a")[0] < look("never seen")[0]
    assert found.names == ("city: share of yes", "city: rows")
    assert look("a")[1] == math.log1p(10)


def test_shares_are_smoothed_by_what_categories_differ_in() -> None:
    """True shares are met better than by the raw ones, and by the overall one."""
    draw = np.random.default_rng(0)
    truth = draw.beta(4, 4, 400)
    codes = np.repeat(np.arange(400), 8)
    labels = (draw.random(len(codes)) < truth[codes]).astype(np.int64)
    names = [f"{code:03}" for code in codes]
    look = target_statistics.fit("x", names, labels, ["0", "1"], min_rows=1).reader()
    found = 1 / (1 + np.exp([-look(f"{code:03}")[0] for code in range(400)]))
    raw = np.bincount(codes, labels) / 8
    error = {"found": found, "raw": raw, "overall": np.full(400, labels.mean())}
    errors = {name: float(((shares - truth) ** 2).mean()) for name, shares in error.items()}
    assert errors["found"] < 0.9 * min(errors["raw"], errors["overall"])


SCHEMA = RowSchema(
    columns={
        "age": Column(kind="number"),
        "remark": Column(kind="text", max_chars=40),
        "city": Column(kind="category"),
        "size": Column(kind="category", order=("small", "medium", "large")),
        "note": Column(kind="text"),
    },
    missing_markers=("", "?"),
)


def rows_of(number: int, seed: int = 0) -> tuple[list[TypedRow], list[str]]:
    draw = np.random.default_rng(seed)
    weight = draw.normal(0, 1.5, ONE_HOT + 20)
    rows: list[TypedRow] = []
    labels: list[str] = []
    for _ in range(number):
        words = draw.choice(WORDS, draw.integers(0, 8)).tolist()
        city = int(draw.integers(0, len(weight)))
        size = int(draw.integers(0, 3))
        rows.append({
            "age": float(draw.integers(18, 80)) if draw.random() < 0.9 else None,
            "remark": " ".join(words) or None, "city": f"city {city}",
            "size": ("small", "medium", "large")[size],
            "note": "हिन्दी में" if draw.random() < 0.5 else None,
        })  # fmt: skip
        score = weight[city] + sum(w in WORDS[:3] for w in words) - 1 + size
        labels.append("yes" if score + draw.normal() > 0 else "no")
    return rows, labels


def learn(number: int = 900) -> tuple[Learned, tuple[Feature, ...]]:
    rows, labels = rows_of(number)
    columns = columns_of_rows(rows, SCHEMA)
    plan = feature_plan(SCHEMA, {})
    found = learnable(plan, columns, 5)
    learning = Learning.of(found, SCHEMA, columns, labels, stratified(labels, 0), min_rows=5)
    instead = learning.learned.features()
    return learning.learned, tuple(f for one in plan for f in instead.get(one.name, (one,)))


LEARNED, FEATURES = learn()
FUNCTIONS = LEARNED.functions(BUILT_IN)


def test_texts_and_many_categories_are_learned_and_few_are_not() -> None:
    assert [one.column for one in LEARNED.columns] == ["remark", "city", "note"]
    assert [f.name for f in FEATURES if f.inputs == ("size",)] == ["size"]
    assert {f.kind for f in FEATURES} == {"number"}


NASTY = st.text(max_size=60) | st.sampled_from(
    [*WORDS, "good " * 30, "İ ﬁ", "\ufdfa" * 9, "x" * 99]
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({
            "age": st.none() | st.floats(-5, 99),
            "remark": st.none() | NASTY,
            "city": st.none() | st.sampled_from(["city 1", "city 2", "nowhere", "🏙"]),
            "size": st.none() | st.sampled_from(["small", "medium", "large", "huge"]),
            "note": st.none() | NASTY,
        }),
        min_size=1, max_size=6,
    )
)  # fmt: skip
def test_rows_and_columns_have_the_same_bits(rows: list[TypedRow]) -> None:
    known = Learned.parse(LEARNED.source())
    again = known.functions(FUNCTIONS)
    encoder = RowEncoder(FEATURES, again)
    by_rows = [encoder.encode_row(row) for row in rows]
    columns = ColumnEncoder(SCHEMA, FEATURES, FUNCTIONS).encode(columns_of_rows(rows, SCHEMA))
    np.testing.assert_array_equal(np.array(by_rows, np.float32), columns)
    many = encoder.encode_columns(by_column(rows, SCHEMA.columns))
    np.testing.assert_array_equal(many, columns)
    alone = [RowEncoder(FEATURES, FUNCTIONS).encode([row])[0] for row in rows]
    np.testing.assert_array_equal(alone, columns)
    assert np.isfinite(columns[:, 1:-1][:, [f.inputs[0] != "size" for f in FEATURES[1:-1]]]).all()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home whose table has two texts, many categories and an order, as init wrote it."""
    rows, labels = rows_of(900)
    folder = tmp_path_factory.mktemp("learned")
    table = [
        [*("" if v is None else v for v in row.values()), y]
        for row, y in zip(rows, labels, strict=True)
    ]
    sample = Sample("label", [*rows[0], "label"], table)
    found, _ = scaffold.create(sample.write(folder / "data.csv"), "label", folder / "home")
    text = found.config_file.read_text(encoding="utf-8")
    text = text.replace("  note: category", "  note: text").replace(
        "estimator: auto", "estimator: {name: logistic_regression}"
    )
    found.config_file.write_text(text, encoding="utf-8")
    run_training(found.path)
    return found


@pytest.mark.parametrize("name", ["logistic_regression", "lightgbm"])
def test_a_built_pipeline_reads_every_number_that_it_learns(home: Home, name: str) -> None:
    """A plan has one column for a text, the matrix has several: none of them is left out."""
    config = load_config(home)
    data = load_dataset(config, home)
    pipeline = build_pipeline(config, EstimatorConfig(name=name))
    pipeline.fit(data.rows(), data.labels)
    features = pipeline.named_steps["encode"].features_
    assert len(features) > len(config.columns)
    classify = clone(pipeline.named_steps["classify"])
    there = build_classifier(features, EstimatorConfig(name=name), config.random_state)
    assert places(classify) == places(there)
    again = clone(pipeline).fit(data.rows(), data.labels)
    np.testing.assert_array_equal(
        again.predict_proba(data.rows()), pipeline.predict_proba(data.rows())
    )


def places(classify: Pipeline) -> list[object]:
    """Which columns a classifier reads as numbers and as categories."""
    if "prepare" in classify.named_steps:
        return [(name, at) for name, _, at in classify.named_steps["prepare"].transformers]
    return [*classify.named_steps["estimator"].categories]


def test_init_tells_texts_categories_and_orders_apart(home: Home) -> None:
    text = home.config_file.read_text(encoding="utf-8")
    assert "  remark: text\n" in text
    assert "  city: category\n" in text
    assert "    order:\n    - small\n    - medium\n    - large\n" in text


def test_a_row_has_the_same_bits_alone_in_a_batch_and_from_the_pickle(home: Home) -> None:
    rows, _ = rows_of(120, seed=7)
    rows += [{**rows[0], "remark": text} for text in ("", "zzz", "good " * 999, "हिन्दी 😀")]
    together = make_prediction(input_data=rows, home=home.path)["probabilities"]
    for row, shares in zip(rows, together, strict=True):
        assert make_prediction(input_data=[row], home=home.path)["probabilities"] == [shares]
    source = bundle.load(home)
    file = home.trained_models / source.manifest.files[".pkl"].name
    pickled = joblib.load(file).predict_proba(rows)
    np.testing.assert_allclose(pickled, np.array(together), atol=1e-6)


def test_the_same_table_gives_the_same_bytes(home: Home) -> None:
    before = files_of(home.trained_models)
    run_training(home.path)
    assert files_of(home.trained_models) == before


def test_no_row_of_a_person_stands_in_the_bundle(home: Home) -> None:
    rows, _ = rows_of(900)
    texts = {str(row["remark"]) for row in rows if len(str(row["remark"]).split()) > 5}
    source = bundle.load(home)
    for suffix in (".golden.jsonl", ".profile", ".learned", ".html", ".md", ".json"):
        text = source.contents.get(suffix, source.manifest.source()).decode()
        assert not [one for one in texts if one in text], suffix
    for kept in source.profile().columns.values():
        assert kept.example is not None


def test_what_is_odd_about_a_text_is_said(home: Home) -> None:
    rows, _ = rows_of(1)
    validator = load_model(home).validator
    assert isinstance(validator, RowValidator)
    long = {**rows[0], "remark": "good " * 2000, "note": "unheard-of", "city": "nowhere"}
    said = make_prediction(input_data=[long], home=home.path)["warnings"]
    assert {(one["column"], one["rule"]) for one in said} == {
        ("remark", "long_text"), ("note", "no_known_word"), ("city", "unseen_category"),
    }  # fmt: skip
    (message,) = [one["message"] for one in said if one["rule"] == "long_text"]
    assert message == "has 9999 characters; the first 5000 are read"


def test_the_card_says_which_terms_speak_for_each_class(home: Home) -> None:
    card = bundle.load(home).contents[".md"].decode()
    assert "the terms that speak most for each class" in card
    assert "groups of characters are known" in card


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ([f"the parcel came {n} days late" for n in range(60)], "prose"),
        ([f"word{n % 6}" for n in range(60)], "categories"),
        ([f"city{n % 300}" for n in range(3000)], "categories"),
        ([f"u-{n}" for n in range(60)], "identifiers"),
        ([f"{n}@example.org" for n in range(60)], "identifiers"),
        ([f"C{n % 40}" for n in range(60)], "codes"),
        ([f"senior clerk{n}" for n in range(60)], "prose"),
        ([f"包裹晚到了{chr(0x4E00 + n)}天" for n in range(60)], "prose"),
        (["yes", "no"], "categories"),
        ([";".join(f"t{k}" for k in range(5) if n >> k & 1) for n in range(1, 32)], "tags"),
        (["web, eu", "web", "eu", "web, docs", "docs, eu", "docs"] * 10, "categories"),
        ([f"Town {n}, Country {n % 7}" for n in range(60)], "prose"),
    ],
)
def test_what_a_column_holds_is_told_by_its_values(values: list[str], name: str) -> None:
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    assert nature_of(counts).name == name


@pytest.mark.parametrize(
    ("values", "order"),
    [
        ("Q3 Q1 Q2 Q4", "Q1 Q2 Q3 Q4"),
        ("large small medium", "small medium large"),
        ("65+ 18-24 25-64", "18-24 25-64 65+"),
        ("never often always", "never often always"),
        ("a b c", None),
        ("A1 B2 C3", None),
        ("yes no", None),
    ],
)
def test_an_order_is_found_where_it_is_plain(values: str, order: str | None) -> None:
    found = order_of(values.split())
    assert found == (None if order is None else tuple(order.split()))
    assert order_of(reversed(values.split())) == found


def test_a_csv_of_a_text_and_a_label_can_be_trained_on(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    file = tmp_path / "mail.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["message", "kind"])
        for _ in range(200):
            spam = draw.random() < 0.5
            words = draw.choice(["free", "win", "cash"] if spam else ["meet", "lunch", "report"], 4)
            writer.writerow([" ".join([*words, str(draw.integers(99))]), "spam" if spam else "ham"])
    home, _ = scaffold.create(file, "kind", tmp_path / "home")
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text.replace("time_budget: 60", "time_budget: 2"), encoding="utf-8")
    assert run_training(home.path).report.metrics.accuracy == 1
    found = make_prediction(input_data=[{"message": "win free cash"}], home=home.path)
    assert found["predictions"] == ["spam"]


def test_a_frame_becomes_a_home_and_a_model_in_a_notebook(tmp_path: Path) -> None:
    rows, labels = rows_of(900)
    frame = pd.DataFrame(rows).assign(label=labels).drop(columns=["remark", "note"])
    found = init_home(frame, "label", tmp_path / "home")
    assert {one.name: one.column.kind for one in found.learned.findings} == {
        "age": "integer", "city": "category", "size": "category",
    }  # fmt: skip
    file = found.home.config_file
    shown = repr(found).splitlines()
    assert shown[:2] == ["Columns to predict 'label' from", shown[1]]
    assert shown[1].split() == ["column", "kind", "missing", "values", "decision"]
    assert f"Wrote {file}" in shown[-1]
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("estimator: auto", "estimator: {name: logistic_regression}"))
    trained = train_home(found.home.path, search=True)
    assert repr(trained).startswith("Model 1.0.0 predicts 'label': log loss 0.")
    assert trained.report.metrics.log_loss < 0.69
    with pytest.raises(DataError, match="expected the path of a CSV or a frame, and found int"):
        init_home(3, "label", tmp_path / "other")


OWN = """
from sklearn.linear_model import LogisticRegression

class Mine(LogisticRegression):
    pass
"""


def test_an_estimator_of_the_home_s_own_loads_where_nobody_saw_the_home(tmp_path: Path) -> None:
    rows, labels = rows_of(200)
    frame = pd.DataFrame(rows).assign(label=labels).drop(columns=["remark", "note"])
    home = init_home(frame, "label", tmp_path / "home").home
    text = home.config_file.read_text(encoding="utf-8")
    text = text.replace("estimator: auto", "estimator: {name: features.Mine, parameters: {C: 2}}")
    home.config_file.write_text(text, encoding="utf-8")
    (home.path / "features.py").write_text(OWN, encoding="utf-8")
    trained = train_home(home.path)
    (home.path / "features.py").unlink()
    file = home.trained_models / trained.bundle.manifest.files[".pkl"].name
    code = (
        "import joblib, json, sys\n"
        "rows = json.loads(sys.argv[2])\n"
        "print(json.dumps(joblib.load(sys.argv[1]).predict_proba(rows).tolist()))"
    )
    few = [{k: v for k, v in row.items() if k not in ("remark", "note")} for row in rows[:3]]
    asked = json.dumps(few)
    done = subprocess.run(
        [sys.executable, "-c", code, str(file), asked],
        capture_output=True, text=True, check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SOURCE.parent)},
    )  # fmt: skip
    expected = make_prediction(input_data=few, home=home.path)["probabilities"]
    np.testing.assert_allclose(json.loads(done.stdout), np.array(expected), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere.Boost", "pip install nowhere"),
        ("sklearn.linear_model.Nothing", "there is no 'Nothing' in sklearn.linear_model"),
        ("sklearn.linear_model.LinearRegression", "no class with predict_proba"),
        ("features.Mine", "there is no 'Mine' in the home's features.py"),
    ],
)
def test_an_estimator_that_is_not_there_is_named_with_the_cure(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        own_estimator(name, {}, 0, "")


def test_a_package_that_the_pickle_needs_is_named_before_it_is_unpickled(home: Home) -> None:
    source = bundle.load(home)
    needing = source.with_more({}, needs={"no-such-package": "1.2"})
    with pytest.raises(IncompatibleModelError, match=r"pip install 'no-such-package==1\.2'"):
        needing.pipeline()

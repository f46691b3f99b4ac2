"""One definition of each feature, and one answer for a row, however it is asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingClassifier

from classification_model import bundle, make_prediction
from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.config.schema import LARGEST, Column, EstimatorConfig, RowSchema
from classification_model.estimators import ESTIMATORS
from classification_model.inference.engines import Engine, OnnxScorer, SklearnScorer
from classification_model.pipeline import build_pipeline
from classification_model.predict import Model
from classification_model.processing.data_manager import Split
from classification_model.processing.encoding import RowEncoder
from classification_model.processing.features import UNSEEN, Feature, feature_plan
from classification_model.processing.functions import functions_of
from classification_model.training.export import export, nasty_rows
from classification_model.training.export_estimator import parts_of
from homes import FEATURES, needs_its_scikit_learn

# By name: about another table it has other functions, and types are checked there, too.
features = import_module("classification_model.features")
ENGINES = ["onnx", pytest.param("sklearn", marks=needs_its_scikit_learn)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Allen, Miss. Elisabeth Walton", "Miss"),
        ("Sagesser, Mlle. Emma", "Miss"),
        ("Aubart, Mme. Leontine Pauline", "Mrs"),
        ("Rothes, the Countess. of (Lucy Noel Martha Dyer-Edwards)", "Rare"),
        ("nobody", None),
        (None, None),
    ],
)
@pytest.mark.usefixtures("titanic")
def test_title(name: str | None, expected: str | None) -> None:
    assert features.title(name) == expected


@pytest.mark.usefixtures("titanic")
def test_a_family_travels_on_one_ticket() -> None:
    assert features.family_size(1, 2) == 4
    assert features.fare_per_person(100.0, 1, 2) == 25
    assert features.fare_per_person(None, 1, 2) is None
    assert features.fare_per_person(100.0, -1, 0) is None  # nobody travels, and nothing divides


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ((1, "female", 30.0, "A, Mrs. B"), "woman or child, class 1"),
        ((3, "male", None, "A, Master. B"), "woman or child, class 3"),
        ((3, "male", 13.0, "A, Mr. B"), "woman or child, class 3"),
        ((2, "male", 14.0, "A, Mr. B"), "man, class 2"),
        ((2, "male", None, None), "man, class 2"),
    ],
)
@pytest.mark.usefixtures("titanic")
def test_women_and_children_first(row: tuple[Any, ...], expected: str) -> None:
    assert features.saved_first(*row) == expected


@pytest.mark.parametrize(
    ("family", "expected"),
    [((0, 0), "alone"), ((1, 2), "small"), ((4, 2), "large"), ((None, 0), None)],
)
@pytest.mark.usefixtures("titanic")
def test_families_are_alone_small_or_large(family: tuple[Any, ...], expected: str | None) -> None:
    assert features.family_band(*family) == expected


@pytest.mark.usefixtures("titanic")
def test_a_cabin_gives_its_deck_and_how_many_there_are() -> None:
    assert (features.deck("C22 C26"), features.word_count("C22 C26")) == ("C", 2)
    assert (features.deck(None), features.word_count(None)) == (None, 0)


def test_kinds_become_numbers() -> None:
    schema = RowSchema(
        columns={
            "n": Column(kind="number"),
            "b": Column(kind="boolean"),
            "c": Column(kind="category"),
            "d": Column(kind="date"),
            "t": Column(kind="raw"),
        }
    )
    day = date(1970, 2, 1)  # a Sunday
    rows: list[dict[str, Any]] = [
        {"n": 0.1, "b": True, "c": "y", "d": day, "t": "-"},
        {"n": None, "b": False, "c": None, "d": day, "t": "-"},
        {"n": 1, "b": False, "c": "z", "d": day, "t": "-"},
    ]
    plan = feature_plan(schema, {})
    encoder = RowEncoder(
        [replace(one, categories=("x", "y")) if one.kind == "category" else one for one in plan]
    )
    nan = float("nan")
    expected = np.array(
        [
            [0.1, 1, 1, 1970, 2, 6, 31],
            [nan, 0, nan, 1970, 2, 6, 31],
            [1, 0, UNSEEN, 1970, 2, 6, 31],
        ],
        dtype=np.float32,
    )
    np.testing.assert_array_equal(encoder.encode(rows), expected)
    assert encoder.encode(rows).dtype == np.float32


def test_a_derived_number_beyond_float32_is_the_largest_without_a_warning() -> None:
    size = Feature(name="size", kind="number", inputs=("a", "b"), function="family_size")
    (row,) = RowEncoder([size], functions_of(FEATURES.read_text(encoding="utf-8"))).encode(
        [{"a": 3 * 10**38, "b": 3 * 10**38}]
    )
    assert row.tolist() == [LARGEST]


@needs_its_scikit_learn
def test_serving_encodes_as_training_does(split: Split, source_home: Home) -> None:
    model = Model(bundle.load(source_home))
    encode = bundle.load(source_home).pipeline().named_steps["encode"]
    trained = encode.transform(split.held_out.rows())
    served = RowEncoder(model.manifest.features, model.functions).encode(split.held_out.rows())
    np.testing.assert_array_equal(served, trained)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_row_gets_the_same_bits_alone_and_in_any_batch(
    split: Split, source_home: Home, engine: Engine
) -> None:
    rows = split.held_out.rows()

    def answers(some: list[dict[str, Any]]) -> list[Any]:
        return make_prediction(input_data=some, home=source_home.path, engine=engine)[
            "probabilities"
        ]

    together = answers(rows)
    some = slice(0, 25)
    assert [answers([row])[0] for row in rows[some]] == together[some]
    for size in (2, 3, 17, 65):
        batches = [answers(rows[i : i + size]) for i in range(0, len(rows), size)]
        assert [answer for batch in batches for answer in batch] == together


UNUSUAL: dict[str, object] = {"category": "nobody has it", "integer": 10**7, "number": 1e7}


def test_what_is_said_of_rows_is_the_same_one_by_one_and_of_many(
    split: Split, source_home: Home, config: Config
) -> None:
    kinds = {name: column.kind for name, column in config.columns.items()}
    unusual = {name: UNUSUAL[kind] for name, kind in kinds.items() if kind in UNUSUAL}
    number = next(name for name, kind in kinds.items() if kind in ("integer", "number"))
    rows = [{**row, **unusual} if i % 3 else row
            for i, row in enumerate(split.held_out.rows()[:40])]  # fmt: skip
    bad: list[dict[str, Any]] = [{**row, number: "old"} if i % 7 == 2 else row
                                 for i, row in enumerate(rows)]  # fmt: skip

    def warnings(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
        found = make_prediction(input_data=some, home=source_home.path, on_error="skip")
        return found["warnings"]

    def alone(some: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**one, "row": i} for i, row in enumerate(some) for one in warnings([row])]

    assert {one["column"] for one in alone(rows)} >= {*unusual}
    assert warnings(rows) == alone(rows)
    assert warnings(bad) == alone(bad)


@pytest.mark.parametrize("engine", ENGINES)
def test_many_threads_score_rows_at_once(split: Split, source_home: Home, engine: Engine) -> None:
    """Memory that is used again for each row belongs to one thread."""
    rows = split.held_out.rows()[:60]

    def answer(row: dict[str, Any]) -> Any:
        return make_prediction(input_data=[row], home=source_home.path, engine=engine)

    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(answer, rows * (5 if engine == "onnx" else 1)))
    alone = [answer(row) for row in rows]
    assert together[: len(rows)] == alone
    assert together[-len(rows) :] == alone


VOTE = {"name": "soft_vote", "members": [{"name": "extra_trees"}, {"name": "logistic_regression"}]}
NAMES = [*ESTIMATORS, "lightgbm", "linear", "network"]
BLEND = {"name": "blend", "members": [{"name": name} for name in ("lightgbm", "linear", "network")]}
TO_EXPORT = [
    EstimatorConfig.model_validate(e) for e in (*({"name": n} for n in NAMES), VOTE, BLEND)
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("estimator", TO_EXPORT, ids=lambda e: e.name)
def test_every_estimator_exports_and_gives_a_row_the_same_bits_alone_and_in_a_batch(
    estimator: EstimatorConfig, config: Config, split: Split
) -> None:
    pipeline = build_pipeline(config.model_copy(update={"estimator": estimator}))
    pipeline.fit(split.train.rows(), split.train.labels)
    matrix = pipeline.named_steps["encode"].transform(split.held_out.rows())
    for scorer in (OnnxScorer(export(pipeline, matrix)), SklearnScorer(pipeline)):
        # By scikit-learn's own network not on every processor; see blockwise.py.
        exact = estimator.name != "neural_network" or isinstance(scorer, OnnxScorer)
        batch = scorer.score(matrix)
        alone = [scorer.score_row(row) for row in matrix[:60].tolist()]
        np.testing.assert_allclose(alone, batch[:60], rtol=0, atol=0 if exact else 1e-6)
        for size in (1, 3, 64, 100):
            parts = [scorer.score(matrix[i : i + size]) for i in range(0, len(matrix), size)]
            np.testing.assert_allclose(np.vstack(parts), batch, rtol=0, atol=0 if exact else 1e-6)


@needs_its_scikit_learn
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_onnx_agrees_with_scikit_learn_on_rows_nobody_has_seen(
    seed: int, split: Split, source_home: Home
) -> None:
    source = bundle.load(source_home)
    pipeline = source.pipeline()
    matrix = pipeline.named_steps["encode"].transform(split.train.rows())
    made = nasty_rows(pipeline, matrix, rows=200, seed=seed)
    graph = OnnxScorer(source.contents[".onnx"]).score(made)
    reference = SklearnScorer(pipeline).score(made)
    np.testing.assert_allclose(graph, reference, rtol=0, atol=1e-6)


def test_a_built_pipeline_is_new_and_unfitted(config: Config) -> None:
    quick = EstimatorConfig(name="logistic_regression")
    first, second = build_pipeline(config, quick), build_pipeline(config, quick)
    assert first is not second
    assert not hasattr(first.named_steps["encode"], "features_")


def test_the_trees_of_boosting_are_parts_of_it_with_three_classes_too() -> None:
    draw = np.random.default_rng(0)
    boosting = GradientBoostingClassifier(n_estimators=4)
    boosting.fit(draw.random((60, 2)), np.arange(60) % 3)
    assert len([*parts_of(boosting)]) == 1 + 4 * 3

"""A stripped model answers, exports, clones and fits as before, and has forgotten its rows."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import joblib
import numpy as np
import numpy.typing as npt
import pytest
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from classification_model.config.schema import EstimatorConfig, RowSchema
from classification_model.estimators import ESTIMATORS, build_classifier
from classification_model.inference.engines import OnnxScorer
from classification_model.pipeline import EncodingStep
from classification_model.processing.features import Feature
from classification_model.publishing.strip import strip, walk
from classification_model.training.export import export

PLAN = (
    Feature(name="income", kind="number", inputs=("income",)),
    Feature(name="size", kind="number", inputs=("size",)),
    Feature(name="place", kind="category", inputs=("place",), categories=("a", "b", "c")),
)
QUICK: dict[str, dict[str, object]] = {
    "extra_trees": {"n_estimators": 5},
    "gradient_boosting": {"n_estimators": 5, "subsample": 0.7, "n_iter_no_change": 3},
    "hist_gradient_boosting": {"max_iter": 5, "early_stopping": True},
    "neural_network": {"max_iter": 20, "early_stopping": True},
    "random_forest": {"n_estimators": 5},
}
STORING_ROWS = {"svc"}
NAMES = sorted(set(ESTIMATORS) - STORING_ROWS)
VOTE = EstimatorConfig(
    name="soft_vote",
    calibration="sigmoid",
    members=tuple(
        EstimatorConfig(name=name, parameters=QUICK[name])
        for name in ("hist_gradient_boosting", "random_forest")
    ),
)


def rows() -> npt.NDArray[np.float32]:
    draw = np.random.default_rng(0)
    matrix = np.column_stack(
        [draw.normal(30_000, 9_000, 300), draw.gamma(2, 3, 300), draw.integers(0, 3, 300)]
    )
    return matrix.astype(np.float32)


def labels(matrix: npt.NDArray[np.float32]) -> list[int]:
    """Numbers: before scikit-learn 1.9 a neural network cannot stop early about texts."""
    return [int(value > 45_000) for value in matrix[:, 0] + 3000 * matrix[:, 1]]


def fitted(config: EstimatorConfig) -> Pipeline:
    matrix = rows()
    encode = EncodingStep(RowSchema(columns={}), PLAN)
    encode.features_ = PLAN
    classify = build_classifier(PLAN, config, seed=0).fit(matrix, labels(matrix))
    return Pipeline([("encode", encode), ("classify", classify)])


def each(test: Callable[..., None]) -> Callable[..., None]:
    configs = [EstimatorConfig(name=name, parameters=QUICK.get(name, {})) for name in NAMES]
    marked = pytest.mark.parametrize("config", [*configs, VOTE], ids=[*NAMES, "soft_vote"])(test)
    quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    found: Callable[..., None] = quiet(marked)
    return found


@each
def test_the_probabilities_and_the_graph_stay_bit_by_bit(config: EstimatorConfig) -> None:
    pipeline, matrix = fitted(config), rows()
    classify = pipeline.named_steps["classify"]
    before, graph = classify.predict_proba(matrix), OnnxScorer(export(pipeline, matrix))
    strip(pipeline)
    assert classify.predict_proba(matrix).tobytes() == before.tobytes()
    after = OnnxScorer(export(pipeline, matrix))
    assert after.score(matrix).tobytes() == graph.score(matrix).tobytes()


@each
def test_what_was_stripped_can_be_pickled_cloned_and_fitted_again(config: EstimatorConfig) -> None:
    matrix = rows()
    classify = fitted(config).named_steps["classify"]
    before = classify.predict_proba(matrix)
    strip(classify)
    buffer = io.BytesIO()
    joblib.dump(classify, buffer)
    loaded = joblib.load(io.BytesIO(buffer.getvalue()))
    assert loaded.predict_proba(matrix).tobytes() == before.tobytes()
    assert loaded.score(matrix, labels(matrix)) > 0.5
    again = clone(loaded).fit(matrix, labels(matrix))
    assert again.predict_proba(matrix).tobytes() == before.tobytes()


@each
def test_no_count_of_rows_and_no_random_state_is_left(config: EstimatorConfig) -> None:
    classify = fitted(config).named_steps["classify"]
    assert list(counts_and_states(classify)) or config.name == "logistic_regression"
    strip(classify)
    assert not list(counts_and_states(classify))


def counts_and_states(model: object) -> Iterator[str]:
    for part in walk(model):
        yield from _told_by(part)


def _told_by(part: Any) -> Iterator[str]:
    kind = type(part).__name__
    if kind in ("RandomState", "Generator", "AdamOptimizer"):
        yield kind
    if kind == "TreePredictor" and part.nodes["count"].any():
        yield "count"
    if hasattr(part, "tree_") and part.tree_.n_node_samples.any():
        yield "n_node_samples"
    if kind == "_BinMapper" and any(edges.size > 3 for edges in part.bin_thresholds_):
        yield "bin_thresholds_"
    if hasattr(part, "_n_samples") or hasattr(part, "data_max_"):
        yield "number or range of rows"

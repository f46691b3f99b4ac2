"""Export what comes after the encoding to ONNX, and refuse a graph that answers otherwise."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from itertools import chain

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline

from classification_model.errors import ExportError, MissingExtraError
from classification_model.processing.features import MISSING, UNSEEN, Feature, Matrix
from classification_model.runtimes import OnnxScorer, SklearnScorer

__all__ = ["TOLERANCE", "export", "nasty_rows"]

TOLERANCE = 1e-5
"""The largest difference in a probability between the two engines that export allows."""

# The newest operator sets that the exporter and a two-year-old runtime both know.
_OPSETS = {"": 18, "ai.onnx.ml": 3}


def export(pipeline: Pipeline, matrix: Matrix) -> bytes:
    """A fitted pipeline's ``classify`` step as the bytes of an .onnx file.

    Args:
        pipeline: fitted.
        matrix: encoded rows, those of training, on which both engines must agree.

    Raises:
        MissingExtraError: skl2onnx is not installed.
        ExportError: the estimator cannot be converted, or the graph gives another label or
            a probability that differs by more than :data:`TOLERANCE`.
    """
    try:
        from skl2onnx import to_onnx
        from skl2onnx.common.data_types import FloatTensorType
    except ImportError:
        raise MissingExtraError(
            purpose="exporting to ONNX", extra="train", module="skl2onnx"
        ) from None
    classify = _with_float32_thresholds(pipeline.named_steps["classify"])
    try:
        with warnings.catch_warnings():
            # The exporter does things that NumPy and scikit-learn will forbid one day; what
            # matters is whether its graph gives the same answers, and that is checked.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            model = to_onnx(
                classify,
                # Named: the exporter would draw a random name, and the bytes would differ.
                name="classify",
                initial_types=[("features", FloatTensorType([None, matrix.shape[1]]))],
                options={"zipmap": False},
                target_opset=_OPSETS,
            )
    except Exception as error:  # the exporter raises what it likes
        raise ExportError(f"cannot be exported to ONNX: {str(error)[:200]}") from error
    for node in model.graph.node:  # the exporter's order depends on the hash seed
        node.attribute.sort(key=lambda attribute: attribute.name)
    graph = bytes(model.SerializeToString(deterministic=True))
    _check(pipeline, graph, np.vstack([matrix, nasty_rows(pipeline, matrix)]))
    return graph


def _with_float32_thresholds(classify: Pipeline) -> Pipeline:
    """A copy whose histogram trees split at float32 values, with the same answers.

    The exporter rounds a threshold to the nearest float32, which may be a value that the tree
    sends the other way. The largest float32 that is not above it splits float32 values alike.
    """
    same = copy.deepcopy(classify)
    for estimator in _parts(same):
        for predictor in chain.from_iterable(getattr(estimator, "_predictors", ())):
            exact = predictor.nodes["num_threshold"]
            rounded = exact.astype(np.float32)
            lower = np.nextafter(rounded, np.float32(-np.inf))
            predictor.nodes["num_threshold"] = np.where(rounded > exact, lower, rounded)
    return same


def _parts(estimator: BaseEstimator) -> Iterator[BaseEstimator]:
    """An estimator and those inside it, however deep."""
    yield estimator
    steps = [step for _, step in getattr(estimator, "steps", ())]
    for part in (*steps, *getattr(estimator, "estimators_", ())):
        if isinstance(part, BaseEstimator):
            yield from _parts(part)


def nasty_rows(pipeline: Pipeline, matrix: Matrix, *, rows: int = 500, seed: int = 0) -> Matrix:
    """Rows that training may not hold: values mixed across rows, at and just beside values
    seen, far outside, missing, and categories never seen."""
    features: tuple[Feature, ...] = pipeline.named_steps["encode"].features_
    random = np.random.default_rng(seed)
    picks = random.integers(0, len(matrix), size=(rows, matrix.shape[1]))
    made = np.take_along_axis(matrix, picks, axis=0)
    fate = random.random(made.shape)
    for column, feature in enumerate(features):
        values = made[:, column]
        if feature.kind == "number":
            nudged = np.nextafter(values, np.where(fate[:, column] < 0.15, np.inf, -np.inf))
            values = np.where(fate[:, column] < 0.3, nudged, values)
            values = np.where(fate[:, column] > 0.95, values * 1000, values)
        else:
            values = np.where(fate[:, column] > 0.9, UNSEEN, values)
        made[:, column] = np.where(
            (fate[:, column] > 0.3) & (fate[:, column] < 0.4), MISSING, values
        )
    return made


def _check(pipeline: Pipeline, graph: bytes, matrix: Matrix) -> None:
    expected = SklearnScorer(pipeline).score(matrix)
    found = OnnxScorer(graph).score(matrix)
    difference = np.abs(expected - found).max(axis=1)
    worst = int(difference.argmax())
    if not difference[worst] <= TOLERANCE:
        raise ExportError(
            f"the ONNX graph is not the model: row {worst} differs by {difference[worst]:.2g} in "
            f"a probability, and {TOLERANCE:g} is allowed"
        )
    other = np.flatnonzero(expected.argmax(axis=1) != found.argmax(axis=1))
    if len(other):
        raise ExportError(f"the ONNX graph is not the model: row {other[0]} gets another label")

"""Export what comes after the encoding to ONNX, and refuse a graph that answers otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from classification_model.errors import ExportError
from classification_model.inference.engines import TOLERANCE, OnnxScorer, SklearnScorer
from classification_model.learners import Blend
from classification_model.processing.arrays import Matrix
from classification_model.processing.features import MISSING, UNSEEN, Feature
from classification_model.training import export_blend, export_estimator

__all__ = ["export", "nasty_rows"]

_SAMPLE = 10_000
"""So many training rows, drawn from all, have to get the same answers from both engines."""


def export(pipeline: Pipeline, matrix: Matrix) -> bytes:
    """A fitted pipeline's ``classify`` step as the bytes of an .onnx file.

    Args:
        pipeline: fitted.
        matrix: encoded rows, those of training; both engines must agree on a sample of them, and
            on :func:`nasty_rows`.

    Raises:
        MissingExtraError: what writes the graph is not installed.
        ExportError: the estimator cannot be converted, or the graph gives another label or
            a probability that differs by more than :data:`TOLERANCE`.
    """
    sample = matrix
    if len(matrix) > _SAMPLE:
        sample = matrix[np.random.default_rng(0).choice(len(matrix), _SAMPLE, replace=False)]
    rows = np.vstack([sample, nasty_rows(pipeline, matrix)])
    expected = SklearnScorer(pipeline).score(rows)
    refused = ExportError("there is no graph")
    for model in _graphs(pipeline.named_steps["classify"], matrix.shape[1]):
        for one in model.graph.node:  # the exporter's order depends on the hash seed
            one.attribute.sort(key=lambda attribute: attribute.name)
        graph = bytes(model.SerializeToString(deterministic=True))
        try:
            _check(graph, rows, expected)
        except ExportError as error:
            refused = error
        else:
            return graph
    raise refused


def _graphs(classify: Pipeline, width: int) -> Iterator[Any]:
    """The graph, and then one that costs more but rounds a row alike in any company."""
    estimator = classify.named_steps["estimator"]
    write = (
        partial(export_blend.written, estimator)
        if isinstance(estimator, Blend)
        else partial(export_estimator.written, classify, width)
    )
    yield write()
    yield write(padded=True)


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
            if feature.bounds:  # which no row that is encoded leaves
                ends = np.array(feature.bounds, np.float64) - feature.centre
                values = np.clip(values, *ends.astype(np.float32))
        else:
            values = np.where(fate[:, column] > 0.9, UNSEEN, values)
        made[:, column] = np.where(
            (fate[:, column] > 0.3) & (fate[:, column] < 0.4), MISSING, values
        )
    return made


def _check(graph: bytes, matrix: Matrix, expected: npt.NDArray[np.floating]) -> None:
    scorer = OnnxScorer(graph)
    found = scorer.score(matrix)
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
    for row in range(len(matrix) - min(100, len(matrix)), len(matrix)):
        if scorer.score_row(matrix[row].tolist()) != found[row].tolist():
            raise ExportError(f"the ONNX graph rounds row {row} otherwise when it comes alone")

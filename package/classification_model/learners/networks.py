"""Linear models and small networks, kept as layers of weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from classification_model.learners.adam import Network
from classification_model.processing.arrays import Matrix
from classification_model.processing.few_rows import bounds, edges

__all__ = [
    "LINEAR_DEFAULTS",
    "NETWORK_DEFAULTS",
    "Layers",
    "Preparation",
    "epochs",
    "fit_linear",
    "fit_network",
    "strengths",
]

Floats = npt.NDArray[np.float32]
Weights = npt.NDArray[np.float64]

LINEAR_DEFAULTS: Mapping[str, Any] = {"C": 1.0}
NETWORK_DEFAULTS: Mapping[str, Any] = {
    "decay": 0.1,
    "epochs": 50,
    "hidden": 128,
    "layers": 1,
    "learning_rate": 0.002,
}

# From much regularisation to little, and from few passes over the rows to many.
_STRENGTHS = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
_EPOCHS = (2, 3, 4, 6, 8, 11, 15, 20, 27, 36, 48, 64, 85, 113, 150)
_MISSING = -2.0
_MOST_CODES = 255
_STEPS = 300  # of the linear solver


@dataclass(frozen=True, eq=False)
class Preparation:
    """From the encoded matrix to centred and scaled columns, categories one by one.

    A value beyond those that training saw counts as the nearest: a linear model would
    extrapolate without end. ``fills`` has one entry for each column of the encoded matrix.
    """

    fills: Floats
    numbers: npt.NDArray[np.int64]
    low: Floats
    high: Floats
    centre: Floats
    scale: Floats
    columns: npt.NDArray[np.int64]
    codes: Floats

    @classmethod
    def of(cls, matrix: Matrix, categories: Sequence[int], *, min_rows: int) -> Preparation:
        """Learn it from training rows; ``categories`` are the columns that hold codes.

        Bounds and fills follow the rule of few rows, and a category of fewer rows has no column.
        """
        numbers = [i for i in range(matrix.shape[1]) if i not in {*categories}]
        fills = np.full(matrix.shape[1], _MISSING, np.float32)
        limits = [_bounds(matrix[:, i], min_rows) for i in numbers]
        for column, (_, middle, _) in zip(numbers, limits, strict=True):
            fills[column] = middle
        low = np.array([low for low, _, _ in limits], np.float32)
        high = np.array([high for _, _, high in limits], np.float32)
        filled = np.where(np.isnan(matrix), fills, matrix)
        clipped = np.clip(filled[:, numbers], low, high)
        centre = clipped.mean(axis=0, dtype=np.float64).astype(np.float32)
        spread = clipped.std(axis=0, dtype=np.float64)
        scale = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0).astype(np.float32)
        pairs = [
            (column, code) for column in categories for code in _common(filled[:, column], min_rows)
        ]
        return cls(
            fills, np.array(numbers, np.int64), low, high, centre, scale,
            np.array([column for column, _ in pairs], np.int64),
            np.array([code for _, code in pairs], np.float32),
        )  # fmt: skip

    def __call__(self, matrix: Matrix) -> Floats:
        filled = np.where(np.isnan(matrix), self.fills, matrix)
        numbers = np.clip(filled[:, self.numbers], self.low, self.high)
        numbers = (numbers - self.centre) * self.scale
        categories = (filled[:, self.columns] == self.codes).astype(np.float32)
        return np.concatenate([numbers, categories], axis=1, dtype=np.float32)


@dataclass(frozen=True, eq=False)
class Layers:
    """The weights and offsets of each layer; rectified linear units stand between two layers."""

    weights: tuple[Floats, ...]
    offsets: tuple[Floats, ...]

    def margins(self, prepared: Floats) -> Floats:
        found = prepared
        for position, (weights, offset) in enumerate(zip(self.weights, self.offsets, strict=True)):
            found = np.maximum(found, 0) if position else found
            found = found @ weights + offset
        return found

    def scaled(self, weight: float) -> Layers:
        """The same with margins ``weight`` times as large."""
        *weights, last = self.weights
        *offsets, offset = self.offsets
        return Layers(
            (*weights, (last * np.float64(weight)).astype(np.float32)),
            (*offsets, (offset * np.float64(weight)).astype(np.float32)),
        )


def strengths(
    prepared: Floats,
    target: npt.NDArray[np.intp],
    test: Floats,
    weights: Weights | None = None,
) -> Iterator[tuple[float, npt.NDArray[np.float64]]]:
    """Linear models from much regularisation to little: the C of each, and margins."""
    model = LogisticRegression(max_iter=_STEPS, warm_start=True)
    for strength in _STRENGTHS:
        model.set_params(C=strength)
        _fit(model, prepared, target, weights)
        yield strength, _two_dimensional(model.decision_function(test))


def fit_linear(
    prepared: Floats,
    target: npt.NDArray[np.intp],
    parameters: Mapping[str, Any],
    weights: Weights | None = None,
) -> Layers:
    model = LogisticRegression(max_iter=_STEPS, C={**LINEAR_DEFAULTS, **parameters}["C"])
    _fit(model, prepared, target, weights)
    return Layers((model.coef_.T.astype(np.float32),), (model.intercept_.astype(np.float32),))


def epochs(
    prepared: Floats,
    target: npt.NDArray[np.intp],
    test: Floats,
    *,
    parameters: Mapping[str, Any],
    seed: int,
    weights: Weights | None = None,
) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """A network after some passes over the rows, and after more: margins of ``test``."""
    network, truth, done = _network(prepared, target, parameters, seed), _truth(target), 0
    for aim in _EPOCHS:
        _pass(network, prepared, truth, aim - done, weights)
        done = aim
        yield done, _layers(network).margins(test).astype(np.float64)


def fit_network(
    prepared: Floats,
    target: npt.NDArray[np.intp],
    *,
    parameters: Mapping[str, Any],
    seed: int,
    weights: Weights | None = None,
    told: Callable[[], None] = lambda: None,
) -> Layers:
    """A network after ``epochs`` passes over the rows; ``told`` is called after each."""
    network, truth = _network(prepared, target, parameters, seed), _truth(target)
    for _ in range({**NETWORK_DEFAULTS, **parameters}["epochs"]):
        _pass(network, prepared, truth, 1, weights)
        told()
    return _layers(network)


def _network(
    prepared: Floats, target: npt.NDArray[np.intp], parameters: Mapping[str, Any], seed: int
) -> Network:
    settings = {**NETWORK_DEFAULTS, **parameters}
    hidden = [settings["hidden"]] * settings["layers"]
    return Network(
        [prepared.shape[1], *hidden, _truth(target[:1], int(target.max()) + 1).shape[1]],
        learning_rate=settings["learning_rate"],
        decay=settings["decay"],
        seed=seed,
    )


def _pass(
    network: Network,
    prepared: Floats,
    truth: Floats,
    times: int,
    weights: Weights | None,
) -> None:
    batch = int(np.clip(len(prepared) // 20, 32, 256))
    each = None if weights is None else weights.astype(np.float32)[:, np.newaxis]
    for _ in range(times):
        network.learn(prepared, truth, batch=batch, weights=each)


def _truth(target: npt.NDArray[np.intp], classes: int = 0) -> Floats:
    """A column for each class, or for the second of two."""
    columns = np.arange(classes or int(target.max()) + 1)
    found = (target[:, np.newaxis] == columns).astype(np.float32)
    kept: Floats = found[:, 1:] if len(columns) == 2 else found
    return kept


def _layers(network: Network) -> Layers:
    return Layers(
        tuple(weights.copy() for weights in network.weights),
        tuple(offset.copy() for offset in network.offsets),
    )


def _fit(
    model: LogisticRegression,
    prepared: Floats,
    target: npt.NDArray[np.intp],
    weights: Weights | None,
) -> None:
    with warnings.catch_warnings():
        # It is judged by its answers, whether it converged or not.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(prepared, target, weights)


def _two_dimensional(margins: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    return np.reshape(margins, (len(margins), -1)).astype(np.float64)


def _common(codes: Floats, min_rows: int) -> list[float]:
    """The commonest codes that enough rows have."""
    found, counts = np.unique(codes, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_MOST_CODES]
    return [float(found[i]) for i in sorted(order) if counts[i] >= min_rows]


def _bounds(values: Floats, min_rows: int) -> tuple[float, float, float]:
    """What enough rows reach below, a rounded median, and what enough reach above."""
    numbers = values.astype(np.float64)
    limits = bounds(numbers, min_rows)
    if limits is None:
        return 0.0, 0.0, 0.0
    (middle,) = edges(numbers, [0.5], min_rows)
    return limits[0], middle, limits[1]

"""Boosted trees, fitted by LightGBM on one thread and kept as arrays.

Only training needs LightGBM. On one thread, or several, it gives the same trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from classification_model.errors import MissingExtraError
from classification_model.learners.trees import MISSING_CODE, UNSEEN_CODE, Trees, from_text
from classification_model.processing.arrays import Matrix

Weights = npt.NDArray[np.float64]

__all__ = ["DEFAULTS", "fit", "native", "rounds", "with_codes"]

DEFAULTS: Mapping[str, Any] = {
    "bagging_fraction": 1.0,
    "cat_l2": 10.0,
    "cat_smooth": 10.0,
    "extra_trees": False,
    "feature_fraction": 1.0,
    "feature_fraction_bynode": 1.0,
    "lambda_l1": 0.0,
    "lambda_l2": 1.0,
    "learning_rate": 0.05,
    "max_bin": 255,
    "max_depth": -1,
    "min_data_in_leaf": 20,
    "min_data_per_group": 20,
    "num_leaves": 31,
    "path_smooth": 0.0,
    "rounds": 200,
}
"""LightGBM's parameters that a configuration may set; ``rounds`` are its boosting rounds."""


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    """The rows that are boosted, and what each counts."""

    matrix: Matrix
    target: npt.NDArray[np.intp]
    categories: Sequence[int]
    weights: Weights | None


def rounds(
    matrix: Matrix,
    target: npt.NDArray[np.intp],
    test: Matrix,
    *,
    categories: Sequence[int],
    parameters: Mapping[str, Any],
    seed: int,
    min_rows: int,
    weights: Weights | None = None,
) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """Boost, and yield now and then the rounds so far with the margins of ``test``.

    Args:
        matrix: encoded rows, categories as codes, a missing one included.
        target: the class of each, from 0 up.
        test: the rows to answer.
        categories: which columns hold codes.
        parameters: as in :data:`DEFAULTS`; ``rounds`` is not looked at.
        seed: of what is drawn.
        min_rows: the fewest rows of a leaf.
        weights: what each row counts.
    """
    data = _Data(matrix, target, categories, weights)
    booster = _booster(data, _bounded(parameters, min_rows), seed, threads=1)
    width = _width(target)
    margins, done = np.zeros((len(test), width)), 0
    for aim in _stops():
        for _ in range(aim - done):
            booster.update()
        more = booster.predict(
            test, raw_score=True, start_iteration=done, num_iteration=aim - done, num_threads=1
        )
        margins, done = margins + np.reshape(more, (len(test), width)), aim
        yield done, margins


def fit(  # noqa: PLR0913 - the rows, how they are learned from, and who is told
    matrix: Matrix,
    target: npt.NDArray[np.intp],
    *,
    categories: Sequence[int],
    parameters: Mapping[str, Any],
    seed: int,
    min_rows: int,
    weights: Weights | None = None,
    threads: int = 1,
    told: Callable[[], None] = lambda: None,
) -> Trees:
    """Trees after ``rounds`` rounds; ``told`` is called after each."""
    parameters = _bounded(parameters, min_rows)
    data = _Data(matrix, target, categories, weights)
    booster = _booster(data, parameters, seed, threads=threads)
    for _ in range({**DEFAULTS, **parameters}["rounds"]):
        booster.update()
        told()
    text = booster.model_to_string(num_iteration=-1)
    return from_text(text, width=_width(target), min_rows=min_rows)


def native(matrix: Matrix, categories: Sequence[int]) -> list[int]:
    """The categorical columns of few enough codes; others are read as ordered numbers."""
    return [
        column for column in categories if np.nanmax(matrix[:, column], initial=0) < MISSING_CODE
    ]


def with_codes(matrix: Matrix, native: Sequence[int]) -> Matrix:
    """A copy in which a missing category and an unseen one have codes of their own."""
    if not native:
        return matrix
    filled = matrix.copy()
    for column in native:
        values = filled[:, column]
        values[np.isnan(values)] = MISSING_CODE
        values[values < 0] = UNSEEN_CODE
    return filled


def _width(target: npt.NDArray[np.intp]) -> int:
    classes = int(target.max()) + 1
    return classes if classes > 2 else 1


def _stops() -> Iterator[int]:
    """Numbers of rounds, each a seventh more than the last."""
    aim = 20
    while True:
        yield aim
        aim += max(2, aim // 7)


def _bounded(parameters: Mapping[str, Any], min_rows: int) -> Mapping[str, Any]:
    asked = parameters.get("min_data_in_leaf", DEFAULTS["min_data_in_leaf"])
    return {**parameters, "min_data_in_leaf": max(min_rows, asked)}


def _booster(data: _Data, parameters: Mapping[str, Any], seed: int, *, threads: int) -> Any:
    try:
        import lightgbm
    except ImportError:
        raise MissingExtraError(purpose="boosting", extra="train", module="lightgbm") from None
    classes = int(data.target.max()) + 1
    settings = {**DEFAULTS, **parameters}
    settings.pop("rounds")
    settings |= {
        "bagging_freq": int(settings["bagging_fraction"] < 1),
        "deterministic": True,
        "feature_pre_filter": False,
        "force_col_wise": True,
        "num_threads": threads,
        "objective": "multiclass" if classes > 2 else "binary",
        "seed": seed,
        "verbosity": -1,
    }
    if classes > 2:
        settings["num_class"] = classes
    rows = lightgbm.Dataset(
        data.matrix, data.target, weight=data.weights, categorical_feature=list(data.categories),
        params=settings, free_raw_data=False,
    )  # fmt: skip
    return lightgbm.Booster(settings, rows)

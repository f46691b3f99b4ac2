"""Which raw columns a model leans on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Label, RowSchema
from classification_model.evaluation.metrics import align
from classification_model.evaluation.report import Importance
from classification_model.processing.arrays import Matrix
from classification_model.processing.columns import ColumnEncoder
from classification_model.processing.data_manager import Dataset
from classification_model.processing.features import Feature
from classification_model.processing.functions import Functions
from classification_model.processing.typed_columns import Columns

__all__ = ["Predict", "importance"]

Predict = Callable[[Matrix], npt.NDArray[np.floating]]
"""Encoded rows in, probabilities of shape ``(rows, classes)`` out."""

_REPEATS = 5
# What all columns and repeats together may score; wide tables are judged on fewer rows.
_SCORED = 75_000
_SCORED_AT_ONCE = 20_000
_FEWEST_ROWS = 200


def importance(
    held_out: Dataset,
    *,
    predict: Predict,
    features: Sequence[Feature],
    functions: Functions,
    schema: RowSchema,
    classes: Sequence[Label],
    seed: int,
) -> tuple[Importance, ...]:
    """Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019), in log loss.

    A raw column is shuffled among the rows and every feature that comes from it follows, so
    a column counts for all that is derived from it. A column that no feature comes from
    counts for nothing.

    Returns:
        The columns, the most important one first.
    """
    some = held_out.take(_some_rows(len(held_out), len(schema.columns), seed))
    encoder = ColumnEncoder(schema, features, functions)
    matrix = encoder.encode(some.columns)
    whole = align(some.labels, predict(matrix), classes).losses.mean()
    affected = {
        column: [i for i, feature in enumerate(features) if column in feature.inputs]
        for column in schema.columns
    }
    used = [column for column, places in affected.items() if places]
    grown = {column: np.zeros(_REPEATS) for column in schema.columns}
    # A call costs some models more than its rows do, so that many columns share one.
    size = max(1, _SCORED_AT_ONCE // (_REPEATS * len(some)))
    for start in range(0, len(used), size):
        block = used[start : start + size]
        shuffled = [
            _shuffled(matrix, some.columns, column, encoder, affected[column], [seed, start + i])
            for i, column in enumerate(block)
        ]
        repeated = some.labels * (_REPEATS * len(block))
        losses = align(repeated, predict(np.concatenate(shuffled)), classes).losses
        means = losses.reshape(len(block), _REPEATS, len(some)).mean(axis=2)
        grown |= dict(zip(block, means - whole, strict=True))
    ranked = [
        Importance(column=column, mean=float(each.mean()), spread=float(each.std(ddof=1)))
        for column, each in grown.items()
    ]
    return tuple(sorted(ranked, key=lambda one: (-one.mean, one.column)))


def _some_rows(rows: int, columns: int, seed: int) -> npt.NDArray[np.int64]:
    """The positions of the rows to look at: all, or as many as the bound allows."""
    limit = max(_FEWEST_ROWS, _SCORED // (_REPEATS * columns))
    if rows <= limit:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, limit, replace=False))


def _shuffled(
    matrix: Matrix,
    columns: Columns,
    column: str,
    encoder: ColumnEncoder,
    affected: Sequence[int],
    seed: Sequence[int],
) -> Matrix:
    """The encoded rows once for each repeat, with the column, and what comes from it, shuffled."""
    random = np.random.default_rng(seed)
    result = np.tile(matrix, (_REPEATS, 1))
    rows = len(matrix)
    for repeat in range(_REPEATS):
        changed = {**columns, column: columns[column].take(random.permutation(rows))}
        result[repeat * rows : (repeat + 1) * rows, affected] = encoder.encode(changed, affected)
    return result

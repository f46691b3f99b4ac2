"""Which raw columns a model leans on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Label, RowSchema
from classification_model.evaluation.metrics import align
from classification_model.evaluation.models import Importance
from classification_model.processing.data_manager import Dataset
from classification_model.processing.features import Encoder, Feature, Matrix

__all__ = ["Predict", "importance"]

Predict = Callable[[Matrix], npt.NDArray[np.floating]]
"""Encoded rows in, probabilities of shape ``(rows, classes)`` out."""

_REPEATS = 5
# What all columns and repeats together may score; wide tables are judged on fewer rows.
_SCORED = 75_000
_FEWEST_ROWS = 200


def importance(
    held_out: Dataset,
    *,
    predict: Predict,
    features: Sequence[Feature],
    schema: RowSchema,
    classes: Sequence[Label],
    seed: int,
) -> tuple[tuple[Importance, ...], int]:
    """Permutation importance (Breiman 2001; Fisher, Rudin and Dominici 2019), in log loss.

    A raw column is shuffled among the rows and every feature that comes from it follows, so
    a column counts for all that is derived from it. A column that no feature comes from
    counts for nothing.

    Returns:
        The columns, the most important one first, and the number of rows they were judged on.
    """
    limit = max(_FEWEST_ROWS, _SCORED // (_REPEATS * len(schema.columns)))
    some = np.arange(len(held_out.rows))
    if len(some) > limit:
        random = np.random.default_rng(seed)
        some = np.sort(random.choice(some, limit, replace=False))
    rows = [held_out.rows[i] for i in some]
    labels = [held_out.labels[i] for i in some]
    matrix = Encoder(features).encode(rows)
    whole = align(labels, predict(matrix), classes).losses.mean()
    result = []
    for position, column in enumerate(schema.columns):
        random = np.random.default_rng([seed, position])
        orders = [random.permutation(len(rows)) for _ in range(_REPEATS)]
        affected = [i for i, feature in enumerate(features) if column in feature.inputs]
        grown = np.zeros(_REPEATS)
        if affected:
            values = [row[column] for row in rows]
            changed = [
                {**row, column: values[i]}
                for order in orders
                for row, i in zip(rows, order, strict=True)
            ]
            shuffled = np.tile(matrix, (_REPEATS, 1))
            shuffled[:, affected] = Encoder([features[i] for i in affected]).encode(changed)
            losses = align(labels * _REPEATS, predict(shuffled), classes).losses
            grown = losses.reshape(_REPEATS, -1).mean(axis=1) - whole
        result.append(
            Importance(column=column, mean=float(grown.mean()), spread=float(grown.std(ddof=1)))
        )
    return tuple(sorted(result, key=lambda one: (-one.mean, one.column))), len(rows)

"""Which raw columns a model leans on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Label, RowSchema
from classification_model.evaluation.metrics import align
from classification_model.evaluation.report import Importance
from classification_model.processing.arrays import Floats, Matrix, drawn
from classification_model.processing.columns import ColumnEncoder
from classification_model.processing.data_manager import Dataset
from classification_model.processing.features import Feature
from classification_model.processing.functions import Functions

__all__ = ["Predict", "importance"]

Predict = Callable[[Matrix], npt.NDArray[np.floating]]
"""Encoded rows in, probabilities of shape ``(rows, classes)`` out."""

_REPEATS = 5
# What all columns and repeats together may score; wide tables are judged on fewer rows.
_SCORED = 75_000
_SCORED_AT_ONCE = 20_000
_FEWEST_ROWS = 200
# Of more columns than these, one shuffle of each among fewer rows says which are shuffled again.
_MOST_REPEATED, _SHUFFLED_ONCE = 100, 100


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
    counts for nothing. Where columns are many, those that matter least are shuffled once.

    Returns:
        The columns, the most important one first.
    """
    limit = max(_FEWEST_ROWS, _SCORED // (_REPEATS * len(schema.columns)))
    encoder = ColumnEncoder(schema, features, functions)
    affected = {
        column: [i for i, feature in enumerate(features) if column in feature.inputs]
        for column in schema.columns
    }

    def asked(most: int) -> _Asked:
        some = held_out.take(drawn(len(held_out), most, seed))
        return _Asked(some, encoder, affected, encoder.encode(some.columns), predict, classes)

    used = [column for column, places in affected.items() if places]
    draws = {column: (seed, i) for i, column in enumerate(used)}
    grown = {column: np.zeros(_REPEATS) for column in schema.columns}
    if len(used) > _MOST_REPEATED:
        # Other draws than those that follow: what is shuffled again is not what had luck.
        grown |= asked(_SHUFFLED_ONCE).grown({column: (*draws[column], 1) for column in used}, 1)
        used = sorted(used, key=lambda column: -grown[column].mean())[:_MOST_REPEATED]
    grown |= asked(limit).grown({column: draws[column] for column in used}, _REPEATS)
    ranked = [
        Importance(
            column=column,
            mean=float(each.mean()),
            spread=float(each.std(ddof=1)) if len(each) > 1 else 0.0,
        )
        for column, each in grown.items()
    ]
    return tuple(sorted(ranked, key=lambda one: (-one.mean, one.column)))


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Some rows, their matrix, and who is asked about them; ``affected`` by column of the rows."""

    some: Dataset
    encoder: ColumnEncoder
    affected: Mapping[str, Sequence[int]]
    matrix: Matrix
    predict: Predict
    classes: Sequence[Label]

    def grown(self, draws: Mapping[str, Sequence[int]], repeats: int) -> dict[str, Floats]:
        """By how much the loss grows when each column is shuffled, shape ``(repeats,)``.

        ``draws`` has the seed of each column.
        """
        some, found = self.some, dict[str, Floats]()
        whole = align(some.labels, self.predict(self.matrix), self.classes).losses.mean()
        # A call costs some models more than its rows do, so that many columns share one.
        size = max(1, _SCORED_AT_ONCE // (repeats * len(some)))
        for block in _blocks(draws, size):
            rows = np.concatenate([self._shuffled(one, repeats, draws[one]) for one in block])
            repeated = some.labels * (repeats * len(block))
            losses = align(repeated, self.predict(rows), self.classes).losses
            means = losses.reshape(len(block), repeats, len(some)).mean(axis=2)
            found |= dict(zip(block, means - whole, strict=True))
        return found

    def _shuffled(self, column: str, repeats: int, draw: Sequence[int]) -> Matrix:
        """The rows once for each repeat, with the column, and what comes from it, shuffled."""
        random, columns = np.random.default_rng(draw), self.some.columns
        result = np.tile(self.matrix, (repeats, 1))
        rows, places = len(self.matrix), self.affected[column]
        for repeat in range(repeats):
            changed = {**columns, column: columns[column].take(random.permutation(rows))}
            result[repeat * rows : (repeat + 1) * rows, places] = self.encoder.encode(
                changed, places
            )
        return result


def _blocks(names: Mapping[str, object], size: int) -> Iterator[tuple[str, ...]]:
    each = iter(names)
    while block := tuple(islice(each, size)):
        yield block

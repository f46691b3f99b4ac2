"""Why a row got its probability: Shapley values over its raw columns.

A value says how far a column moved the probability away from ``base``, the mean over a few
background rows. In a coalition the columns that are in it have the row's values, all others
those of a background row (Lundberg and Lee 2017, "interventional" values). A derived feature
belongs to its inputs: it is computed again for each combination of them.

Against one background row only the columns count in which the two differ, mostly a few. Where
those are few, all coalitions are asked; else random permutations, each with its reverse, which
cancels much of the error (Mitchell et al. 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from classification_model.inference.engines import Scorer
from classification_model.processing.arrays import Floats
from classification_model.processing.encoding import RowEncoder
from classification_model.processing.features import Feature
from classification_model.processing.functions import Functions
from classification_model.processing.value_rules import TypedRow

__all__ = ["Explainer", "Explanation"]

Places = npt.NDArray[np.int64]
Coalitions = npt.NDArray[np.bool_]
"""Shape ``(coalitions, differing columns)``: which of them have the row's own value."""

_EXACT = 10
"""Up to so many differing columns all coalitions are asked: 1,024 rows of the matrix."""

_PAIRS = 12
"""Permutations with their reverse, for each background row that differs in more columns."""

_ROWS = 16_384
"""About so many rows of the matrix are scored for one explanation of a wide table."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What moved one row's probability of one class.

    ``base + sum(contributions)`` is the probability. In 95 of 100 rows no contribution is off by
    more than ``error``; it is 0 where all coalitions were asked.
    """

    base: float
    contributions: dict[str, float]
    error: float


class Explainer:
    """Explains rows of one model. Holds no state between calls.

    Args:
        features: the features of the matrix, in order.
        functions: those that the features name.
        scorer: from the matrix to probabilities.
        background: typed rows to measure against; a few dozen.
        columns: the raw columns, in the order in which they are told.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        functions: Functions,
        scorer: Scorer,
        background: Sequence[TypedRow],
        columns: Sequence[str],
    ) -> None:
        self._encode = RowEncoder(features, functions).columns
        self._inputs = [feature.inputs for feature in features]
        self._read = {name for inputs in self._inputs for name in inputs}
        self._scorer = scorer
        self._columns = columns
        rows_each = 2 * (len(self._read) + 1)  # of one permutation and its reverse
        few = max(1, _ROWS // (2 * rows_each))
        self._background = background[:few]
        self._pairs = max(2, min(_PAIRS, _ROWS // (rows_each * len(self._background))))

    def explain(self, row: TypedRow, position: int) -> Explanation:
        """Explain a row's probability of the class at ``position``.

        It is one call of the scorer. The same row gives the same bits.
        """
        games = [self._game(row, other) for other in self._background]
        values = iter(np.split(self._values(games, position), np.cumsum([len(g) for g in games])))
        contributions = dict.fromkeys(self._columns, 0.0)
        variances = dict.fromkeys(self._columns, 0.0)
        bases = []
        for game, answers in zip(games, values, strict=False):
            bases.append(answers[0])
            means, squares = game.shapley(answers)
            for name, mean, square in zip(game.differing, means, squares, strict=True):
                contributions[name] += float(mean) / len(games)
                variances[name] += float(square) / len(games) ** 2
        return Explanation(
            base=float(np.mean(bases)),
            contributions=contributions,
            error=_widest(variances.values()),
        )

    def _game(self, row: TypedRow, other: TypedRow) -> _Game:
        differing = [c for c in self._columns if c in self._read and row[c] != other[c]]
        coalitions, steps = _coalitions(len(differing), self._pairs)
        matrix = np.column_stack(
            [
                _feature(encode, inputs, (row, other), differing, coalitions)
                for encode, inputs in zip(self._encode, self._inputs, strict=True)
            ]
        )
        return _Game(differing, matrix.astype(np.float32), steps)

    def _values(self, games: Sequence[_Game], position: int) -> Floats:
        """The probability in every coalition of every game; equal rows are scored once."""
        matrix = np.ascontiguousarray(np.vstack([game.matrix for game in games]))
        rows = matrix.view(np.dtype((np.void, matrix.shape[1] * matrix.itemsize))).ravel()
        _, first, places = np.unique(rows, return_index=True, return_inverse=True)
        scores = self._scorer.score(matrix[first])[:, position].astype(np.float64)
        values: Floats = scores[places]
        return values


def _feature(
    encode: Callable[[TypedRow], float],
    inputs: Sequence[str],
    rows: tuple[TypedRow, TypedRow],
    differing: Sequence[str],
    coalitions: Coalitions,
) -> Floats:
    """One feature in every coalition: computed once for each combination of its inputs."""
    row, other = rows
    changed = [name for name in inputs if name in differing]
    known = np.empty(2 ** len(changed))
    for combination in range(len(known)):
        taken = {name for i, name in enumerate(changed) if combination >> i & 1}
        known[combination] = encode({n: (row if n in taken else other)[n] for n in inputs})
    places = np.zeros(len(coalitions), np.int64)
    for i, name in enumerate(changed):
        places += coalitions[:, differing.index(name)].astype(np.int64) << i
    return known[places]


def _widest(variances: Iterable[float]) -> float:
    """Half of a 95% interval that holds for all contributions at once (Bonferroni)."""
    every = [*variances]
    return NormalDist().inv_cdf(1 - 0.025 / len(every)) * sqrt(max(every))


@dataclass(frozen=True, slots=True)
class _Game:
    """A row against one background row: the matrix of its coalitions, the empty one first.

    ``steps`` holds permutations as positions in the matrix, shape ``(permutations, columns + 1)``
    with the order of the columns beside them, or nothing where all coalitions are there.
    """

    differing: list[str]
    matrix: npt.NDArray[np.float32]
    steps: tuple[Places, Places] | None

    def __len__(self) -> int:
        return len(self.matrix)

    def shapley(self, values: Floats) -> tuple[Floats, Floats]:
        """Each column's value, and the square of its standard error."""
        if self.steps is None:
            exact: Floats = _weights(len(self.differing)) @ values
            return exact, np.zeros(len(exact))
        places, orders = self.steps
        moved = np.diff(values[places], axis=1)
        by_column = np.take_along_axis(moved, np.argsort(orders, axis=1), axis=1)
        pairs = by_column.reshape(-1, 2, by_column.shape[1]).mean(axis=1)
        return pairs.mean(axis=0), pairs.var(axis=0, ddof=1) / len(pairs)


@lru_cache(maxsize=64)
def _coalitions(columns: int, pairs: int) -> tuple[Coalitions, tuple[Places, Places] | None]:
    """The coalitions to ask for so many differing columns; see :class:`_Game`."""
    if columns <= _EXACT:
        return (np.arange(2**columns)[:, None] >> np.arange(columns) & 1).astype(np.bool_), None
    random = np.random.default_rng(columns)
    drawn = [random.permutation(columns) for _ in range(pairs)]
    orders = np.array([order for one in drawn for order in (one, one[::-1])])
    ranks = np.argsort(orders, axis=1)
    coalitions = (ranks[:, None, :] < np.arange(columns + 1)[:, None]).reshape(-1, columns)
    places = np.arange(len(coalitions)).reshape(len(orders), columns + 1)
    return coalitions, (places, orders)


@lru_cache(maxsize=_EXACT + 1)
def _weights(columns: int) -> Floats:
    """Shapley's weights: row ``i`` times the values of all coalitions is column ``i``'s value."""
    masks = np.arange(2**columns)
    sizes = np.array([int(mask).bit_count() for mask in masks])
    weights = np.zeros((columns, len(masks)))
    for i in range(columns):
        inside = masks >> i & 1 == 1
        for mask in masks[inside].tolist():
            without = sizes[mask] - 1
            weight = 1 / (columns * comb(columns - 1, without))
            weights[i, mask] = weight
            weights[i, mask ^ (1 << i)] = -weight
    return weights

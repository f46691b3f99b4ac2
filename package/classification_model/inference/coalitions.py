"""Which columns of a row are asked about together, and what Shapley's formula makes of the answers.

A coalition holds the columns that have the row's own value; the others have a background row's.
Where few columns differ, all coalitions are asked; else random permutations, each with its
reverse, which cancels much of the error (Mitchell et al. 2022).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import compress
from math import comb, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from classification_model.processing.arrays import Floats

__all__ = ["Plan", "plan_of", "widest"]

Places = npt.NDArray[np.int64]
Coalitions = npt.NDArray[np.bool_]
"""Shape ``(coalitions, differing columns)``: which of them have the row's own value."""

Group = tuple[tuple[str, ...], tuple[int, ...]]
"""Some inputs, and the features that read them and no others, by their place in the matrix."""

_EXACT = 10
"""Up to so many differing columns all coalitions are asked: 1,024 rows of the matrix."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a row is held against one background row, where the same columns differ.

    Attributes:
        differing: the columns in which the two differ.
        asked: groups, by their number, with the columns of each that have the row's own value.
        features: those that change, as positions in the matrix.
        places: for each coalition and each of ``features`` the place of its number among those
            that ``asked`` gives, one after another.
        steps: permutations as positions of coalitions, shape ``(permutations, columns + 1)``, with
            the order of the columns beside them; nothing where all coalitions are asked.
    """

    differing: tuple[str, ...]
    asked: tuple[tuple[int, frozenset[str]], ...]
    features: list[int]
    places: Places
    steps: tuple[Places, Places] | None

    def shapley(self, values: Floats) -> tuple[Floats, Floats]:
        """From the answer to each coalition: each column's value, its standard error squared."""
        if self.steps is None:
            exact: Floats = _weights(len(self.differing)) @ values
            return exact, np.zeros(len(exact))
        places, orders = self.steps
        moved = np.diff(values[places], axis=1)
        by_column = np.take_along_axis(moved, np.argsort(orders, axis=1), axis=1)
        pairs = by_column.reshape(-1, 2, by_column.shape[1]).mean(axis=1)
        return pairs.mean(axis=0), pairs.var(axis=0, ddof=1) / len(pairs)


def plan_of(groups: tuple[Group, ...], differing: tuple[str, ...], pairs: int, number: int) -> Plan:
    """The plan for the columns that differ.

    Args:
        groups: the features of the matrix, by what they read.
        differing: columns, in order.
        pairs: of permutations, where not all coalitions are asked.
        number: of the background row: each has permutations of its own.
    """
    if len(differing) <= _EXACT:
        return _exact_plan(groups, differing)
    random = np.random.default_rng([len(differing), number])
    drawn = [random.permutation(len(differing)) for _ in range(pairs)]
    orders = np.array([order for one in drawn for order in (one, one[::-1])])
    ranks = np.argsort(orders, axis=1)
    coalitions = (ranks[:, None, :] < np.arange(len(differing) + 1)[:, None]).reshape(
        -1, len(differing)
    )
    places = np.arange(len(coalitions)).reshape(len(orders), -1)
    return _plan(groups, differing, coalitions, (places, orders))


@lru_cache(maxsize=512)
def _exact_plan(groups: tuple[Group, ...], differing: tuple[str, ...]) -> Plan:
    columns = len(differing)
    masks = np.arange(2**columns)[:, None]
    return _plan(groups, differing, (masks >> np.arange(columns) & 1).astype(np.bool_), None)


def _plan(
    groups: tuple[Group, ...],
    differing: tuple[str, ...],
    coalitions: Coalitions,
    steps: tuple[Places, Places] | None,
) -> Plan:
    place_of = {name: i for i, name in enumerate(differing)}
    asked: list[tuple[int, frozenset[str]]] = []
    features: list[int] = []
    columns: list[Places] = []
    numbers = 0
    for number, (inputs, read_by) in enumerate(groups):
        changed = [name for name in inputs if name in place_of]
        if not changed:
            continue
        taken, which = _distinct(coalitions[:, [place_of[name] for name in changed]])
        asked += [(number, frozenset(compress(changed, own))) for own in taken]
        for offset, feature in enumerate(read_by):
            features.append(feature)
            columns.append(numbers + which * len(read_by) + offset)
        numbers += len(taken) * len(read_by)
    places = np.array(columns, np.int64).reshape(len(columns), len(coalitions)).T
    return Plan(differing, tuple(asked), features, places, steps)


def _distinct(taken: Coalitions) -> tuple[Coalitions, Places]:
    """The distinct rows, and which of them each row is."""
    if taken.shape[1] == 1:
        return np.array([[False], [True]]), taken[:, 0].astype(np.int64)
    distinct, which = np.unique(taken, axis=0, return_inverse=True)
    return distinct, which.ravel()


def widest(squares: Iterable[float]) -> float:
    """Half of a 95% interval that holds for all columns at once (Bonferroni).

    ``squares`` are the squared standard errors of the columns.
    """
    every = [*squares]
    return NormalDist().inv_cdf(1 - 0.025 / len(every)) * sqrt(max(every))


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

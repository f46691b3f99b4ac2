"""Why a row got its probability: Shapley values over its raw columns.

A value says how far a column moved the probability away from ``base``, the mean over a few
background rows. In a coalition the columns that are in it have the row's values, all others
those of a background row (Lundberg and Lee 2017, "interventional" values). A derived feature
belongs to its inputs: it is computed again for each combination of them. Against one background
row only the columns count in which the two differ, mostly a few; see
:mod:`classification_model.inference.coalitions`.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar, cast

import numpy as np

from classification_model.inference.coalitions import Plan, plan_of, widest
from classification_model.inference.engines import Probabilities, Scorer
from classification_model.inference.words import Struck, WordEffects
from classification_model.processing.arrays import Floats, Matrix
from classification_model.processing.encoding import RowEncoder
from classification_model.processing.features import Feature
from classification_model.processing.functions import Functions
from classification_model.processing.text.encoder import TextEncoder
from classification_model.processing.value_rules import TypedRow, TypedValue

__all__ = ["Explainer", "Explanation", "Turns", "at_once"]

Known = dict[tuple[int, tuple[TypedValue, ...]], list[float]]
"""The numbers of a group's features, by the group and the values of its inputs."""

_PAIRS = 12
"""Permutations with their reverse, for each background row that differs in more columns."""

_ROWS = 16_384
"""About so many rows of the matrix are scored for one explanation of a wide table."""

_BLOCK = 1_024
"""So many rows of the matrix are made or scored at most before others get their turn."""

_NUMBERS = 2**20
"""Once the matrix holds so many numbers it is scored: rows share what is equal until then."""

T = TypeVar("T")
Turns = Generator[None, None, T]
"""Work in small pieces: after each of them somebody else may have a turn."""


def at_once(work: Turns[T]) -> T:
    """Do all pieces of some work, one after another."""
    while True:
        try:
            next(work)
        except StopIteration as done:
            found: T = done.value
            return found


@dataclass(frozen=True, slots=True)
class Explanation:
    """What moved one row's probability of one class.

    ``base + sum(contributions)`` is the probability. In 95 of 100 rows no contribution is off by
    more than ``error``; it is 0 where all coalitions were asked. ``words`` are those of columns of
    text; see :class:`classification_model.inference.words.WordEffects`.
    """

    base: float
    contributions: dict[str, float]
    error: float
    words: Struck = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A row with its plans, and for each the places of its coalitions among the distinct rows."""

    row: TypedRow
    position: int
    plans: list[Plan]
    places: list[list[int]]


class Explainer:
    """Explains rows of one model. Holds no state between calls.

    Args:
        features: the features of the matrix, in order.
        functions: those that the features name.
        scorer: from the matrix to probabilities.
        background: typed rows to measure against; a few dozen.
        columns: the raw columns, in the order in which they are told.
        texts: the learned encoders of columns of text, whose words are told apart.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        functions: Functions,
        scorer: Scorer,
        background: Sequence[TypedRow],
        columns: Sequence[str],
        texts: Sequence[TextEncoder] = (),
    ) -> None:
        encoder = RowEncoder(features, functions)
        self._encode = encoder.columns
        self._words = WordEffects(
            encoder.columns, [feature.inputs for feature in features], scorer, texts
        )
        read_by: dict[tuple[str, ...], list[int]] = {}
        for i, feature in enumerate(features):
            read_by.setdefault(feature.inputs, []).append(i)
        self._groups = tuple((inputs, tuple(places)) for inputs, places in read_by.items())
        self._scorer = scorer
        self._columns = columns
        read = {name for inputs in read_by for name in inputs}
        self._read = [name for name in columns if name in read]
        rows_each = 2 * (len(read) + 1)  # of one permutation and its reverse
        few = max(1, _ROWS // (2 * rows_each))
        self._background = background[:few]
        self._encoded = encoder.encode(self._background)
        self._pairs = max(2, min(_PAIRS, _ROWS // (rows_each * len(self._background))))

    def explain(self, rows: Sequence[tuple[TypedRow, int]]) -> Turns[list[Explanation]]:
        """Explain each row's probability of the class at a position.

        The same row gives the same bits, whatever other rows it comes with.
        """
        found: list[Explanation] = []
        waiting: list[_Asked] = []
        distinct: dict[bytes, int] = {}
        known: Known = {}
        for row, position in rows:
            waiting.append((yield from self._ask(row, position, distinct, known)))
            if len(distinct) * self._encoded.shape[1] >= _NUMBERS:
                found += yield from self._answers(waiting, distinct)
                waiting, distinct, known = [], {}, {}
        found += yield from self._answers(waiting, distinct)
        return found

    def _ask(
        self, row: TypedRow, position: int, distinct: dict[bytes, int], known: Known
    ) -> Turns[_Asked]:
        """Add the row's coalitions to the distinct rows of the matrix."""
        asked, made = _Asked(row, position, [], []), 0
        for number, other in enumerate(self._background):
            differing = tuple([name for name in self._read if row[name] != other[name]])
            plan = plan_of(self._groups, differing, self._pairs, number)
            matrix = self._matrix(plan, row, number, known)
            whole = np.dtype((np.void, matrix.shape[1] * matrix.itemsize))
            keys = cast("list[bytes]", matrix.view(whole).ravel().tolist())
            asked.plans.append(plan)
            asked.places.append([distinct.setdefault(key, len(distinct)) for key in keys])
            made += len(keys)
            if made >= _BLOCK:
                made = 0
                yield
        yield
        return asked

    def _matrix(self, plan: Plan, row: TypedRow, number: int, known: Known) -> Matrix:
        """The coalitions of a row and a background row, encoded."""
        other = self._background[number]
        numbers: list[float] = []
        for group, own in plan.asked:
            inputs, features = self._groups[group]
            mixed = {name: (row if name in own else other)[name] for name in inputs}
            key = group, tuple(mixed.values())
            if key not in known:
                known[key] = [self._encode[i](mixed) for i in features]
            numbers += known[key]
        matrix = np.repeat(self._encoded[number : number + 1], len(plan.places), axis=0)
        matrix[:, plan.features] = np.array(numbers, np.float32)[plan.places]
        return matrix

    def _answers(
        self, waiting: Sequence[_Asked], distinct: dict[bytes, int]
    ) -> Turns[list[Explanation]]:
        keys = [*distinct]
        scores: list[Probabilities] = []
        for begin in range(0, len(keys), _BLOCK):
            block = np.frombuffer(b"".join(keys[begin : begin + _BLOCK]), np.float32)
            scores.append(self._scorer.score(block.reshape(-1, self._encoded.shape[1])))
            yield
        values = np.concatenate(scores).astype(np.float64) if scores else np.empty((0, 0))
        found = []
        for asked in waiting:
            found.append(self._explained(asked, values[:, asked.position]))
            yield
        return found

    def _explained(self, asked: _Asked, values: Floats) -> Explanation:
        contributions = dict.fromkeys(self._columns, 0.0)
        squares = dict.fromkeys(self._columns, 0.0)
        bases = []
        for plan, places in zip(asked.plans, asked.places, strict=True):
            answers = values[places]
            bases.append(answers[0])
            means, errors = plan.shapley(answers)
            for name, mean, square in zip(
                plan.differing, means.tolist(), errors.tolist(), strict=True
            ):
                contributions[name] += mean / len(asked.plans)
                squares[name] += square / len(asked.plans) ** 2
        words = self._words.of(asked.row, asked.position)
        error = widest(squares.values())
        return Explanation(float(np.mean(bases)), contributions, error, words)

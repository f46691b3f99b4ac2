"""The newest answers of a process, to be found again by their ids: bounded in rows and bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classification_model.processing.arrays import Floats, Indices

__all__ = ["MOST_ANSWERS", "Answered", "Known"]

MOST_ANSWERS = 100_000
"""Rows whose probabilities are kept."""

_MOST_BYTES = 2**24
"""Of probabilities: many classes leave room for fewer rows."""

_CHAINS = 2**16
_ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Known:
    """Answers whose truth is known: the position of each true class, and the probabilities.

    ``scores`` and ``others`` have the shape ``(rows, classes)``; ``others`` are those of a second
    model, NaN where it gave none.
    """

    truth: Indices
    scores: Floats
    others: Floats


class Answered:
    """A ring of rows. Each request is in a chain of those whose ids begin alike, newest first.

    Rows have numbers that only grow, and so have requests: what is older than the ring holds is
    gone. Nothing is searched or removed when a request comes.

    Args:
        classes: how many probabilities a row has.
        most: rows that are kept.
    """

    def __init__(self, classes: int, most: int = MOST_ANSWERS) -> None:
        self.capacity = max(1, min(most, _MOST_BYTES // (16 * classes)))
        self.rows = self._requests = 0
        # Memory that nobody has written to yet is not taken from the machine.
        self._scores = np.zeros((self.capacity, classes))
        self._others = np.zeros((self.capacity, classes))
        self._truth = np.zeros(self.capacity, np.int32)  # its position, from 1; 0 is unknown
        self._ids = np.zeros(self.capacity * _ID_BYTES, np.uint8).data
        self._first, self._sizes, self._older, self._newest = (
            np.zeros(size, np.int64).data
            for size in (self.capacity, self.capacity, self.capacity, _CHAINS)
        )

    def add(self, requests: Sequence[tuple[bytes, int]], scores: Floats) -> None:
        """Keep answers.

        Args:
            requests: the id of each, of 16 bytes, and how many rows it has.
            scores: the probabilities of their rows, one below the other; NaN where a row has none.
        """
        for identity, size in requests:
            self._requests += 1
            at = self._requests % self.capacity
            self._ids[at * _ID_BYTES : (at + 1) * _ID_BYTES] = identity
            self._first[at], self._sizes[at] = self.rows, size
            chain = _chain(identity)
            self._older[at], self._newest[chain] = self._newest[chain], self._requests
            self.rows += size
        kept = scores[-self.capacity :]
        at_rows = np.arange(self.rows - len(kept), self.rows) % self.capacity
        self._scores[at_rows], self._others[at_rows], self._truth[at_rows] = kept, np.nan, 0

    def find(self, identity: bytes, row: int) -> int | None:
        """The number of an answer's row; nothing where it is not there, or not any more."""
        request = self._newest[_chain(identity)]
        while request > max(0, self._requests - self.capacity):
            at = request % self.capacity
            if self._ids[at * _ID_BYTES : (at + 1) * _ID_BYTES] == identity:
                number = int(self._first[at] + row)
                there = row < self._sizes[at] and number >= self.rows - self.capacity
                return number if there and self._is_scored(number) else None
            request = self._older[at]
        return None

    def learn(self, number: int, truth: int) -> bool:
        """Note the position of a row's true class; False where that was known."""
        at = number % self.capacity
        is_new = self._truth[at] != truth + 1
        self._truth[at] = truth + 1
        return bool(is_new)

    def compare(self, first: int, scores: Floats) -> None:
        """Keep what a second model says of rows from a number on, as far as they are still there."""
        gone = max(0, self.rows - self.capacity - first)
        numbers = np.arange(first + gone, first + len(scores))
        self._others[numbers % self.capacity] = scores[gone:]

    def known(self) -> Known:
        """The answers whose truth is known."""
        there = np.flatnonzero(self._truth)
        truth = self._truth[there].astype(np.int64) - 1
        return Known(truth, self._scores[there], self._others[there])

    def _is_scored(self, number: int) -> bool:
        return not np.isnan(self._scores[number % self.capacity, 0])


def _chain(identity: bytes) -> int:
    """Ids are random, so their first bytes spread them evenly."""
    return int.from_bytes(identity[:2], "big")

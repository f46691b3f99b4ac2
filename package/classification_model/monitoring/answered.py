"""The newest answers of a process, to be found again by their ids: bounded in rows and bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from classification_model.processing.arrays import Floats, Indices

__all__ = ["MOST_ANSWERS", "Answered", "Known"]

MOST_ANSWERS = 100_000
"""Rows whose probabilities are kept."""

_MOST_BYTES = 2**24
"""Of probabilities: many classes leave room for fewer rows."""

_MOST_RECALLED = 10_000
"""Rows whose answers were not there when their truth came."""

Ring = npt.NDArray[Any]

_CHAINS = 2**16
_ID = np.dtype([("chain", ">u2"), ("rest", "V14")])
"""Ids are random, so their first bytes spread them evenly over the chains."""


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
    gone. Nothing is searched, linked or removed when a request comes: that waits until one is asked for.

    Args:
        classes: how many probabilities a row has.
        most: rows that are kept.
        second: whether a second model answers the same rows.
    """

    def __init__(self, classes: int, most: int = MOST_ANSWERS, *, second: bool = False) -> None:
        self.capacity = max(1, min(most, _MOST_BYTES // (8 * classes * (1 + second))))
        self.rows = self._requests = self._linked = 0
        # Memory that nobody has written to yet is not taken from the machine.
        self._scores = np.zeros((self.capacity, classes))
        self._others = np.zeros((self.capacity, classes)) if second else None
        self._truth = np.zeros(self.capacity, np.int32)  # its position, from 1; 0 is unknown
        self._ids = np.zeros(self.capacity, _ID)
        self._first, self._sizes, self._older = np.zeros((3, self.capacity), np.int64)
        self._newest = np.zeros(_CHAINS, np.int64)
        self._recalled: dict[tuple[str, int], tuple[int, Sequence[float]]] = {}

    def add(self, ids: bytes, sizes: Sequence[int], scores: Floats) -> None:
        """Keep answers.

        Args:
            ids: of the requests, 16 bytes each.
            sizes: how many rows each has.
            scores: the probabilities of their rows, one below the other; NaN where a row has none.
        """
        rows = np.array(sizes, np.int64)
        for ring, new in (
            (self._ids, np.frombuffer(ids, _ID)),
            (self._sizes, rows),
            (self._first, self.rows + np.cumsum(rows) - rows),
        ):
            for places, part in self._places(self._requests + 1, new):
                ring[places] = part
        for places, part in self._places(self.rows, scores):
            self._scores[places], self._truth[places] = part, 0
            if self._others is not None:
                self._others[places] = np.nan
        self._requests += len(sizes)
        self.rows += len(scores)

    def find(self, identity: bytes, row: int) -> int | None:
        """The number of an answer's row; nothing where it is not there, or not any more."""
        self._link()
        wanted = np.frombuffer(identity, _ID)[0]
        request = int(self._newest[wanted["chain"]])
        while request > max(0, self._requests - self.capacity):
            at = request % self.capacity
            if self._ids[at] == wanted:
                number = int(self._first[at]) + row
                there = row < self._sizes[at] and number >= self.rows - self.capacity
                return number if there and self._is_scored(number) else None
            request = int(self._older[at])
        return None

    def learn(self, number: int, truth: int) -> bool:
        """Note the position of a row's true class; False where that was known."""
        at = number % self.capacity
        is_new = self._truth[at] != truth + 1
        self._truth[at] = truth + 1
        return bool(is_new)

    def recall(self, row: tuple[str, int], truth: int, shares: Sequence[float]) -> bool:
        """Keep the truth of a row that is not here, with its probabilities; False where it is known.

        The newest such rows are kept.
        """
        before = self._recalled.pop(row, None)
        self._recalled[row] = truth, shares
        if len(self._recalled) > _MOST_RECALLED:
            del self._recalled[next(iter(self._recalled))]
        return before is None or before[0] != truth

    def compare(self, first: int, scores: Floats) -> None:
        """Keep what a second model says of rows from a number on, as far as they are still there."""
        gone = max(0, self.rows - self.capacity - first)
        numbers = np.arange(first + gone, first + len(scores))
        if self._others is not None:
            self._others[numbers % self.capacity] = scores[gone:]

    def known(self) -> Known:
        """The answers whose truth is known."""
        there = np.flatnonzero(self._truth)
        truth = self._truth[there].astype(np.int64) - 1
        scores = self._scores[there]
        others = np.full_like(scores, np.nan) if self._others is None else self._others[there]
        if recalled := [*self._recalled.values()]:
            truth = np.append(truth, [one for one, _ in recalled])
            scores = np.vstack([scores, [shares for _, shares in recalled]])
            others = np.vstack([others, np.full((len(recalled), scores.shape[1]), np.nan)])
        return Known(truth, scores, others)

    def _is_scored(self, number: int) -> bool:
        return not np.isnan(self._scores[number % self.capacity, 0])

    def _places(self, first: int, new: Ring) -> Iterator[tuple[slice, Ring]]:
        """Where what is numbered from ``first`` on belongs in a ring; the newest, where it is too much."""
        gone = max(0, len(new) - self.capacity)
        start, kept = (first + gone) % self.capacity, new[gone:]
        before = min(len(kept), self.capacity - start)  # the rest goes round the ring
        yield slice(start, start + before), kept[:before]
        yield slice(0, len(kept) - before), kept[before:]

    def _link(self) -> None:
        """Put the requests that came since at the head of their chains, in order."""
        if self._linked == self._requests:
            return
        requests = np.arange(max(self._linked, self._requests - self.capacity), self._requests) + 1
        self._linked = self._requests
        at = requests % self.capacity
        chains = self._ids["chain"][at]
        order = np.argsort(chains, kind="stable")
        chains, requests = chains[order], requests[order]
        follows = np.append(False, chains[1:] == chains[:-1])
        self._older[at[order]] = np.where(
            follows, np.append(0, requests[:-1]), self._newest[chains]
        )
        self._newest[chains] = requests  # the last one of a chain stays

"""Served values counted in the bins of the training: of the newest rows, by day, and since the start.

Memory is fixed, and no value is kept. The bins of all columns stand in one vector, one column
after the other, so that one call counts them all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Label
from classification_model.monitoring.reference import (
    CONFIDENCE,
    PREDICTION,
    Bins,
    placer,
    reference,
)
from classification_model.monitoring.watch import Counts, Window
from classification_model.predict import Model
from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.value_rules import TypedValue

__all__ = ["BLOCK", "DAYS", "MOST_ROWS", "Counting", "bins_of"]

BLOCK = 100
"""Rows that come into a window, and leave it, together."""

MOST_ROWS = 10_000
"""The longest window, in rows."""

DAYS = 30
"""So many days are kept, the newest ones of those with rows."""

_BLOCKS = MOST_ROWS // BLOCK + 1
"""One more, which is being filled."""


@dataclass(slots=True)
class _Day:
    counts: npt.NDArray[np.uint32]
    rows: int = 0
    sure: float = 0.0


class Counting:
    """How many served values were in each bin.

    Args:
        bins: those of the reference.
        classes: of the model, in the order of its probabilities.

    ``rows`` were counted since the start, and ``total`` says how many of them are in each bin.
    """

    def __init__(self, bins: Sequence[Bins], classes: Sequence[Label]) -> None:
        self.bins = tuple(bins)
        self.rows = 0
        sizes = [len(one.labels) for one in self.bins]
        self._starts = np.array([0, *np.cumsum(sizes)], np.int64)
        self._width = int(self._starts[-1])
        self.total = np.zeros(self._width, np.int64)
        # A block's bin has at most BLOCK rows.
        self._blocks = np.zeros((_BLOCKS, self._width), np.uint8)
        self._sure = np.zeros(_BLOCKS)
        self._days: dict[date, _Day] = {}
        self._placers = {one.name: placer(one) for one in self.bins}
        self._classes = [str(label) for label in classes]

    @property
    def days(self) -> tuple[date, ...]:
        """The days that rows were counted on, the oldest first."""
        return tuple(self._days)

    def add(
        self,
        columns: Mapping[str, Sequence[TypedValue]],
        scores: Floats,
        answered: Indices,
        day: date,
    ) -> None:
        """Count rows that were served.

        Args:
            columns: the typed values of each column.
            scores: the probabilities, shape ``(rows, classes)``.
            answered: the position of the class that was answered, shape ``(rows,)``.
            day: on which.
        """
        size = len(scores)
        if not size:
            return
        sure = scores[np.arange(size), answered]
        first = self.rows // BLOCK
        block = (self.rows + np.arange(size)) // BLOCK - first
        blocks = int(block[-1]) + 1
        places = self._places(columns, scores, answered) + self._starts[:-1, np.newaxis]
        flat = (places + block * self._width).ravel()
        found = np.bincount(flat, minlength=blocks * self._width).reshape(blocks, self._width)
        self._into_blocks(first, found, np.bincount(block, sure).astype(np.float64))
        self._into_day(day, found.sum(axis=0), size, float(sure.sum()))
        self.rows += size

    def window(self, rows: int) -> Window:
        """The newest rows: up to :data:`BLOCK` more than ``rows``, as far as there are so many."""
        newest = -(-self.rows // BLOCK)
        oldest = max(0, self.rows // BLOCK - rows // BLOCK)
        places = np.arange(oldest, newest) % _BLOCKS
        counts = self._blocks[places].sum(axis=0, dtype=np.int64)
        return self._window(counts, self.rows - oldest * BLOCK, float(self._sure[places].sum()))

    def of_day(self, day: date) -> Window:
        """The rows of one of :attr:`days`."""
        found = self._days[day]
        return self._window(found.counts.astype(np.int64), found.rows, found.sure)

    def by_column(self, counts: Counts) -> dict[str, Counts]:
        """Parts of a vector such as :attr:`total`, by column."""
        bounds = pairwise(self._starts.tolist())
        return {one.name: counts[a:b] for one, (a, b) in zip(self.bins, bounds, strict=True)}

    def _places(
        self, columns: Mapping[str, Sequence[TypedValue]], scores: Floats, answered: Indices
    ) -> Indices:
        """The bin of each value, shape ``(columns, rows)``."""
        answers: dict[str, Indices] = {}
        if CONFIDENCE in self._placers:
            answers[CONFIDENCE] = self._placers[CONFIDENCE](scores.max(axis=1))
            answers[PREDICTION] = self._placers[PREDICTION](self._classes)[answered]
        found = [
            answers[name] if name in answers else place(columns[name])
            for name, place in self._placers.items()
        ]
        return np.array(found, np.int64).reshape(len(self.bins), len(scores))

    def _into_blocks(self, first: int, counts: Counts, sure: Floats) -> None:
        for i, (counted, sum_) in enumerate(zip(counts, sure, strict=True)):
            at = (first + i) % _BLOCKS
            if i or not self.rows % BLOCK:  # a new one, in the place of the oldest
                self._blocks[at], self._sure[at] = 0, 0
            self._blocks[at] += counted.astype(np.uint8)
            self._sure[at] += sum_

    def _into_day(self, day: date, counts: Counts, rows: int, sure: float) -> None:
        if day not in self._days:
            self._days[day] = _Day(np.zeros(self._width, np.uint32))
            while len(self._days) > DAYS:
                del self._days[next(iter(self._days))]
        found = self._days[day]
        found.counts += counts.astype(np.uint32)
        found.rows += rows
        found.sure += sure
        self.total += counts

    def _window(self, counts: Counts, rows: int, sure: float) -> Window:
        window = Window(self.bins, rows, sure)
        window.counts = self.by_column(counts)
        return window


def bins_of(model: Model) -> tuple[Bins, ...]:
    """The bins that a model's profile gives its columns and answers."""
    manifest = model.manifest
    return reference(
        model.profile,
        manifest.row_schema,
        model.learned.vocabularies(),
        min_rows=manifest.recipe.publish.min_rows,
    )

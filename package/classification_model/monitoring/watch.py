"""Rows counted into the bins of the reference, and what the counts say: the report of drift."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Label
from classification_model.monitoring.drift import ColumnDrift, column_drift
from classification_model.monitoring.reference import CONFIDENCE, PREDICTION, Bins
from classification_model.processing.arrays import Indices
from classification_model.processing.typed_columns import UNKNOWN, Columns, TypedColumn

__all__ = ["ColumnReport", "DriftReport", "Window", "report"]

_HARDLY = 0.005
"""A share that changes by less is shown as the same number."""

Counts = npt.NDArray[np.int64]
Scores = npt.NDArray[np.floating]


@dataclass(slots=True)
class Window:
    """How many rows were in each bin. No value is kept."""

    bins: Sequence[Bins]
    rows: int = 0
    sure: float = 0.0
    counts: dict[str, Counts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.counts = {one.name: np.zeros(len(one.labels), np.int64) for one in self.bins}

    def add(self, columns: Columns, scores: Scores, classes: Sequence[Label]) -> None:
        """Count typed rows with the probabilities that were answered, ``(rows, classes)``."""
        predicted: Indices = scores.argmax(axis=1)
        best = scores.max(axis=1).astype(np.float64)
        answers = {
            PREDICTION: TypedColumn(predicted, [str(label) for label in classes]),
            CONFIDENCE: TypedColumn(UNKNOWN, [], best),
        }
        for one in self.bins:
            self.counts[one.name] += one.count({**columns, **answers}[one.name])
        self.rows += len(best)
        self.sure += float(best.sum())


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """A column of the served rows beside the reference; shares are of all rows of each.

    ``verdict`` is missing where there are too few rows to say anything, and of answers.
    """

    bins: Bins
    counts: tuple[int, ...]
    verdict: ColumnDrift | None

    @property
    def name(self) -> str:
        return self.bins.name

    @property
    def drifted(self) -> bool:
        return self.verdict is not None and self.verdict.drifted

    @property
    def words(self) -> str:
        """The verdict for people."""
        if self.verdict is None:
            return "too few rows"
        return "drifted" if self.drifted else "as in training"

    @property
    def numbers(self) -> tuple[str, str, str, str]:
        """Distance, limit, and the shares of missing and unseen values, for people."""
        seen = self.verdict
        distance, limit = (
            ("", "") if seen is None else (f"{seen.distance:.4f}", f"{seen.limit:.4f}")
        )
        return distance, limit, f"{self.missing:.1%}", f"{self.unseen:.1%}"

    @property
    def missing(self) -> float:
        """The share of rows without a value."""
        return self.counts[-1] / max(1, sum(self.counts))

    @property
    def unseen(self) -> float:
        """The share of rows whose value training did not see."""
        return sum(self.counts[i] for i in self.bins.new) / max(1, sum(self.counts))

    @property
    def shares(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """The share of each bin, in the reference and here."""
        then, now = np.array(self.bins.counts), np.array(self.counts)
        return then / max(1, then.sum()), now / max(1, now.sum())

    @property
    def change(self) -> str:
        """The bin whose share changed most, in words."""
        if not any(self.counts):
            return "no row yet"
        then, now = self.shares
        most = int(np.abs(now - then).argmax())
        if abs(now[most] - then[most]) < _HARDLY:
            return "hardly anything"
        return f"{now[most]:.0%} are {self.bins.labels[most]}, {then[most]:.0%} were"


@dataclass(frozen=True, slots=True)
class DriftReport:
    """What a window of rows says, the columns that drifted most first.

    ``expected_accuracy`` is the mean probability of the answers: their accuracy, as long as the
    probabilities are as right as they were on held-out rows (Garg et al., ICLR 2022).
    """

    rows: int
    reference_rows: int
    expected_accuracy: float | None
    columns: tuple[ColumnReport, ...]
    answers: tuple[ColumnReport, ...] = ()

    @property
    def drifted(self) -> tuple[str, ...]:
        """The names of what drifted."""
        return tuple(one.name for one in self.columns if one.drifted)


def report(window: Window, reference_rows: int) -> DriftReport:
    """Hold a window against its reference.

    All columns together give a false alarm in at most 1% of windows where nothing drifted. Of the
    answers there is no verdict: those of the reference are another fit's, of the same recipe.
    """
    found = {one.name: tuple(window.counts[one.name].tolist()) for one in window.bins}
    columns = [one for one in window.bins if one.name not in (PREDICTION, CONFIDENCE)]
    judged = [
        ColumnReport(
            one,
            found[one.name],
            column_drift(
                one.counts,
                found[one.name],
                columns=len(columns),
                read_as=one.read_as,
                most=one.most,
            ),
        )
        for one in columns
    ]
    return DriftReport(
        rows=window.rows,
        reference_rows=reference_rows,
        expected_accuracy=window.sure / window.rows if window.rows else None,
        columns=tuple(sorted(judged, key=_how_far, reverse=True)),
        answers=tuple(
            ColumnReport(one, found[one.name], None) for one in window.bins if one not in columns
        ),
    )


def _how_far(one: ColumnReport) -> tuple[bool, float]:
    if one.verdict is None or not one.verdict.limit:
        return one.drifted, 0.0
    return one.drifted, one.verdict.distance / one.verdict.limit

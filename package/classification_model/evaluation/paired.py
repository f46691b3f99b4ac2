"""Judge whether one recipe is worse than another, by the losses of both on the same rows.

Neither has seen these rows. The difference of the two losses of a row is its own measurement, so
the mean difference has an interval by its standard error, and no bootstrap is needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

from classification_model.bundle.provenance import Verdict
from classification_model.config.schema import Label
from classification_model.processing.arrays import Floats

__all__ = [
    "MARGIN",
    "SHARE_OF_GAIN",
    "Paired",
    "class_shares",
    "guess_losses",
    "judge",
    "judge_recipes",
    "margin_of",
    "surely_below",
    "suspected_leak",
]

MARGIN = 0.01
"""Nats of log loss that a recipe may be worse by."""

SHARE_OF_GAIN = 0.5
"""At most this share of what the reference gains over class shares is the margin."""

_SURE = 0.95
# 1.64 for the interval, and 1.28 to see nine in ten of those that are worse by so much.
_SEEN = 2.9
_SEEDS = 3
_SUSPICIOUS_GAIN = 1.5
_SUSPICIOUS_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Paired:
    """How a new recipe's log loss differs from the reference's, new minus reference.

    Attributes:
        difference: the mean over all rows.
        error: its standard error.
        low: the lower end of the one-sided 95% interval.
        high: the upper end of the other one.
        margin: how much worse is allowed.
    """

    difference: float
    error: float
    low: float
    high: float
    margin: float

    @property
    def verdict(self) -> Verdict:
        """Worse and better are sure; level is surely not worse by more than the margin."""
        if self.low > self.margin:
            return "worse"
        if self.high < 0:
            return "better"
        return "level" if self.high <= self.margin else "unclear"

    @property
    def surpasses(self) -> bool:
        """Surely better by more than the margin: only so does it become the reference."""
        return self.high < -self.margin

    @property
    def seen(self) -> float:
        """The smallest loss that would be seen nine times of ten on so many rows."""
        return self.margin + _SEEN * self.error


def judge(reference: Floats, new: Floats, margin: float) -> Paired:
    """Compare the losses of two recipes, row by row.

    Args:
        reference: the log loss of each row, shape ``(rows,)``.
        new: those of the new recipe on the same rows.
        margin: see :func:`margin_of`.
    """
    mean, error, reach = _mean(new - reference)
    return Paired(mean, error, mean - reach, mean + reach, margin)


def judge_recipes(
    reference: Callable[[int], Floats],
    new: Callable[[int], Floats],
    guess: Floats,
    *,
    margin: float = MARGIN,
    share: float = SHARE_OF_GAIN,
) -> Paired:
    """Compare two recipes that are fitted on the same rows, and answer the same others.

    What is worse by the first fits is fitted twice more with other seeds, and judged by the mean
    of the losses: fitting is noisy, too.

    Args:
        reference: the losses of the reference, fitted with seed number 0, 1 or 2.
        new: those of the new recipe.
        guess: see :func:`guess_losses`.
        margin: the most that a recipe may be worse by, in nats.
        share: the most that it may lose of the reference's gain over class shares.
    """
    old, ours = reference(0), new(0)
    paired = judge(old, ours, margin_of(old, guess, margin=margin, share=share))
    if paired.verdict != "worse":
        return paired
    old = np.mean([old, *(reference(seed) for seed in range(1, _SEEDS))], axis=0)
    ours = np.mean([ours, *(new(seed) for seed in range(1, _SEEDS))], axis=0)
    return judge(old, ours, margin_of(old, guess, margin=margin, share=share))


def margin_of(
    reference: Floats,
    guess: Floats,
    *,
    margin: float = MARGIN,
    share: float = SHARE_OF_GAIN,
) -> float:
    """The smaller of ``margin`` and a ``share`` of what the reference gains over class shares.

    Where classes are rare, guessing by their shares loses little, and 0.01 would allow to lose
    all that a model has learned.
    """
    return min(margin, share * max(0.0, float((guess - reference).mean())))


def class_shares(labels: Sequence[Label], classes: Sequence[Label]) -> Floats:
    """The share of rows of each class, in the order of ``classes``."""
    counts = Counter(labels)
    return np.array([counts[label] for label in classes], np.float64) / len(labels)


def guess_losses(truth: npt.NDArray[np.intp], shares: Floats) -> Floats:
    """The log loss of each row when every answer is the class shares of the training rows."""
    losses: Floats = -np.log(shares)[truth]
    return losses


def surely_below(losses: Floats, others: Floats) -> bool:
    """Whether the first losses are smaller than the others by more than chance gives."""
    mean, _, reach = _mean(others - losses)
    return mean - reach > 0


def suspected_leak(
    *,
    guess: float,
    reference: float,
    new: float,
    by_column: Mapping[str, float],
    by_column_before: Mapping[str, float],
) -> str | None:
    """Say why a better recipe is too good to be true, if it is.

    Args:
        guess: the log loss of class shares.
        reference: that of the reference recipe.
        new: that of the new one.
        by_column: how much of the new one's loss each column takes away, such as the rise of the
            loss when the column is shuffled.
        by_column_before: the same of the reference, for the columns that it has.
    """
    gain, before = guess - new, guess - reference
    strongest = max(by_column, key=lambda name: by_column[name], default=None)
    if strongest is not None:
        half, half_before = _SUSPICIOUS_SHARE * gain, _SUSPICIOUS_SHARE * before
        was_there = by_column_before.get(strongest, 0.0) >= half_before > 0
        if by_column[strongest] >= half and not was_there:
            return (
                f"column {strongest!r} alone brings {by_column[strongest] / gain:.0%} of what the "
                "model gains over class shares, and did not before: does it say the answer?"
            )
    if 0 < before * _SUSPICIOUS_GAIN <= gain:
        named = f"; it leans most on column {strongest!r}" if strongest is not None else ""
        return (
            f"it gains {gain:.3f} over class shares where the reference gains {before:.3f}: "
            f"is there a column that says the answer{named}?"
        )
    return None


def _mean(values: Floats) -> tuple[float, float, float]:
    """The mean, its standard error, and how far the one-sided 95% interval reaches from it."""
    rows = len(values)
    error = float(values.std(ddof=1)) / rows**0.5 if rows > 1 else float("inf")
    return float(values.mean()), error, float(stdtrit(max(rows - 1, 1), _SURE)) * error

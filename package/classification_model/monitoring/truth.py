"""What turned out to be true of the newest answers, and how good they were by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classification_model.bundle import Manifest
from classification_model.monitoring.answered import Known
from classification_model.monitoring.drift import FEWEST_ROWS
from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.decisions import Answering
from classification_model.processing.losses import log_losses

__all__ = [
    "Interval",
    "Reliability",
    "Truth",
    "decided",
    "held_out_figures",
    "mean_interval",
    "truth",
    "wilson",
]

_NORMAL_95 = 1.959963984540054
_SURELY = 2.5758
"""Normal deviates for a false alarm in 200 looks: there are two figures."""

_BINS = 10


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95% interval, which a mean of one value has not."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Reliability:
    """Answers whose probability is alike: the mean of it, and the share that was right."""

    rows: int
    predicted: float
    observed: Interval


@dataclass(frozen=True, slots=True)
class Truth:
    """How good the answers were whose truth is known; losses are in nats.

    ``confidence`` is the mean probability of the answers: as high as the accuracy where they are
    calibrated. ``worse`` says whether the accuracy or the log loss is surely worse than on the
    held-out rows: a false alarm in at most 1% of looks. It is missing where rows are too few.
    """

    rows: int
    accuracy: Interval
    log_loss: Interval
    confidence: float
    calibration: tuple[Reliability, ...]
    cost: Interval | None
    worse: bool | None


def truth(known: Known, manifest: Manifest) -> Truth | None:
    """Hold answers against what turned out to be true; nothing where no truth is known.

    Args:
        known: the answers whose truth is known.
        manifest: of the model that gave them.
    """
    rows = len(known.truth)
    if not rows:
        return None
    answered = decided(manifest, known.scores)
    right, losses = answered == known.truth, log_losses(known.scores, known.truth)
    sure = known.scores[np.arange(rows), answered]
    decision = manifest.decision
    costs = decision.cost(known.truth, answered) if decision and decision.costs else None
    return Truth(
        rows=rows,
        accuracy=wilson(int(right.sum()), rows),
        log_loss=mean_interval(losses),
        confidence=float(sure.mean()),
        calibration=_calibration(sure, right),
        cost=None if costs is None else mean_interval(costs),
        worse=None if rows < FEWEST_ROWS else _is_worse(right, losses, manifest),
    )


def decided(manifest: Manifest, scores: Floats) -> Indices:
    """The position of the class that a model decides for, from shape ``(rows, classes)``.

    Where it may give no answer, what it would have been: the held-out figures count it so, too.
    """
    return Answering(manifest.decision).of_rows(scores)


def held_out_figures(manifest: Manifest) -> dict[str, Interval]:
    """The same figures of the held-out rows, as far as a manifest has them."""
    judged, metrics = manifest.gate.judged, manifest.metrics
    rows = int(metrics["rows"])
    found = {
        "accuracy": wilson(round(metrics["accuracy"] * rows), rows),
        "log_loss": _around(judged.log_loss, judged.error),
    }
    if "cost" in metrics:  # not in a bundle that an older version made
        found["cost"] = _around(metrics["cost"], metrics["cost_error"])
    return found


def wilson(hits: int, rows: int) -> Interval:
    """A share with its 95% interval (Wilson 1927)."""
    share, square = hits / rows, _NORMAL_95**2
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    around = math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    half = _NORMAL_95 * around / (1 + square / rows)
    # Where all or none hit, the bound beyond the share is the share, but for rounding.
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Interval(share, min(low, share), max(high, share))


def mean_interval(values: Floats) -> Interval:
    """A mean with its 95% interval, by the normal approximation."""
    mean = float(values.mean())
    if len(values) == 1:
        return Interval(mean, None, None)
    return _around(mean, _error(values))


def _around(mean: float, error: float) -> Interval:
    half = _NORMAL_95 * error
    return Interval(mean, mean - half, mean + half)


def _error(values: Floats) -> float:
    return float(values.std(ddof=1)) / math.sqrt(len(values))


def _is_worse(right: Sequence[bool], losses: Floats, manifest: Manifest) -> bool:
    """Both figures with the sizes of both samples: the held-out rows are a sample, too."""
    held, judged, rows = int(manifest.metrics["rows"]), manifest.gate.judged, len(losses)
    then, now = manifest.metrics["accuracy"], float(np.mean(right))
    pooled = (then * held + now * rows) / (held + rows)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / held + 1 / rows))
    loss_spread = math.hypot(judged.error, _error(losses))
    return bool(
        then - now > _SURELY * spread
        or float(losses.mean()) - judged.log_loss > _SURELY * loss_spread
    )


def _calibration(sure: Floats, right: Sequence[bool]) -> tuple[Reliability, ...]:
    """By tenths of the probability of the answer."""
    hits = np.asarray(right)
    bins = np.minimum((sure * _BINS).astype(np.int64), _BINS - 1)
    return tuple(
        Reliability(
            rows=int(inside.sum()),
            predicted=float(sure[inside].mean()),
            observed=wilson(int(hits[inside].sum()), int(inside.sum())),
        )
        for inside in (bins == i for i in range(_BINS))
        if inside.any()
    )

"""What is known after the deployment, as the plain values that /live answers as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from itertools import accumulate
from typing import Any

import numpy as np

from classification_model.monitoring.answered import Known
from classification_model.monitoring.drift import FEWEST_ROWS, smallest_share_seen
from classification_model.monitoring.reference import CONFIDENCE, PREDICTION
from classification_model.monitoring.truth import Truth, held_out_figures, truth
from classification_model.monitoring.watch import ColumnReport, DriftReport, Window, report

from ..observability import BUCKETS
from .recording import Live
from .shadow import Shadow

__all__ = ["drift", "figures", "known_truth", "windows"]

_EXPECTED = (
    "The mean probability of the answers: their accuracy, while the probabilities are as right "
    "as they were on held-out rows. Where the world has changed, only labels tell."
)

_PREDICTED = ("POST", "/predict", 200)
_WINDOWS = (1_000, 10_000)
_ANSWERS = (PREDICTION, CONFIDENCE)


def windows(live: Live) -> dict[str, str]:
    """What can be asked for as ``window``, and what it is called."""
    by_rows = {str(rows): f"the last {rows:,} rows" for rows in _WINDOWS}
    return by_rows | {str(day): str(day) for day in reversed(live.counting.days)}


def drift(live: Live, window: str) -> DriftReport:
    """The report of a window, one of :func:`windows`."""
    return report(_window(live, window), live.model.profile.rows)


def _window(live: Live, window: str) -> Window:
    if window.isdigit():
        return live.counting.window(int(window))
    return live.counting.of_day(date.fromisoformat(window))


def figures(live: Live, window: str) -> dict[str, Any]:
    """All of /live; ``window`` is what the columns are about."""
    found, manifest = drift(live, window), live.model.manifest
    return {
        "version": manifest.version,
        "since": datetime.fromtimestamp(live.began, UTC).isoformat(timespec="seconds"),
        "window": window,
        "rows": found.rows,
        "reference_rows": found.reference_rows,
        "fewest_rows": FEWEST_ROWS,
        "drifted": [*found.drifted],
        "columns": [_column(one) for one in found.columns],
        "answers": [_column(one) for one in found.answers],
        "finds": _finds(found),
        "requests": _requests(live),
        "classes": _classes(live, found),
        "expected_accuracy": found.expected_accuracy,
        "expected_accuracy_holds": _EXPECTED,
        "days": [*_days(live)],
        "left_out": live.left_out,
        "labels": live.labels,
        "truth": _truth(live),
        "shadow": _shadow(live, live.shadow) if live.shadow else None,
        "store": asdict(live.keeper.kept) if live.keeper else None,
    }


def _quantile(live: Live, share: float) -> float | None:
    """The milliseconds within which so many requests of /predict were answered.

    From the histogram of the metrics, evenly within a bucket.
    """
    *counts, _ = live.metrics.times(_PREDICTED)
    reached = [*accumulate(counts)]
    if not reached[-1]:
        return None
    wanted = share * reached[-1]
    at = next(i for i, count in enumerate(reached) if count >= wanted)
    bounds = (0.0, *BUCKETS, BUCKETS[-1])  # what took longer than all counts as the last
    inside = (wanted - reached[at] + counts[at]) / counts[at]
    return round((bounds[at] + inside * (bounds[at + 1] - bounds[at])) * 1000, 3)


def known_truth(live: Live) -> Truth | None:
    """How good the kept answers were whose truth is known."""
    return truth(live.answered.known(), live.model.manifest)


def _shadow_truth(live: Live, shadow: Shadow) -> tuple[Truth | None, Truth | None]:
    """How good the first and the second model were on rows that both answered."""
    if not shadow.same_classes:
        return None, None
    known = live.answered.known()
    both = ~np.isnan(known.others[:, 0])
    first = Known(known.truth[both], known.scores[both], known.others[both])
    second = shadow.by_own_classes(first)
    return truth(first, live.model.manifest), truth(second, shadow.model.manifest)


def _column(one: ColumnReport) -> dict[str, Any]:
    then, now = one.shares
    return {
        "name": one.name,
        "verdict": one.words if one.name not in _ANSWERS else None,
        "drifted": one.drifted if one.verdict else None,
        "distance": one.verdict and one.verdict.distance,
        "limit": one.verdict and one.verdict.limit,
        "missing": one.missing,
        "unseen": one.unseen,
        "change": one.change,
        "bins": [
            {"bin": label, "training": round(float(a), 6), "served": round(float(b), 6)}
            for label, a, b in zip(one.bins.labels, then, now, strict=True)
        ],
    }


def _finds(found: DriftReport) -> dict[str, float] | None:
    """What a window of this size can find, in 95 of 100 cases."""
    if found.rows < FEWEST_ROWS or not found.columns:
        return None
    grown = smallest_share_seen(
        0.1, reference=found.reference_rows, window=found.rows, columns=len(found.columns)
    )
    return {"share": 0.1, "grown_to": grown}


def _requests(live: Live) -> dict[str, Any]:
    metrics = live.metrics
    return {
        "answered": int(sum(metrics.times(_PREDICTED)[:-1])),
        "rows": sum(metrics.predictions.values()),
        "refused_rows": metrics.refused_rows,
        "p50_ms": _quantile(live, 0.5),
        "p99_ms": _quantile(live, 0.99),
    }


def _classes(live: Live, found: DriftReport) -> list[dict[str, Any]]:
    """The share of each class in the window, and in the training table.

    Nothing of the window where the held-out rows had too few of a class for a bin of its own.
    """
    then, rows = dict(live.model.profile.classes), live.model.profile.rows
    answered = next((one for one in found.answers if one.name == PREDICTION), None)
    counts = dict(zip(answered.bins.labels, answered.counts, strict=True)) if answered else {}
    return [
        {
            "class": label,
            "name": live.model.manifest.name_of(label),
            "served": counts[str(label)] / max(1, found.rows) if str(label) in counts else None,
            "training": then.get(label, 0) / rows,
        }
        for label in live.model.manifest.classes
    ]


def _days(live: Live) -> Iterator[dict[str, Any]]:
    for day in live.counting.days:
        found = drift(live, str(day))
        yield {
            "day": str(day),
            "rows": found.rows,
            "drifted": [*found.drifted],
            "expected_accuracy": found.expected_accuracy,
        }


def _truth(live: Live) -> dict[str, Any] | None:
    found = known_truth(live)
    if found is None:
        return None
    held_out = {name: asdict(one) for name, one in held_out_figures(live.model.manifest).items()}
    return asdict(found) | {"held_out": held_out}


def _shadow(live: Live, shadow: Shadow) -> dict[str, Any]:
    counts, manifest = shadow.counts, shadow.model.manifest
    rows = max(1, counts.rows)
    return {
        "version": manifest.version,
        "bundle_digest": shadow.model.digest,
        **{name: getattr(counts, name) for name in ("rows", "refused", "failed", "dropped")},
        "agreement": counts.agreed / rows if counts.rows else None,
        "flips": [
            {"from": first, "to": second, "rows": count}
            for (first, second), count in sorted([*counts.flips.items()], key=_commonest)
        ],
        "probabilities": [
            {"class": label, "mean_difference": moved / rows, "mean_distance": distance / rows}
            for label, moved, distance in _sums(live, shadow)
        ],
        "truth": _both(*_shadow_truth(live, shadow)),
    }


def _commonest(flip: tuple[tuple[str, str], int]) -> tuple[int, tuple[str, str]]:
    return -flip[1], flip[0]


def _sums(live: Live, shadow: Shadow) -> Iterator[tuple[Any, float, float]]:
    counts = shadow.counts
    return zip(
        live.model.manifest.classes, counts.moved.tolist(), counts.distance.tolist(), strict=True
    )


def _both(served: Truth | None, shadow: Truth | None) -> dict[str, Any] | None:
    return {"served": asdict(served), "shadow": asdict(shadow)} if served and shadow else None

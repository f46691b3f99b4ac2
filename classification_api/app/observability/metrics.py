"""Count requests and rows as plain numbers, which become metrics when they are read."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from classification_model.config.schema import Label
from classification_model.errors import RowError
from classification_model.predict import Model, PredictionResult

__all__ = ["BUCKETS", "Metrics", "Requests", "add_time"]

BUCKETS = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""The upper bounds of the histogram of times, in seconds; what took longer is counted, too."""

Requests = tuple[str, str, int]
"""The method, route and status that some requests have in common."""


def add_time(times: list[float], seconds: float) -> None:
    """Count one request in the list that :meth:`Metrics.times` gave."""
    times[bisect_left(BUCKETS, seconds)] += 1
    times[-1] += seconds


class Metrics:
    """Counts of one process, from its start; several workers have one each.

    No lock: threads take turns between the steps in which a number grows, not within one. What
    is read is copied first, which is one step, too.

    Args:
        model: the one that is served. Its classes and columns are the only ones that are counted
            by name, so what clients send does not make the metrics grow.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.requests: dict[Requests, list[float]] = {}
        """How many requests ended in each of the buckets and beyond them, then their seconds."""
        self.predictions: dict[Label | None, int] = dict.fromkeys(model.manifest.classes, 0)
        self.refused_rows = 0
        self.abstained_rows = 0
        self.warnings: dict[tuple[str, str], int] = defaultdict(int)
        """By column and rule."""
        self.refusals: dict[tuple[str, str], int] = defaultdict(int)
        """By column, which is empty where the model knows none of that name, and rule."""

    def times(self, kind: Requests) -> list[float]:
        """Where requests of a kind are counted by the time that they took."""
        return self.requests.setdefault(kind, [0.0] * (len(BUCKETS) + 2))

    def scored(self, result: PredictionResult) -> None:
        """Count the predictions and data warnings of a request."""
        predictions = self.predictions
        for label in result["predictions"]:
            if label is not None:
                predictions[label] += 1
        abstained = len(result.get("abstained", ()))
        self.abstained_rows += abstained
        for warning in result["warnings"]:
            self.warnings[warning["column"], warning["rule"]] += 1
        if result["errors"]:
            refused = result["predictions"].count(None) - abstained
            self._refused(refused, [(e["column"], e["rule"]) for e in result["errors"]])

    def refused(self, errors: Sequence[RowError]) -> None:
        """Count rows for which a whole request was refused."""
        rows = {error.row for error in errors}
        self._refused(len(rows), [(error.column, error.rule) for error in errors])

    def _refused(self, rows: int, faults: Sequence[tuple[Any, str]]) -> None:
        columns = self.model.manifest.row_schema.columns
        self.refused_rows += rows
        for column, rule in faults:
            self.refusals[column if column in columns else "", rule] += 1

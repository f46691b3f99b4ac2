"""A report in the words that people read: its classes by their names."""

from __future__ import annotations

from collections.abc import Sequence

from classification_model.bundle import Manifest
from classification_model.evaluation.report import Curve, Report

__all__ = ["named"]


def named(report: Report, manifest: Manifest) -> Report:
    """The report with the names of ``labels`` in place of the CSV's own."""

    def curves(found: Sequence[Curve]) -> tuple[Curve, ...]:
        return tuple(one.model_copy(update={"label": manifest.name_of(one.label)}) for one in found)

    series = report.histogram.series
    if len(report.classes) == 2:  # else they are called right and wrong
        series = tuple(
            one.model_copy(update={"name": manifest.name_of(one.name)}) for one in series
        )
    positive = None if report.positive is None else manifest.name_of(report.positive)
    return report.model_copy(
        update={
            "positive": positive,
            "classes": tuple(map(manifest.name_of, report.classes)),
            "roc": curves(report.roc),
            "precision_recall": curves(report.precision_recall),
            "histogram": report.histogram.model_copy(update={"series": series}),
        }
    )

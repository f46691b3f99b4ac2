"""A file of rows, counted into the bins of a model's reference."""

from __future__ import annotations

from classification_model.inference.engines import Probabilities
from classification_model.monitoring.counting import bins_of
from classification_model.monitoring.watch import DriftReport, Window, report
from classification_model.predict import Model
from classification_model.processing.column_rules import ColumnRules
from classification_model.processing.reading import blocks
from classification_model.processing.reading.columns import check_columns
from classification_model.processing.reading.whole import parts
from classification_model.progress import Progress

__all__ = ["drift_of_file"]


def drift_of_file(name: str, model: Model, progress: Progress) -> tuple[DriftReport, int]:
    """What the rows of a file look like beside those of the training.

    Args:
        name: of a CSV, JSON Lines or Parquet file with the columns of the model.
        model: whose profile is the reference.
        progress: is told of the rows.

    Returns:
        The report, and how many rows break a rule and were left out.

    Raises:
        DataError: the file cannot be read, lacks a column, or no row of it can be scored.
    """
    manifest = model.manifest
    wanted = [*manifest.row_schema.columns]
    source = blocks.head(name, wanted, keep_total=manifest.keep_total)
    check_columns(source, wanted, ())
    bins = bins_of(model)
    window, rules, refused = Window(bins), ColumnRules(manifest.row_schema), 0
    for part in parts(source, wanted, progress):
        typed = rules.check(part.columns)
        refused += int((~typed.good).sum())
        if typed.good.any():
            scores: Probabilities = model.score_columns(typed.columns)
            window.add(typed.columns, scores, manifest.classes)
    return report(window, model.profile.rows), refused

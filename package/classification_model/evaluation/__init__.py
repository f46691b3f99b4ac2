"""Judge a model on rows that it was not trained on."""

from __future__ import annotations

from classification_model.evaluation.held_out import evaluate
from classification_model.evaluation.metrics import NAMES, Metrics, score
from classification_model.evaluation.report import Report

__all__ = ["NAMES", "Metrics", "Report", "evaluate", "score"]

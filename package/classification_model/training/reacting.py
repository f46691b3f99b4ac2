"""Ask a model that is about to be saved how it reacts to its most important columns."""

from __future__ import annotations

from classification_model.bundle import Bundle
from classification_model.evaluation import Report
from classification_model.evaluation.reactions import Reactions, reactions
from classification_model.predict import Model

__all__ = ["reactions_of"]


def reactions_of(saved: Bundle, report: Report) -> Reactions:
    """What serving would say of its background, by the columns as the report ranks them."""
    model = Model(saved)
    return reactions(
        [one.column for one in report.importance],
        model.manifest.row_schema,
        model.profile,
        model.background,
        model.probabilities,
    )

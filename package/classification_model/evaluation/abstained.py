"""What becomes of held-out rows where a model may give no decision."""

from __future__ import annotations

from classification_model.config.schema import FrozenModel
from classification_model.evaluation.metrics import Outcomes
from classification_model.processing.decisions import Answering

__all__ = ["Abstained", "abstained"]


class Abstained(FrozenModel):
    """Held-out rows without a decision, and with one; of each, how many are or would be right."""

    below: float
    rows: int
    right: int
    others: int
    others_right: int


def abstained(judged: Outcomes, below: float | None) -> Abstained | None:
    """Count the rows that get no decision, and how many answers to the others are right."""
    if below is None:
        return None
    unsure, right = Answering(abstain_below=below).abstains(judged.scores), judged.correct
    return Abstained(
        below=below,
        rows=int(unsure.sum()),
        right=int(right[unsure].sum()),
        others=int((~unsure).sum()),
        others_right=int(right[~unsure].sum()),
    )

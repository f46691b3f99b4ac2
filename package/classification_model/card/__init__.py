"""The model card: what a model is, how good it is and where it is weak, for people to read."""

from __future__ import annotations

from classification_model.card.facts import FIGURES, REFITTED, Facts
from classification_model.card.writer import write

__all__ = ["FIGURES", "REFITTED", "Facts", "write"]

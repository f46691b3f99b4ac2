"""What the card is told, besides the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from classification_model.bundle import Manifest
from classification_model.evaluation.reactions import Reactions
from classification_model.processing.learned import Learned
from classification_model.processing.profile import Profile
from classification_model.publishing.findings import Audit

__all__ = ["FIGURES", "REFITTED", "Facts"]

FIGURES = "All figures are those of the same recipe without the held-out rows."
REFITTED = "the model that is saved was then fitted on all rows"
"""In plain words: what is shipped has learned from more rows than what was judged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a model is, and what its configuration says that the manifest does not.

    Attributes:
        stem: the name that the bundle's files share.
        manifest: but for its files and metrics, which are not looked at.
        profile: what training saw in each column.
        dataset: the file name of the CSV.
        left_out: columns that the model does not look at, and why.
        learned: what was learned from columns of text or of many categories.
        min_rows: how many rows must hold what is shown.
        audit: what attacks on the bundle found, where they were made.
        reactions: how the model reacts to its columns, where it was asked.
    """

    stem: str
    manifest: Manifest
    profile: Profile
    dataset: str
    left_out: Mapping[str, str]
    learned: Learned = field(default_factory=Learned)
    min_rows: int = 1
    audit: Audit | None = None
    reactions: Reactions | None = None

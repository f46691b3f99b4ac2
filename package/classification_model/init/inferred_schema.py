"""The result of ``init``: what each column of a table holds, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from classification_model.config.schema import Column, Label
from classification_model.init.split_hints import Hint
from classification_model.init.targets import positive_class
from classification_model.processing.profile import ColumnProfile

__all__ = ["Decision", "Finding", "InferredSchema"]

Decision = Literal["used", "used, look at it", "left out"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in one column, what was decided, and why.

    ``column`` is the decision; ``seen`` is what the file holds, and is not written down.
    ``written`` says how its numbers or dates are, where that is not plain.
    """

    name: str
    column: Column
    seen: ColumnProfile
    values: str
    decision: Decision
    reason: str
    written: str = ""


@dataclass(frozen=True, slots=True)
class InferredSchema:
    """What a table says about its rows.

    ``notes`` is what a person should know of the file as a whole, and ``hints`` what rows may
    have to be held out by.
    """

    target: str
    classes: Mapping[Label, int]
    rows: int
    unlabelled: int
    duplicates: int
    missing_markers: tuple[str, ...]
    encoding: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    hints: tuple[Hint, ...] = ()

    @property
    def positive(self) -> Label | None:
        """The class that is asked about, where there are two."""
        return positive_class(self.classes)

    def used(self) -> dict[str, Column]:
        """The columns that the model will look at."""
        return {f.name: f.column for f in self.findings if f.decision != "left out"}

    def ignored(self) -> dict[str, str]:
        """The columns that it will not look at, and why."""
        return {f.name: f.reason for f in self.findings if f.decision == "left out"}

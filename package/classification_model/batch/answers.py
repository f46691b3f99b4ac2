"""The answer to a block of rows: what was scored, rejected and warned about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from classification_model.config.schema import Label
from classification_model.processing.reading.sources import Record
from classification_model.processing.value_rules import TypedRow

__all__ = ["Answer", "Explanation", "Rejected", "ScoredRow", "Warned"]

Explanation = dict[str, Any]
"""What :func:`classification_model.inference.contributions.told` tells of a row."""

Warned = dict[tuple[str, str], tuple[int, str]]
"""Data warnings by column and rule: the number of rows, and the message for the first."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was not scored: where it is, and why."""

    file: str
    line: int
    column: str | None
    value: str
    reason: str

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}"
        where += f", column {self.column!r}" if self.column else ""
        return f"{where}: {self.reason}" + (f", found {self.value!r}" if self.value else "")


@dataclass(frozen=True, slots=True)
class ScoredRow:
    """A row with its answer; without a label where the model gave no decision."""

    record: Record
    typed: TypedRow
    label: Label | None
    shares: Sequence[float]
    explanation: Explanation | None = None


@dataclass(slots=True)
class Answer:
    """What became of a block: scored rows as ``content``, the others rejected, both in order.

    ``content`` is CSV, each line led by its newline, or an Arrow table. ``predicted`` counts the
    rows of each class, and with ``None`` those without a decision. ``refused`` counts rows that were
    rejected and are not at hand. ``told`` has the explanations of the first few rows.
    """

    scored: int
    content: Any
    predicted: Counter[Label | None] = field(default_factory=Counter)
    rejected: list[Rejected] = field(default_factory=list)
    warned: Warned = field(default_factory=dict)
    done: int = 0
    refused: int = 0
    told: list[Explanation] = field(default_factory=list)

    def warn(self, column: str, rule: str, count: int, message: str) -> None:
        """Count a data warning."""
        before, first = self.warned.get((column, rule), (0, message))
        self.warned[column, rule] = (before + count, first)

"""What a service said of a row, and what turned out to be true of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

__all__ = ["Answer", "Label"]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer about one row of a request.

    Attributes:
        id: the answer's ``X-Answer-ID``; all rows of a request share it.
        row: the row's place in the request, from 0.
        at: seconds since 1970, UTC.
        version: of the model that answered.
        probabilities: one for each class, in the order of the model's classes.
        inputs: the row as it was sent, where inputs are kept.
    """

    id: str
    row: int
    at: float
    version: str
    probabilities: tuple[float, ...]
    inputs: Mapping[str, object] | None

    def without_inputs(self) -> Answer:
        return replace(self, inputs=None)


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about the row of an answer; ``label`` is spelt as in the CSV."""

    id: str
    row: int
    label: str
    at: float

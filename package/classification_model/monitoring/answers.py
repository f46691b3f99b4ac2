"""What a service said of rows, and what turned out to be true of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Answer", "Label", "Record"]


class Record(NamedTuple):
    """All that was answered to one request, as it is kept: JSON stays text until it is read.

    Attributes:
        id: the answer's ``X-Answer-ID``, 32 hexadecimal digits.
        at: seconds since 1970, UTC.
        version: of the model that answered.
        probabilities: JSON, a list for each row, in the order of the model's classes; ``null`` of a
            row that was refused.
        inputs: JSON, ``{"inputs": [...]}`` with the rows as they were sent, where they are kept.
    """

    id: str
    at: float
    version: str
    probabilities: str
    inputs: str | None


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


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about the row of an answer; ``label`` is spelt as in the CSV."""

    id: str
    row: int
    label: str
    at: float

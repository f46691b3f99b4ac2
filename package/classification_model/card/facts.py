"""What the card is told, besides the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from classification_model.config.schema import RowSchema

__all__ = ["Candidate", "Facts"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that was considered.

    Attributes:
        description: its kind and parameters.
        log_loss: cross-validated on the training rows, in nats.
        weight: its share in the vote that was chosen, from 0 (no part) to 1 (alone).
    """

    description: str
    log_loss: float
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Where a model comes from, and what its rows look like.

    Attributes:
        stem: the name that the bundle's files share.
        dataset: the file name of the CSV.
        rows: how many labelled rows it has.
        left_out: columns that the model does not look at, and why.
        choice: a sentence on how the model was chosen.
        candidates: those it was chosen from, none where it was named.
    """

    stem: str
    version: str
    target: str
    dataset: str
    rows: int
    data_sha256: str
    config_sha256: str
    schema: RowSchema
    left_out: Mapping[str, str]
    python: str
    libraries: Mapping[str, str]
    choice: str = ""
    candidates: tuple[Candidate, ...] = ()

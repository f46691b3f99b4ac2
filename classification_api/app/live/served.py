"""Requests that were answered, until they have been counted and kept."""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from classification_model.processing.arrays import Floats
from classification_model.processing.value_rules import TypedRow, TypedValue

__all__ = ["Raw", "Served", "TypedRows", "body_of", "columns_of", "scores_of"]

ByColumn = dict[str, list[TypedValue]]
TypedRows = Sequence[TypedRow | None] | ByColumn
"""Rows as they were scored: one by one, a refused one ``None``, or by column."""

Raw = bytes | Sequence[Mapping[str, object]]
"""Rows as they were sent: the body of a request, or what was read from it."""


@dataclass(slots=True)
class Served:
    """Answers in their order; what is known of them stands in arrays and lists beside one another.

    What is kept of each is small, and no object of its own: memory that one answer was made in is
    there for the next one, and the collector of garbage finds nothing new. Only of few are ``rows``
    kept.

    Attributes:
        ids: the bits of the answers' ids, once they are no longer added to.
        sizes: how many rows each is about.
        shares: the probabilities of all rows, one after the other; NaN where one was refused.
        rows: those of each answer, where they are to be counted.
        bodies: each request as JSON, ``{"inputs": [...]}``, where somebody wants it.
        texts: the probabilities of each answer as JSON, for a store.
    """

    ids: bytes = b""
    sizes: list[int] = field(default_factory=list)
    shares: array[float] = field(default_factory=lambda: array("d"))
    rows: list[TypedRows] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)

    def scores(self, classes: int) -> Floats:
        """The probabilities, shape ``(rows, classes)``."""
        return np.asarray(self.shares).reshape(-1, classes)


def body_of(raw: Raw) -> bytes:
    """Rows as they were sent, as JSON: a body that was accepted stays as it came."""
    return raw if isinstance(raw, bytes) else json.dumps({"inputs": [*raw]}).encode()


def columns_of(served: Sequence[TypedRows], names: Sequence[str]) -> ByColumn:
    """The values of the rows that were scored: first those that were scored one by one."""
    rows: list[TypedRow] = []
    columns: list[ByColumn] = []
    for one in served:
        if isinstance(one, dict):
            columns.append(one)
        else:
            rows += [row for row in one if row is not None]
    found = {name: [row[name] for row in rows] for name in names}
    for each in columns:
        for name in names:
            found[name] += each[name]
    return found


def scores_of(served: Served, scores: Floats) -> Floats:
    """The probabilities of the rows that were scored, in the order of :func:`columns_of`."""
    late = np.repeat([isinstance(one, dict) for one in served.rows], served.sizes)
    ordered = scores[np.argsort(late, kind="stable")]
    return ordered[~np.isnan(ordered[:, 0])]

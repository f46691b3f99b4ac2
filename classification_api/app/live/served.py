"""A request that was answered, until it has been counted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from pydantic_core import from_json, to_json

from classification_model.monitoring.answers import Record
from classification_model.processing.arrays import Floats
from classification_model.processing.value_rules import TypedRow, TypedValue

__all__ = ["ByColumn", "Raw", "Served", "TypedRows", "by_column", "columns_of", "scores_of"]

ByColumn = dict[str, list[TypedValue]]
TypedRows = Sequence[TypedRow | None] | ByColumn
"""Rows as they were scored: one by one, a refused one ``None``, or by column."""

Raw = bytes | Sequence[Mapping[str, object]]
"""Rows as they were sent: the body of a request, or what was read from it."""


class Served(NamedTuple):
    """What was asked and answered.

    ``identity`` are the hexadecimal digits of the answer's id, ``shares`` the probabilities of each
    row, nothing where it was refused. Little of an answer is kept, or the collector has to look at
    the rest.
    """

    identity: bytes
    shares: Sequence[list[float] | None]
    rows: TypedRows
    raw: Raw

    @property
    def size(self) -> int:
        """How many rows it has."""
        return len(self.shares)

    def inputs(self) -> Sequence[Mapping[str, Any]]:
        """The rows as they were sent."""
        return from_json(self.raw)["inputs"] if isinstance(self.raw, bytes) else self.raw

    def record(self, at: float, version: str, *, with_inputs: bool) -> Record:
        """The answer as it is kept; a body that was accepted is kept as it came."""
        raw, rows = self.raw, None
        if with_inputs:
            rows = raw.decode() if isinstance(raw, bytes) else json.dumps({"inputs": [*raw]})
        return Record(self.identity.decode(), at, version, to_json(self.shares).decode(), rows)


def by_column(one: Served) -> bool:
    """Whether the rows of a request were scored by column."""
    return isinstance(one.rows, dict)


def columns_of(served: Sequence[Served], names: Sequence[str]) -> dict[str, list[TypedValue]]:
    """The values of the rows that were scored: first those that were scored one by one."""
    rows: list[TypedRow] = []
    columns: list[ByColumn] = []
    for one in served:
        if isinstance(one.rows, dict):
            columns.append(one.rows)
        else:
            rows += [row for row in one.rows if row is not None]
    found = {name: [row[name] for row in rows] for name in names}
    for each in columns:
        for name in names:
            found[name] += each[name]
    return found


def scores_of(served: Sequence[Served], classes: int) -> Floats:
    """The probabilities of all rows, shape ``(rows, classes)``: NaN where one was refused."""
    size = sum(one.size for one in served) * classes
    try:
        shares: Any = chain.from_iterable([one.shares for one in served])
        flat = chain.from_iterable(shares)
        return np.fromiter(flat, np.float64, size).reshape(-1, classes)
    except TypeError:  # some row was refused
        none = [np.nan] * classes
        rows = [none if share is None else share for one in served for share in one.shares]
        return np.array(rows, np.float64).reshape(-1, classes)

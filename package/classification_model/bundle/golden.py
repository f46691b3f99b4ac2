"""Golden rows: a few rows with the answers that the model gave when it was trained.

They are replayed before the model is used, so that a model that does not answer as it did,
on this machine and with these libraries, answers nobody. A golden row is nobody's row: each
of its values comes from another row of the data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from classification_model.config.schema import Label, RowSchema
from classification_model.errors import DamagedModelError
from classification_model.processing.validation import TypedRow, TypedValue

__all__ = ["TOLERANCE", "check", "choose_rows", "dump", "parse"]

TOLERANCE = 1e-5
"""The largest difference in a probability that other hardware may make."""

_ROWS = 50
_DRAWN = 1000


def choose_rows(rows: Sequence[TypedRow], schema: RowSchema, *, seed: int) -> list[TypedRow]:
    """About fifty made rows that between them hold what is special about the data.

    That is every category, a missing value of each column that has one, and each column's
    smallest and largest value, as far as there is room.
    """
    random = np.random.default_rng(seed)
    values = {name: [row[name] for row in rows] for name in schema.columns}
    drawn = {name: random.integers(0, len(rows), _DRAWN) for name in values}
    made = [
        {name: values[name][drawn[name][i]] for name in values} for i in range(_DRAWN)
    ] + _extremes(values)
    facts = [_facts(row, schema) for row in made]
    chosen: list[int] = []
    known: set[tuple[str, object]] = set()
    while len(chosen) < _ROWS:
        best = max(range(len(made)), key=lambda i: (len(facts[i] - known), -i))
        if not facts[best] - known:
            break
        chosen.append(best)
        known |= facts[best]
    rest = [i for i in range(len(made)) if i not in set(chosen)]
    return [made[i] for i in sorted([*chosen, *rest[: _ROWS - len(chosen)]])]


def _extremes(values: Mapping[str, Sequence[TypedValue]]) -> list[TypedRow]:
    """Rows of all the smallest values, all the largest, and all that is missing."""

    def pick(cells: Sequence[TypedValue], which: str) -> TypedValue:
        if which == "missing":
            return None if None in cells else cells[0]
        present: list[Any] = [cell for cell in cells if cell is not None]
        if not present:
            return None
        extreme: TypedValue = min(present) if which == "least" else max(present)
        return extreme

    return [
        {name: pick(cells, which) for name, cells in values.items()}
        for which in ("least", "most", "missing")
    ]


def _facts(row: TypedRow, schema: RowSchema) -> set[tuple[str, object]]:
    facts: set[tuple[str, object]] = set()
    for name, column in schema.columns.items():
        value = row[name]
        if (
            value is None
            or column.kind in ("category", "boolean")
            or value in (column.minimum, column.maximum)
        ):
            facts.add((name, value))
    return facts


def dump(rows: Sequence[TypedRow], probabilities: Sequence[Sequence[float]]) -> bytes:
    """Rows with their answers as JSON Lines."""
    lines = (
        json.dumps({"row": row, "probabilities": list(shares)}, default=_plain)
        for row, shares in zip(rows, probabilities, strict=True)
    )
    return "".join(f"{line}\n" for line in lines).encode()


def _plain(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def parse(source: bytes) -> tuple[list[dict[str, Any]], list[list[float]]]:
    """The rows and the recorded probabilities."""
    lines = [json.loads(line) for line in source.splitlines()]
    return [line["row"] for line in lines], [line["probabilities"] for line in lines]


def check(
    found: Sequence[Sequence[float] | None],
    recorded: Sequence[Sequence[float]],
    classes: Sequence[Label],
) -> None:
    """Compare answers with those that were recorded.

    Raises:
        DamagedModelError: a row's answer differs by more than :data:`TOLERANCE`; it is named.
    """
    for number, (now, then) in enumerate(zip(found, recorded, strict=True)):
        for label, share, expected in zip(classes, now or (), then, strict=True):
            if not abs(share - expected) <= TOLERANCE:
                raise DamagedModelError(
                    f"golden row {number}: the probability of {label!r} is {share:.7g}, and was "
                    f"{expected:.7g} when the model was trained; it is not used: install the "
                    "versions that it was made with (classification-model verify shows them), or "
                    "train again"
                )

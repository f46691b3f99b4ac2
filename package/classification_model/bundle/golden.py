"""Golden rows: a few rows with the answers that the model gave when it was trained.

They are replayed before the model is used, so that a model that does not answer as it did,
on this machine and with these libraries, answers nobody. A golden row is nobody's row: each
of its values comes from another row of the data.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from classification_model.config.schema import Label, RowSchema
from classification_model.errors import DamagedModelError
from classification_model.inference.engines import TOLERANCE
from classification_model.processing.validation import TypedRow, TypedValue

if TYPE_CHECKING:
    from classification_model.processing.typed_columns import Columns, TypedColumn

__all__ = ["check", "choose_rows", "dump", "parse"]

_ROWS = 50
_DRAWN = 1000


def choose_rows(columns: Columns, schema: RowSchema, *, seed: int) -> list[TypedRow]:
    """About fifty made rows that between them hold what is special about the data.

    That is every category, a missing value of each column that has one, and each column's
    smallest and largest value, as far as there is room.
    """
    random = np.random.default_rng(seed)
    extremes = {name: _extremes(column) for name, column in columns.items()}
    values = {
        name: [*column.take(random.integers(0, len(column), _DRAWN)).each(), *extremes[name]]
        for name, column in columns.items()
    }
    made = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    special = {
        name: _special(schema.columns[name].kind, extreme) for name, extreme in extremes.items()
    }
    facts = [
        {(n, v) for n, v in row.items() if (among := special[n]) is None or v in among}
        for row in made
    ]
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


def _special(kind: str, extremes: Sequence[TypedValue]) -> set[TypedValue] | None:
    """The values of a column that some golden row should have; ``None`` for every one."""
    if kind in ("category", "boolean"):
        return None
    return {*extremes, None} if kind in ("integer", "number") else {None}


def _extremes(column: TypedColumn) -> tuple[TypedValue, TypedValue, TypedValue]:
    """The smallest value, the largest, and a missing one, or the first where none is missing."""
    codes, values = column.distinct()
    there = [values[code] for code in np.flatnonzero(np.bincount(codes)).tolist()]
    present: list[Any] = [value for value in there if value is not None]
    if not present:
        return None, None, None
    return min(present), max(present), None if None in there else values[codes[0]]


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

"""Golden rows: a few rows with the answers that the model gave when it was trained.

They are answered again before the model is used. Where an answer differs, on this machine or
with these libraries, the model is refused. A golden row is nobody's row: the values of each
column are made up by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from classification_model.config.schema import Label, RowSchema
from classification_model.errors import DamagedModelError, DataError
from classification_model.inference.engines import TOLERANCE
from classification_model.processing.functions import BUILT_IN, Functions
from classification_model.processing.profile import Profile
from classification_model.processing.value_rules import TypedRow, TypedValue

if TYPE_CHECKING:
    from classification_model.processing.arrays import Indices
    from classification_model.processing.typed_columns import Columns

__all__ = ["check", "choose_rows", "dump", "parse"]

_ROWS = 50
_DRAWN = 1000


def choose_rows(
    columns: Columns,
    schema: RowSchema,
    profile: Profile,
    *,
    seed: int,
    min_rows: int,
    groups: Indices | None = None,
    functions: Functions = BUILT_IN,
) -> list[TypedRow]:
    """About fifty made rows that between them hold what is special about the data.

    That is every category, a missing value of each column that has one, and the bounds of each
    number, as far as there is room. None of them is the row of fewer than ``min_rows`` people.

    Raises:
        DataError: every row that could be made is.
    """
    from classification_model.processing.made import made_values, without_people

    random = np.random.default_rng(seed)
    pools = {
        name: made_values(
            column,
            schema.columns[name].kind,
            _DRAWN,
            random=random,
            least=min_rows,
            groups=groups,
            examples=functions.examples.get(name, ()),
        )
        for name, column in columns.items()
    }
    special = {}
    for name, pool in pools.items():
        seen = profile.columns[name]
        ends: list[Any] = [end for end in (seen.minimum, seen.maximum) if end is not None]
        special[name] = _special(schema.columns[name].kind, ends)
        absent = None if None in pool else pool[0]
        pool += [*(ends or [absent, absent]), absent]
    rows = [dict(zip(pools, row, strict=True)) for row in zip(*pools.values(), strict=True)]
    made = without_people(rows, columns, min_rows, groups)
    if not made:  # where all that can be combined is somebody, who misses a value is not
        free = [name for name, column in schema.columns.items() if not column.required]
        missing_one = [{**row, name: None} for row in rows[:_ROWS] for name in free]
        made = without_people(missing_one, columns, min_rows, groups)
    if not made:
        raise DataError(
            f"each combination of values is what fewer than {min_rows} rows are, so no made row is "
            "nobody's; take out `required: yes` of a column, or set `publish: min_rows` in config.yml"
        )
    return _telling(made, special)


def _telling(
    rows: Sequence[TypedRow], special: Mapping[str, set[TypedValue] | None]
) -> list[TypedRow]:
    """The rows that hold what is special, the fewest that do, and others up to fifty."""
    facts = [
        {(n, v) for n, v in row.items() if (among := special[n]) is None or v in among}
        for row in rows
    ]
    chosen: list[int] = []
    known: set[tuple[str, object]] = set()
    while len(chosen) < _ROWS:
        best = max(range(len(rows)), key=lambda i: (len(facts[i] - known), -i))
        if not facts[best] - known:
            break
        chosen.append(best)
        known |= facts[best]
    rest = [i for i in range(len(rows)) if i not in set(chosen)]
    return [rows[i] for i in sorted([*chosen, *rest[: _ROWS - len(chosen)]])]


def _special(kind: str, ends: Sequence[TypedValue]) -> set[TypedValue] | None:
    """The values of a column that some golden row should have; ``None`` for every one."""
    return None if kind in ("category", "boolean") else {*ends, None}


def dump(rows: Sequence[TypedRow], probabilities: Sequence[Sequence[float]]) -> bytes:
    """Rows with their answers as JSON Lines."""
    lines = (
        json.dumps({"row": row, "probabilities": list(found)}, default=_plain)
        for row, found in zip(rows, probabilities, strict=True)
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

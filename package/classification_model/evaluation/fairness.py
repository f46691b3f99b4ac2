"""How a model answers each group of the columns that ``fairness`` names, on held-out rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from classification_model.config.schema import RowSchema
from classification_model.evaluation.metrics import Outcomes
from classification_model.evaluation.report import Group
from classification_model.evaluation.slices import Few, parts
from classification_model.processing.arrays import Indices
from classification_model.processing.typed_columns import Columns

__all__ = ["groups"]

_OTHERS = "others"


def groups(
    names: Sequence[str],
    schema: RowSchema,
    train: Columns,
    held_out: Columns,
    judged: Outcomes,
    few: Few,
) -> tuple[Group, ...]:
    """Every group of the columns, in their order: categories, quartiles, and what is missing.

    What fewer rows hold than ``few`` says is together under "others", and where these are few,
    the smallest group is among them: else they could be told by subtraction.
    """
    found: list[Group] = []
    for name in names:
        kind = schema.columns[name].kind
        # What only derived features read may be what people are told apart by.
        kind = "category" if kind == "raw" else kind
        values, place = parts(kind, train[name], held_out[name], few)
        for value, inside in _joined(values, place, few.least):
            found.append(Group(column=name, value=value, confusion=_counted(judged, inside)))
    return tuple(found)


def _joined(values: Sequence[str], place: Indices, least: int) -> Iterator[tuple[str, Indices]]:
    """The groups that hold enough rows, each with its rows, and the others."""
    rows = {value: np.flatnonzero(place == i) for i, value in enumerate(values)}
    kept = {value: inside for value, inside in rows.items() if len(inside) >= least}
    others = np.setdiff1d(np.arange(len(place)), np.concatenate([*kept.values(), []]))
    if 0 < len(others) < least and kept:
        smallest = min(kept, key=lambda value: len(kept[value]))
        others = np.concatenate([others, kept.pop(smallest)]).astype(np.int64)
    yield from kept.items()
    if len(others) >= least:
        yield _OTHERS, others


def _counted(judged: Outcomes, inside: Indices) -> tuple[tuple[int, ...], ...]:
    size = judged.classes
    inside = inside.astype(np.int64)
    pairs = judged.truth[inside] * size + judged.predicted[inside]
    counts = np.bincount(pairs, minlength=size**2).reshape(size, size)
    return tuple(map(tuple, counts.tolist()))

"""An attack on the numbers inside a model: whole rows, extremes, edges of bins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classification_model.processing.arrays import Floats, Mask, Matrix
from classification_model.processing.few_rows import bounds, digits, held_by, rounded_each, unit
from classification_model.publishing.atoms import Array
from classification_model.publishing.findings import Attack, Finding
from classification_model.publishing.people import TELLING, People

__all__ = ["arrays"]


# A few numbers of a large array are somebody's by chance.
_SHARE = 0.05
_BINS = 5
_BINS_SHARE = 0.3
_SCALED = "scaled"


def arrays(people: People, found: Sequence[Array], forms: Mapping[str, Matrix]) -> Attack:
    """Search arrays for whole rows, for numbers that a few hold, for extremes and for bins.

    Args:
        people: the table.
        found: the arrays of the pickle and of the graph.
        forms: the training rows as the model sees them, by what was done to them.
    """
    known = [_Form.of(name, matrix, people) for name, matrix in forms.items()]
    findings = []
    for array in found:
        what = next(iter(_told_by(array.values, known, people)), None)
        if what:
            findings.append(Finding(file=array.file, where=array.where, what=what))
    return Attack(
        name="arrays of the model: rows, extremes, bins",
        tried=f"{len(found)} arrays, beside {len(known)} forms of the rows",
        found=tuple(findings),
    )


@dataclass(frozen=True)
class _Form:
    """The rows in one form, with what in it belongs to a few.

    ``few`` are the numbers of each column that few hold, ``telling`` those of many digits, and
    ``middles`` what lies halfway between neighbours: sorted. What was scaled is a number like any
    other: only whole rows and middles of it tell of somebody.
    """

    name: str
    width: int
    rows: frozenset[bytes]
    few: tuple[Floats, ...]
    telling: Floats
    middles: Floats

    @property
    def scaled(self) -> bool:
        return self.name.startswith(_SCALED)

    @classmethod
    def of(cls, name: str, matrix: Matrix, people: People) -> _Form:
        distinct, codes = np.unique(matrix, axis=0, return_inverse=True)
        counts = held_by(codes.ravel(), len(distinct), people.groups)
        rows = frozenset(row.tobytes() for row in distinct[counts < people.least] + np.float32(0))
        few: list[Floats] = []
        middles: list[Floats] = []
        for column in matrix.T:
            values, rare = _rare(column, people)
            between = (values[1:] + values[:-1]) / 2
            middles.append(between[rare[1:] | rare[:-1]].astype(np.float32).astype(np.float64))
            if not name.startswith(_SCALED):
                step = unit(
                    *(bounds(column.astype(np.float64), people.least, people.groups) or (0, 0))
                )
                few.append(values[rare & ~_are_round(values, step)])
        every = np.concatenate([*few, np.empty(0)])
        return cls(
            name, matrix.shape[1], rows, tuple(few), np.unique(every[digits(every) >= TELLING]),
            np.unique(np.concatenate(middles)),
        )  # fmt: skip


def _rare(column: Floats, people: People) -> tuple[Floats, Mask]:
    """The distinct numbers of a column, and which of them few hold."""
    there = ~np.isnan(column)
    values, alike = np.unique(column[there], return_inverse=True)
    own = None if people.groups is None else people.groups[there]
    return values.astype(np.float64), held_by(alike.ravel(), len(values), own) < people.least


def _are_round(values: Floats, step: float) -> Mask:
    """Which numbers of the matrix, float32, are a multiple of ``step`` written as one."""
    if not step:
        return np.zeros(len(values), np.bool_)
    as_written = rounded_each(values, step).astype(np.float32)
    return np.equal(as_written, values)


def _told_by(values: Floats, forms: Sequence[_Form], people: People) -> Iterator[str]:
    narrow = values.astype(np.float32) + np.float32(0)
    flat = narrow.ravel()
    for form in forms:
        for rows in _as_rows(narrow, form.width):
            hits = sum(row.tobytes() in form.rows for row in rows)
            if hits and form.width > 1:
                yield f"{hits} of {len(rows)} rows are rows of the table ({form.name})"
        if flat.size == form.width and not form.scaled:
            hits = sum(_among(flat[i : i + 1], few) for i, few in enumerate(form.few))
            if hits:
                yield f"{hits} of {flat.size} are values of their column that few hold ({form.name})"
        in_order = flat.size >= _BINS and bool((np.diff(flat) > 0).all())
        hits = _among(flat, form.middles) if in_order else 0
        if hits >= _BINS_SHARE * flat.size and hits > 2:
            yield f"{hits} of {flat.size} are midpoints of neighbouring values ({form.name})"
        hits = _among(flat, form.telling)
        if hits and hits >= _SHARE * flat.size:
            yield f"{hits} of {flat.size} numbers are values that few hold ({form.name})"
    hits = _among(flat, people.numbers)
    if hits and hits >= _SHARE * flat.size:
        yield f"{hits} of {flat.size} numbers are values that few hold"


def _among(numbers: npt.NDArray[np.float32], known: Floats) -> int:
    """How many numbers are among sorted ones."""
    if not len(known):
        return 0
    places = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return int((known[places] == numbers).sum())


def _as_rows(values: npt.NDArray[np.float32], width: int) -> Iterator[npt.NDArray[np.float32]]:
    """An array as rows of a width: as it is, turned, and as a graph writes it, one after another."""
    if values.ndim == 2:
        if values.shape[1] == width:
            yield np.ascontiguousarray(values)
        if values.shape[0] == width:
            yield np.ascontiguousarray(values.T)
    elif values.size % width == 0 and values.size > width:
        yield values.reshape(-1, width)

"""An attack on the numbers inside a model: whole rows, extremes, edges of bins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from classification_model.processing.arrays import Floats, Matrix
from classification_model.processing.few_rows import bounds, digits, held_by, rounded, unit
from classification_model.publishing.atoms import Array
from classification_model.publishing.findings import Attack, Finding
from classification_model.publishing.people import TELLING, People

__all__ = ["arrays"]


# A few numbers of a large array are somebody's by chance.
_SHARE = 0.05
_BINS = 5
_BINS_SHARE = 0.3


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
    """The rows in one form, with what in it belongs to a few."""

    name: str
    width: int
    rows: frozenset[bytes]
    few: tuple[frozenset[float], ...]
    telling: frozenset[float]
    middles: frozenset[float]

    @property
    def scaled(self) -> bool:
        return self.name.startswith("scaled")

    @classmethod
    def of(cls, name: str, matrix: Matrix, people: People) -> _Form:
        distinct, codes = np.unique(matrix, axis=0, return_inverse=True)
        counts = held_by(codes.ravel(), len(distinct), people.groups)
        few: list[frozenset[float]] = []
        middles: set[float] = set()
        for column in matrix.T:
            there = ~np.isnan(column)
            values, alike = np.unique(column[there], return_inverse=True)
            own = None if people.groups is None else people.groups[there]
            rare = held_by(alike.ravel(), len(values), own) < people.least
            step = unit(*(bounds(column.astype(np.float64), people.least, people.groups) or (0, 0)))
            exact = values.astype(np.float64)
            few.append(frozenset(v for v in exact[rare].tolist() if not _is_round(v, step)))
            between = (exact[1:] + exact[:-1]) / 2
            middles |= set(between[rare[1:] | rare[:-1]].astype(np.float32).tolist())
        rows = frozenset(row.tobytes() for row in distinct[counts < people.least] + np.float32(0))
        telling = frozenset(v for values in few for v in values if digits(v) >= TELLING)
        return cls(name, matrix.shape[1], rows, tuple(few), telling, frozenset(middles))


def _is_round(value: float, step: float) -> bool:
    """Whether a number of the matrix, a float32, is a multiple of ``step`` written as one."""
    return bool(step) and float(np.float32(rounded(value, step))) == value


def _told_by(values: Floats, forms: Sequence[_Form], people: People) -> Iterator[str]:
    narrow = values.astype(np.float32) + np.float32(0)
    flat = narrow.ravel()
    for form in forms:
        for rows in _as_rows(narrow, form.width):
            hits = sum(row.tobytes() in form.rows for row in rows)
            if hits and form.width > 1:
                yield f"{hits} of {len(rows)} rows are rows of the table ({form.name})"
        if flat.size == form.width and not form.scaled:
            hits = sum(v in few for v, few in zip(flat.tolist(), form.few, strict=True))
            if hits:
                yield f"{hits} of {flat.size} are values of their column that few hold ({form.name})"
        in_order = flat.size >= _BINS and bool((np.diff(flat) > 0).all())
        hits = sum(value in form.middles for value in flat.tolist()) if in_order else 0
        if hits >= _BINS_SHARE * flat.size and hits > 2:
            yield f"{hits} of {flat.size} are midpoints of neighbouring values ({form.name})"
        # What was scaled is a number like any other: only whole rows of it tell of somebody.
        hits = 0 if form.scaled else sum(v in form.telling for v in flat.tolist())
        if hits and hits >= _SHARE * flat.size:
            yield f"{hits} of {flat.size} numbers are values that few hold ({form.name})"
    hits = sum(value in people.numbers for value in flat.tolist())
    if hits and hits >= _SHARE * flat.size:
        yield f"{hits} of {flat.size} numbers are values that few hold"


def _as_rows(values: npt.NDArray[np.float32], width: int) -> Iterator[npt.NDArray[np.float32]]:
    """An array as rows of a width: as it is, turned, and as a graph writes it, one after another."""
    if values.ndim == 2:
        if values.shape[1] == width:
            yield np.ascontiguousarray(values)
        if values.shape[0] == width:
            yield np.ascontiguousarray(values.T)
    elif values.size % width == 0 and values.size > width:
        yield values.reshape(-1, width)

"""Which rows are held out, and which rows make a fold.

A row is drawn by a digest of its raw record: the texts of all its columns in the CSV. So no edit
of the configuration moves a row, nor does sorting, and rows that are added move next to none. What
must not be divided is one unit: a group, a moment, or the copies of one record. What is held out
and the folds are made of whole units, stratified by class.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Literal

import numpy as np
import numpy.typing as npt

from classification_model.errors import DataError
from classification_model.processing.arrays import Indices

__all__ = [
    "FEWEST_OF_A_CLASS",
    "Copies",
    "Digests",
    "Fold",
    "Units",
    "folds",
    "group_units",
    "hold_out",
    "record_digests",
    "record_units",
    "row_units",
    "sample",
    "smallest_class",
    "time_units",
]

Copies = Literal["together", "apart"]
Digests = npt.NDArray[np.uint64]
Fold = tuple[Indices, Indices]
"""The positions of the rows to fit on, and of those to answer."""

FEWEST_OF_A_CLASS = 100
"""So many rows of a rare class a sample keeps."""

_BETWEEN_CELLS = "\x1f"
_LEAST_TRAINED_ON = 2
"""How many units of a class stay for training: with one, a fold would be without the class."""


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is held out, or trained on, as a whole.

    Attributes:
        of_row: the unit of each row, shape ``(rows,)``.
        order: what units are drawn by, shape ``(units,)``, the smallest first: a digest, or with
            ``by_time`` the moment, the newest first.
        by_time: whether folds look forward only.
        repeats: how many rows repeat an earlier one.
        copies: whether equal records stay together, where there are any.
    """

    of_row: Indices
    order: npt.NDArray[np.uint64] | npt.NDArray[np.float64]
    by_time: bool = False
    repeats: int = 0
    copies: Copies = "together"

    @property
    def sizes(self) -> Indices:
        """The rows of each unit."""
        return np.bincount(self.of_row, minlength=len(self.order))

    def take(self, rows: Indices) -> Units:
        """The units of some rows alone."""
        kept, of_row = np.unique(self.of_row[rows], return_inverse=True)
        return replace(self, of_row=of_row, order=self.order[kept])


def record_digests(columns: Sequence[Sequence[str]], seed: int) -> Digests:
    """Return a digest of each row's record, shape ``(rows,)``.

    Args:
        columns: the texts of every column of the CSV, by column, in an order that does not
            depend on the configuration.
        seed: another seed draws other rows.
    """
    key, join = str(seed).encode(), _BETWEEN_CELLS.join
    return np.frombuffer(
        b"".join(
            blake2b(join(cells).encode(), digest_size=8, key=key).digest()
            for cells in zip(*columns, strict=True)
        ),
        "<u8",
    ).astype(np.uint64)


def record_units(digests: Digests, *, copies: Copies | None = None) -> Units:
    """Return one unit for each record.

    Where most distinct records occur once, copies are one observation that was imported twice:
    they are one unit. Where repeats are the rule, they are different observations that look
    alike: they are numbered, and each is a unit.

    Args:
        digests: see :func:`record_digests`.
        copies: overrules what is found.
    """
    distinct, of_row, counts = np.unique(digests, return_inverse=True, return_counts=True)
    if copies is None:
        copies = "together" if 2 * (counts == 1).sum() > len(distinct) else "apart"
    repeats = len(digests) - len(distinct)
    if copies == "together":
        return Units(of_row, distinct, repeats=repeats, copies=copies)
    own = _mixed(digests, _copy_numbers(of_row, counts))
    return Units(np.arange(len(own)), own, repeats=repeats, copies=copies)


def row_units(rows: int, seed: int) -> Units:
    """Return one unit for each row, drawn by its place: for rows without a record."""
    places = np.arange(rows)
    return Units(places, _mixed(places.astype(np.uint64), seed + 1))


def group_units(records: Units, groups: Sequence[str | None], *, seed: int) -> Units:
    """Return one unit for each group; a row without a group keeps the unit of its record."""
    digests = records.order[records.of_row].astype(np.uint64)
    known = np.array([group is not None for group in groups], np.bool_)
    digests[known] = record_digests([[group for group in groups if group is not None]], seed)
    order, of_row = np.unique(digests, return_inverse=True)
    return replace(records, of_row=of_row, order=order)


def time_units(
    records: Units, moments: npt.NDArray[np.float64], *, column: str, lines: Sequence[int]
) -> Units:
    """Return one unit for each moment, whatever its scale; ``NaN`` is a missing one.

    Raises:
        DataError: a row has no moment; ``column`` and its line in the CSV are named.
    """
    missing = np.flatnonzero(np.isnan(moments))
    if len(missing):
        more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DataError(
            f"line {lines[missing[0]]}{more}: no {column!r}, by which rows are held out; "
            "fill it in, remove the row, or change split in config.yml"
        )
    order, of_row = np.unique(-moments, return_inverse=True)
    return replace(records, of_row=of_row, order=order, by_time=True)


def smallest_class(test_size: float) -> int:
    """How many rows a class needs, to have one held out and two to train on."""
    return math.ceil(round(max(1 / test_size, _LEAST_TRAINED_ON / (1 - test_size)), 9))


def hold_out(units: Units, labels: Sequence[object], test_size: float) -> npt.NDArray[np.bool_]:
    """Say of each row whether it is held out: a share ``test_size`` of each class.

    By time these are the newest rows, whatever their class.

    Raises:
        DataError: a class is not in both parts.
    """
    held = _drawn(units, labels, test_size)
    _check_both_parts(units, _codes(labels), held, labels)
    return held[units.of_row]


def sample(units: Units, labels: Sequence[object], rows: int) -> npt.NDArray[np.bool_]:
    """Say of each row whether it is among about ``rows``: of each class its share.

    Units stay whole, and a class keeps :data:`FEWEST_OF_A_CLASS` rows where it has them. By time
    these are the newest rows.
    """
    return _drawn(units, labels, rows / len(labels), FEWEST_OF_A_CLASS)[units.of_row]


def _drawn(
    units: Units, labels: Sequence[object], share: float, least: int = 0
) -> npt.NDArray[np.bool_]:
    """Say of each unit whether it is among the first of its stratum, a share of the rows."""
    strata = _strata(units, _codes(labels))
    order = np.lexsort((units.order, strata))
    sizes, stratum = units.sizes[order], strata[order]
    rows = np.bincount(stratum, weights=sizes)
    end = np.cumsum(sizes) - (np.cumsum(rows) - rows)[stratum]
    drawn = np.empty(len(order), np.bool_)
    drawn[order] = end - sizes / 2 < np.maximum(share * rows, least)[stratum]
    return drawn


def folds(units: Units, labels: Sequence[object], *, count: int, repeat: int = 0) -> list[Fold]:
    """Divide rows into folds for cross-validation, stratified, no unit in two of them.

    By time, each fold is fitted on what is older than the rows that it answers, and the oldest
    rows are answered by none.

    Args:
        units: those of the rows to divide.
        labels: their classes.
        count: how many folds at most; a class that fewer units have makes them fewer.
        repeat: another number gives other folds; it changes nothing by time.

    Raises:
        DataError: no fold has every class to learn from.
    """
    codes = _codes(labels)
    parts = _by_time(units, count) if units.by_time else _divided(units, codes, count, repeat)
    classes = len(np.unique(codes))
    whole = [
        (train, test)
        for train, test in parts
        if len(test) and len(np.unique(codes[train])) == classes
    ]
    if len(whole) < (1 if units.by_time else 2):
        rarest = int(np.bincount(codes).argmin())
        label = labels[int((codes == rarest).argmax())]
        raise DataError(
            f"cross-validation: class {label!r} has too few "
            f"{'moments' if units.by_time else 'records or groups'} to learn from in every fold; "
            "add rows, remove the class, or change split in config.yml"
        )
    return whole


def _copy_numbers(of_row: Indices, counts: Indices) -> Indices:
    """Number the rows of each record from 0, in the order of the file."""
    order = np.argsort(of_row, kind="stable")
    numbers = np.empty(len(order), np.intp)
    numbers[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return numbers


def _mixed(digests: Digests, numbers: Indices | int) -> Digests:
    """Another digest for each number, by the finalizer of SplitMix64 (Steele et al. 2014)."""
    mixed = digests + np.asarray(numbers, np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: Digests = mixed ^ (mixed >> np.uint64(31))
    return result


def _codes(labels: Sequence[object]) -> Indices:
    codes: Indices = np.unique([str(label) for label in labels], return_inverse=True)[1]
    return codes


def _strata(units: Units, codes: Indices) -> Indices:
    """The rarest class that each unit holds; by time all units are one stratum."""
    if units.by_time:
        return np.zeros(len(units.order), np.intp)
    counts = np.bincount(codes)
    rank = np.empty(len(counts), np.intp)
    rank[np.argsort(counts, kind="stable")] = np.arange(len(counts))
    strata = np.full(len(units.order), len(counts), np.intp)
    np.minimum.at(strata, units.of_row, rank[codes])
    return strata


def _check_both_parts(
    units: Units, codes: Indices, held: npt.NDArray[np.bool_], labels: Sequence[object]
) -> None:
    for code in range(codes.max() + 1):
        rows = np.flatnonzero(codes == code)
        of_class = held[np.unique(units.of_row[rows])]
        out, kept = int(of_class.sum()), int((~of_class).sum())
        if not out or kept < (1 if units.by_time else _LEAST_TRAINED_ON):
            what = "moment(s)" if units.by_time else "record(s) or group(s) of their own"
            raise DataError(
                f"class {labels[int(rows[0])]!r} has {len(rows)} row(s) in {out + kept} {what}, of "
                f"which {out} would be held out and {kept} trained on; add rows, remove the class, "
                "or change test_size or split in config.yml"
            )


def _divided(units: Units, codes: Indices, count: int, repeat: int) -> list[Fold]:
    """Deal the units of each stratum out, the largest first, in the order of their digests."""
    pairs = np.unique(codes * len(units.order) + units.of_row)  # each class with its units
    count = min(count, int(np.bincount(pairs // len(units.order)).min()))
    digests = _mixed(units.order.astype(np.uint64), repeat + 1)
    dealt = np.lexsort((digests, -units.sizes, _strata(units, codes)))
    fold = np.empty(len(dealt), np.intp)
    fold[dealt] = np.arange(len(dealt)) % max(count, 1)
    of_row = fold[units.of_row]
    return [(np.flatnonzero(of_row != k), np.flatnonzero(of_row == k)) for k in range(count)]


def _by_time(units: Units, count: int) -> list[Fold]:
    """Cut the rows into blocks, the oldest first; fit on all that is before a block."""
    sizes = units.sizes[::-1]  # units are ordered from the newest
    middle = np.cumsum(sizes) - sizes / 2
    block = (middle * (count + 1) / len(units.of_row)).astype(np.intp)[::-1]
    of_row = block[units.of_row]
    return [(np.flatnonzero(of_row < k), np.flatnonzero(of_row == k)) for k in range(1, count + 1)]

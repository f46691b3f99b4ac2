"""Which rows are held out: by their raw record, whatever is configured, sorted or added."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model.errors import DataError
from classification_model.processing.splitting import (
    Copies,
    Units,
    folds,
    group_units,
    hold_out,
    record_digests,
    record_units,
    smallest_class,
    time_units,
)

Row = tuple[str, ...]

# The passengers of the Titanic (Dawson 1995): class, sex, age, and how many died and survived.
TITANIC = {
    ("1", "m", "child"): (0, 5), ("1", "f", "child"): (0, 1),
    ("2", "m", "child"): (0, 11), ("2", "f", "child"): (0, 13),
    ("3", "m", "child"): (35, 13), ("3", "f", "child"): (17, 14),
    ("1", "m", "adult"): (118, 57), ("1", "f", "adult"): (4, 140),
    ("2", "m", "adult"): (154, 14), ("2", "f", "adult"): (13, 80),
    ("3", "m", "adult"): (387, 75), ("3", "f", "adult"): (89, 76),
    ("crew", "m", "adult"): (670, 192), ("crew", "f", "adult"): (3, 20),
}  # fmt: skip

seeds = st.integers(0, 2**32 - 1)
numbers = st.lists(st.integers(0, 10**6), unique=True, min_size=20, max_size=80)


def rows_of(numbers: Sequence[int]) -> list[Row]:
    """Records that all differ, of two classes; the class is the last cell."""
    return [(str(n), f"x{n % 7}", "yes" if i % 3 else "no") for i, n in enumerate(numbers)]


def columns_of(rows: Sequence[Row]) -> list[list[str]]:
    return [list(column) for column in zip(*rows, strict=True)]


def units_of(rows: Sequence[Row], seed: int = 0, copies: Copies | None = None) -> Units:
    return record_units(record_digests(columns_of(rows), seed), copies=copies)


def labels_of(rows: Sequence[Row]) -> list[str]:
    return [row[-1] for row in rows]


def held_out_of(
    rows: Sequence[Row], seed: int = 0, copies: Copies | None = None
) -> npt.NDArray[np.bool_]:
    return hold_out(units_of(rows, seed, copies), labels_of(rows), 0.25)


def chosen(rows: Sequence[Row], mask: npt.NDArray[np.bool_]) -> Counter[Row]:
    return Counter(row for row, held in zip(rows, mask, strict=True) if held)


@given(numbers, seeds)
def test_a_quarter_of_each_class_is_held_out(numbers: list[int], seed: int) -> None:
    rows = rows_of(numbers)
    held = chosen(rows, held_out_of(rows, seed))
    for label, count in Counter(labels_of(rows)).items():
        found = sum(n for row, n in held.items() if row[-1] == label)
        assert abs(found - count / 4) <= 0.5


@given(numbers, seeds, st.randoms(use_true_random=False), st.sampled_from(["together", "apart"]))
def test_sorting_moves_no_row(
    numbers: list[int], seed: int, random: object, copies: Copies
) -> None:
    rows = rows_of(numbers) + rows_of(numbers)[::3]
    mixed = list(rows)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    before = chosen(rows, held_out_of(rows, seed, copies))
    assert chosen(mixed, held_out_of(mixed, seed, copies)) == before


@given(numbers, seeds, st.integers(1, 8))
def test_added_rows_move_next_to_none(numbers: list[int], seed: int, added: int) -> None:
    rows = rows_of(numbers)
    more = [*rows, *((f"new {i}", "x", "yes") for i in range(added))]
    before, after = held_out_of(rows, seed), held_out_of(more, seed)[: len(rows)]
    assert (before != after).sum() <= added


def test_a_tenth_more_rows_move_fewer_than_one_in_a_hundred() -> None:
    rows, more = rows_of(range(4000)), rows_of(range(4400))
    assert (held_out_of(rows) != held_out_of(more)[:4000]).mean() < 0.01


@given(numbers, seeds)
def test_copies_of_a_duplicate_import_stay_on_one_side_and_in_one_fold(
    numbers: list[int], seed: int
) -> None:
    rows = rows_of(numbers) + rows_of(numbers)[: len(numbers) // 3]
    units = units_of(rows, seed)
    assert (units.copies, units.repeats) == ("together", len(numbers) // 3)
    held = hold_out(units, labels_of(rows), 0.25)
    side: dict[Row, bool] = {}
    for row, is_held in zip(rows, held, strict=True):
        assert side.setdefault(row, is_held) == is_held
    kept = np.flatnonzero(~held)
    labels = [rows[i][-1] for i in kept]
    for train, test in folds(units.take(kept), labels, count=5):
        assert not {rows[kept[i]] for i in train} & {rows[kept[i]] for i in test}


@given(seeds)
def test_copies_are_drawn_one_by_one_where_repeats_are_the_rule(seed: int) -> None:
    rows = [(str(i % 4), "yes" if i % 8 < 4 else "no") for i in range(400)]
    units = units_of(rows, seed)
    assert (units.copies, units.repeats) == ("apart", 392)
    held = chosen(rows, hold_out(units, labels_of(rows), 0.25))
    assert len(held) == 8
    assert max(held.values()) < 50


def test_what_is_said_of_copies_overrules_what_is_found() -> None:
    rows: list[Row] = [(str(i % 40), "yes" if i % 2 else "no") for i in range(400)]
    assert units_of(rows).copies == "apart"
    held = held_out_of(rows, copies="together")
    assert set(chosen(rows, held).values()) == {10}
    rows = rows_of(range(40)) + rows_of(range(40))[:10]
    assert units_of(rows).copies == "together"
    assert len(units_of(rows, copies="apart").order) == 50


def spread(copies: Copies | None) -> float:
    """How far the held-out rows of equal records are from a random stratified split.

    The mean, over 60 seeds and all records, of the squared distance between how often a record
    was held out and how often it is expected, in units of the hypergeometric variance: 1 for a
    random stratified split.
    """
    rows = [
        (*who, label)
        for who, counts in TITANIC.items()
        for label, count in zip(("no", "yes"), counts, strict=True)
        for _ in range(count)
    ]
    assert len(rows) == 2201
    classes, records = Counter(labels_of(rows)), Counter(rows)
    squares = []
    for seed in range(60):
        mask = held_out_of(rows, seed, copies)
        held, drawn = chosen(rows, mask), Counter(row[-1] for row in chosen(rows, mask).elements())
        for row, count in records.items():
            size, share = classes[row[-1]], drawn[row[-1]] / classes[row[-1]]
            expected = count * share
            variance = expected * (1 - share) * (size - count) / (size - 1)
            squares.append((held[row] - expected) ** 2 / variance)
    return float(np.mean(squares))


def test_class_shares_within_equal_rows_are_those_of_a_random_stratified_split() -> None:
    # 60 seeds x 25 records: the mean of 1,500 squares has a standard error of about 0.04.
    assert abs(spread(None) - 1) < 0.15


def test_that_law_fails_where_all_copies_of_a_row_go_to_one_side() -> None:
    assert spread("together") > 10


@given(numbers, seeds)
def test_the_rows_of_a_group_are_on_one_side_and_in_one_fold(numbers: list[int], seed: int) -> None:
    rows = rows_of(numbers)
    groups = [None if n % 5 == 0 else f"customer {n % 30}" for n in numbers]
    units = group_units(units_of(rows, seed), groups, seed=seed)
    try:
        held = hold_out(units, labels_of(rows), 0.25)
        kept = np.flatnonzero(~held)
        parts = folds(units.take(kept), [rows[i][-1] for i in kept], count=4)
    except DataError:  # too few groups of a class, which a message says
        return
    known = [i for i, group in enumerate(groups) if group is not None]
    assert not {groups[i] for i in known if held[i]} & {groups[i] for i in known if not held[i]}
    for train, test in parts:
        mine = {groups[kept[i]] for i in train} - {None}
        assert not mine & {groups[kept[i]] for i in test}


def test_a_row_without_a_group_is_one_of_its_own() -> None:
    rows = rows_of(range(100))
    units = group_units(units_of(rows), [None] * 100, seed=0)
    assert len(units.order) == 100
    assert (hold_out(units, labels_of(rows), 0.25) == held_out_of(rows)).all()


def test_groups_leave_the_share_and_the_classes_nearly_even() -> None:
    random = np.random.default_rng(0)
    groups = random.integers(0, 400, 4000)
    rows = [
        (str(i), f"g{g}", "rare" if random.random() < 0.05 else "usual")
        for i, g in enumerate(groups)
    ]
    units = group_units(units_of(rows), [row[1] for row in rows], seed=0)
    held = hold_out(units, labels_of(rows), 0.25)
    assert abs(held.mean() - 0.25) < 0.02
    rare = np.array([row[-1] == "rare" for row in rows])
    assert abs(held[rare].mean() - 0.25) < 0.08


def dated(days: Sequence[float]) -> tuple[list[Row], Units]:
    rows: list[Row] = [(str(i), "yes" if i % 2 else "no") for i in range(len(days))]
    records = units_of(rows)
    lines = range(2, len(rows) + 2)
    return rows, time_units(records, np.array(days), column="day", lines=lines)


@given(st.lists(st.integers(0, 50), min_size=60, max_size=120), seeds)
def test_by_time_the_newest_are_held_out_and_folds_look_forward_only(
    days: list[int], seed: int
) -> None:
    rows, units = dated(days)
    try:
        held = hold_out(units, labels_of(rows), 0.25)
        kept = np.flatnonzero(~held)
        parts = folds(units.take(kept), [rows[i][-1] for i in kept], count=4)
    except DataError:  # too few moments, which a message says
        return
    when = np.array(days)
    assert when[held].min() > when[~held].max()
    for train, test in parts:
        assert when[kept][train].max() < when[kept][test].min()


def test_a_row_without_its_time_is_an_error_by_line() -> None:
    with pytest.raises(DataError, match=r"line 4, and 1 more: no 'day'"):
        dated([1.0, 2.0, float("nan"), 4.0, float("nan")])


@given(numbers, seeds)
def test_folds_hold_each_row_once_and_each_class_evenly(numbers: list[int], seed: int) -> None:
    rows = rows_of(numbers)
    labels = labels_of(rows)
    parts = folds(units_of(rows, seed), labels, count=5)
    answered = np.concatenate([test for _, test in parts])
    assert sorted(answered) == list(range(len(rows)))
    for train, test in parts:
        assert sorted([*train, *test]) == list(range(len(rows)))
        for label, count in Counter(labels).items():
            assert abs(sum(labels[i] == label for i in test) - count / 5) < 1


def test_another_repeat_gives_other_folds() -> None:
    rows = rows_of(range(60))
    first, second = (
        folds(units_of(rows), labels_of(rows), count=5, repeat=repeat)[0][1] for repeat in (0, 1)
    )
    assert set(first) != set(second)


@pytest.mark.parametrize("test_size", [0.1, 0.25, 0.5, 0.75, 0.9])
def test_the_smallest_class_that_is_allowed_can_be_split_and_cross_validated(
    test_size: float,
) -> None:
    small = smallest_class(test_size)
    rows = [(str(i), "small") for i in range(small)] + [(str(i), "large") for i in range(200)]
    units = units_of(rows)
    held = hold_out(units, labels_of(rows), test_size)
    kept = np.flatnonzero(~held)
    assert len(folds(units.take(kept), [rows[i][-1] for i in kept], count=5)) >= 2


def test_a_class_of_one_record_repeated_cannot_be_divided_and_says_so() -> None:
    rows = rows_of(range(100)) + [("same", "x", "odd")] * 8
    with pytest.raises(DataError, match=r"class 'odd' has 8 row\(s\) in 1 record"):
        held_out_of(rows)

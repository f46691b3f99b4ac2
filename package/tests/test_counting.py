"""Served values in the bins of the training: the same as of a file, in windows, in fixed memory."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_drift import reference_of, rows

from classification_model.config.schema import Column, RowSchema
from classification_model.monitoring.counting import BLOCK, DAYS, Counting
from classification_model.monitoring.reference import Bins, placer
from classification_model.monitoring.watch import Window, report
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.typed_columns import TypedColumn

TODAY = datetime(2026, 1, 31, tzinfo=UTC).date()
CLASSES = ["x", "y"]


@pytest.fixture(scope="module")
def bins() -> tuple[Bins, ...]:
    return reference_of(1300, np.random.default_rng(0))


def values(columns: Mapping[str, TypedColumn]) -> dict[str, list[Any]]:
    return {name: column.each() for name, column in columns.items()}


def counted(counting: Counting, size: int, seed: int) -> tuple[dict[str, TypedColumn], Any]:
    """Count so many rows, and give them back."""
    columns, scores = rows(size, np.random.default_rng(seed))
    counting.add(values(columns), scores, scores.argmax(axis=1), TODAY)
    return columns, scores


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_many_values_are_placed_as_each_is_alone(
    bins: tuple[Bins, ...], data: st.DataObject
) -> None:
    one = data.draw(st.sampled_from(bins))
    numbers = st.none() | st.floats(allow_nan=False, width=32) | st.integers(-99, 99)
    some = (
        numbers
        if one.categories is None
        else st.none() | st.sampled_from([*one.categories, "never seen"])
    )
    drawn = data.draw(st.lists(some, max_size=20))
    assert placer(one)(drawn).tolist() == [one.place(value) for value in drawn]


@pytest.mark.parametrize("sizes", [[1] * 250, [7, 93, 100, 1, 512, 287], [2500]])
def test_rows_are_counted_as_those_of_a_file(bins: tuple[Bins, ...], sizes: list[int]) -> None:
    counting, window = Counting(bins, CLASSES), Window(bins)
    for i, size in enumerate(sizes):
        columns, scores = counted(counting, size, seed=i)
        window.add(columns, scores, CLASSES)
    found = counting.window(10_000)
    assert found.rows == window.rows == counting.rows
    assert found.sure == pytest.approx(window.sure)
    for name, expected in window.counts.items():
        assert found.counts[name].tolist() == expected.tolist()
        assert counting.by_column(counting.total)[name].tolist() == expected.tolist()
        assert counting.of_day(TODAY).counts[name].tolist() == expected.tolist()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=40))
def test_a_window_holds_the_newest_rows_and_at_most_a_block_more(
    bins: tuple[Bins, ...], sizes: list[int]
) -> None:
    counting = Counting(bins, CLASSES)
    for size in sizes:
        counted(counting, size, seed=size)
    for wanted in (1_000, 10_000):
        found = counting.window(wanted)
        assert min(sum(sizes), wanted) <= found.rows < wanted + BLOCK
        assert all(counts.sum() == found.rows for counts in found.counts.values())


def test_only_the_newest_days_are_kept(bins: tuple[Bins, ...]) -> None:
    counting = Counting(bins, CLASSES)
    columns, scores = rows(3, np.random.default_rng(0))
    for day in range(DAYS + 5):
        at = TODAY + timedelta(day)
        counting.add(values(columns), scores, scores.argmax(axis=1), at)
    assert len(counting.days) == DAYS
    assert counting.days[0] == TODAY + timedelta(5)


def test_a_hundred_columns_take_less_than_5_mb_however_many_rows_come() -> None:
    """Half of them numbers, half categories of forty words: more bins than most have."""
    names = [f"c{i}" for i in range(100)]
    words = {f"w{k}": 10 for k in range(40)}
    seen = ColumnProfile(minimum=0, maximum=10, edges=tuple(range(1, 10)), counts=(40,) * 10)
    profile = Profile(
        rows=400,
        classes=(("x", 200), ("y", 200)),
        columns={
            n: seen if i % 2 else ColumnProfile(categories=words) for i, n in enumerate(names)
        },
    )
    from classification_model.monitoring.reference import reference

    schema = RowSchema(
        columns={n: Column(kind="number" if i % 2 else "category") for i, n in enumerate(names)}
    )
    bins = reference(profile, schema, {}, min_rows=5)
    scores = np.full((500, 2), 0.5)
    batch: dict[str, list[Any]] = {
        n: [5.0] * 500 if i % 2 else ["w1"] * 500 for i, n in enumerate(names)
    }
    tracemalloc.start()
    try:
        counting = Counting(bins, CLASSES)
        for day in range(40):
            at = TODAY + timedelta(day)
            counting.add(batch, scores, np.zeros(500, np.int64), at)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counting.rows == 20_000
    assert held < 5_000_000


def test_windows_of_a_thousand_rows_without_drift_alarm_in_one_of_a_hundred() -> None:
    """As the service counts them: in batches of any size, by blocks, from one stream of rows."""
    random = np.random.default_rng(1)
    windows = alarms = 0
    while windows < 240:
        counting = Counting(reference_of(1300, random), CLASSES)
        for _ in range(4):
            left = 1_000
            while left:
                size = min(left, int(random.integers(1, 400)))
                columns, scores = rows(size, random)
                counting.add(values(columns), scores, scores.argmax(axis=1), TODAY)
                left -= size
            found = report(counting.window(1_000), 1300)
            assert found.rows == 1_000
            alarms += bool(found.drifted)
            windows += 1
    assert alarms / windows <= 0.01 + 2.33 * math.sqrt(0.01 * 0.99 / windows)

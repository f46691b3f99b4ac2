"""The rule of few rows: what it publishes does not depend on what fewer than five rows hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from classification_model.errors import DataError
from classification_model.processing import few_rows

LEAST = 5

numbers = st.floats(-1e6, 1e6, allow_subnormal=False)
tables = st.lists(st.tuples(numbers, st.integers(0, 12)), min_size=2 * LEAST, max_size=60)


def bounds(values: list[float], groups: list[int] | None = None) -> tuple[float, float] | None:
    return few_rows.bounds(
        np.array(values), LEAST, None if groups is None else np.array(groups, int)
    )


@given(st.lists(numbers, min_size=2 * LEAST, max_size=60))
def test_bounds_enclose_the_fifth_smallest_and_largest(values: list[float]) -> None:
    low, high = bounds(values) or (0, 0)
    in_order = sorted(values)
    assert low <= in_order[LEAST - 1]
    assert high >= in_order[-LEAST]


@given(st.lists(numbers, min_size=2 * LEAST, max_size=60), st.data())
def test_bounds_know_nothing_of_the_four_most_extreme(
    values: list[float], data: st.DataObject
) -> None:
    in_order = sorted(values)
    beyond = data.draw(st.lists(st.floats(0, 1e9), min_size=LEAST - 1, max_size=LEAST - 1))
    moved = [
        *in_order[: 1 - LEAST],
        *(value + far for value, far in zip(in_order[1 - LEAST :], beyond, strict=True)),
    ]
    assert bounds(moved) == bounds(values)
    assert bounds([-value for value in moved]) == bounds([-value for value in values])


@given(tables)
def test_one_group_moves_no_bound_however_many_rows_it_has(rows: list[tuple[float, int]]) -> None:
    values, groups = map(list, zip(*rows, strict=True))
    assume(len(set(groups)) >= LEAST)
    one = max(range(len(values)), key=lambda i: values[i])
    assert bounds(values + [values[one]] * 9, groups + [groups[one]] * 9) == bounds(values, groups)


def test_bounds_have_two_significant_digits() -> None:
    assert bounds([*range(1, 999), 98_300]) == (0, 1000)
    assert bounds([6.83] * 9 + [78.2] * 9) == (6, 79)
    assert bounds([123_456.0] * 9) == (120_000, 130_000)
    incomes = [21_340.0 + 731 * i for i in range(100)]
    assert bounds(incomes) == (24_000, 91_000)


def test_years_stay_years_though_they_have_four_digits() -> None:
    assert bounds([float(year) for year in range(1931, 2005)]) == (1935, 2000)


anything = st.one_of(
    st.floats(-1e30, 1e30, allow_subnormal=False),
    st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False),
    st.decimals(-(10**9), 10**9, places=3).map(float),
    st.integers(-(10**12), 10**12).map(float),
)


@given(st.lists(anything), st.integers(-8, 6))
def test_many_numbers_are_rounded_as_each_is_alone(values: list[float], exponent: int) -> None:
    step = float(f"1e{exponent}")
    found = few_rows.rounded_each(np.array(values), step).tolist()
    assert found == [few_rows.rounded(value, step) for value in values]


@given(st.lists(anything.filter(lambda value: value == 0 or abs(value) > 1e-200)))
def test_digits_are_those_that_one_would_write(values: list[float]) -> None:
    def written(value: float) -> int:
        return sum(c.isdigit() for c in f"{value:.5e}".partition("e")[0].rstrip("0."))

    def is_a_tie(value: float) -> bool:
        tenfold = float(f"{value:.15e}".partition("e")[0]) * 10**5
        return abs(tenfold % 1 - 0.5) < 1e-6

    some = [value for value in values if not is_a_tie(value)]
    assert few_rows.digits(np.array(some)).tolist() == [*map(written, some)]


def test_without_five_numbers_there_are_no_bounds() -> None:
    assert bounds([1.0, 2.0, 3.0, 4.0, np.nan, np.nan]) is None
    assert bounds([1.0] * 20, [3] * 20) is None


@given(st.lists(st.sampled_from("abcdefgh"), max_size=60))
def test_renaming_what_few_hold_changes_nothing(cells: list[str]) -> None:
    rare = {cell for cell in cells if cells.count(cell) < LEAST}
    renamed = [f"somebody else's {cell}" if cell in rare else cell for cell in cells]
    assert shared(renamed) == shared(cells)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=60))
def test_a_category_is_shared_by_five_groups(rows: list[tuple[str, int]]) -> None:
    found = shared([cell for cell, _ in rows], [group for _, group in rows])
    assert found == [c for c in "abc" if len({g for cell, g in rows if cell == c}) >= LEAST]


def shared(cells: list[str], groups: list[int] | None = None) -> list[str]:
    values = sorted(set(cells))
    codes = np.array([values.index(cell) for cell in cells], np.int64)
    return few_rows.shared(codes, values, LEAST, None if groups is None else np.array(groups, int))


def test_an_email_is_an_identifier_although_each_person_has_four_rows() -> None:
    codes, people = np.repeat(np.arange(150), 4), np.repeat(np.arange(150), 4)
    values = [f"{i}@example.org" for i in range(150)]
    assert few_rows.mostly_rare(codes, values, LEAST)
    assert few_rows.mostly_rare(codes, values, 2, people)
    assert not few_rows.mostly_rare(codes % 3, ["a", "b", "c"], LEAST, people)


@given(st.lists(numbers, min_size=2 * LEAST, max_size=60))
def test_an_edge_is_shared_or_rounded_and_within_the_bounds(values: list[float]) -> None:
    low, high = bounds(values) or (0, 0)
    step = few_rows.unit(low, high)
    for edge in few_rows.edges(np.array(values), (0.25, 0.5, 0.75), LEAST):
        assert low <= edge <= high
        assert (
            values.count(edge) >= LEAST
            or edge in (low, high)
            or edge == few_rows.rounded(edge, step)
        )


@given(st.lists(st.integers(0, 9), min_size=1, max_size=9))
def test_a_level_that_few_hold_takes_the_nearest_that_many_hold(counts: list[int]) -> None:
    taken = few_rows.neighbours(counts, LEAST)
    assert taken == sorted(taken)  # the order stays
    if any(count >= LEAST for count in counts):
        assert all(counts[level] >= LEAST for level in taken)
    assert all(taken[i] == i for i, count in enumerate(counts) if count >= LEAST)


def test_a_word_is_counted_once_for_each_row_and_for_each_group() -> None:
    texts = [["a", "a", "b"], ["a"], ["b"]]
    assert few_rows.count_words(texts) == {"a": 2, "b": 2}
    assert few_rows.count_words(texts, np.array([1, 1, 2])) == {"a": 1, "b": 2}


def test_a_class_of_four_stops_training_and_says_the_ways_out() -> None:
    labels = ["well"] * 40 + ["ill"] * 4
    with pytest.raises(DataError, match=r"class 'ill' has 4 rows, fewer than the 5 .* min_rows"):
        few_rows.check_classes("state", labels, LEAST)
    few_rows.check_classes("state", labels, 4)
    with pytest.raises(DataError, match="has 1 group,"):
        few_rows.check_classes("state", labels, 4, np.array([*range(40), 99, 99, 99, 99]))


def test_a_row_without_a_group_is_one_of_its_own() -> None:
    assert few_rows.group_numbers(["a", None, "a", None]).tolist() == [0, 1, 0, 2]

"""What a feature knows of its column: nothing that fewer than five rows hold."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classification_model.config.schema import RowSchema
from classification_model.processing.columns import ColumnEncoder
from classification_model.processing.encoding import RowEncoder
from classification_model.processing.features import Feature
from classification_model.processing.published import with_bounds, with_categories
from classification_model.processing.typed_columns import UNKNOWN, TypedColumn

LEAST = 5
NUMBER = Feature(name="x", kind="number", inputs=("x",))
CATEGORY = Feature(name="x", kind="category", inputs=("x",))

numbers = st.floats(-1e6, 1e6, allow_subnormal=False) | st.none()
wild = st.floats(allow_nan=False, allow_infinity=False, width=32) | st.none()


def learned(cells: Sequence[float | None]) -> Feature:
    return with_bounds(NUMBER, np.array(cells, np.float64), LEAST)


def of_categories(cells: Sequence[str | None]) -> Feature:
    values = sorted(set(cells), key=str)
    codes = np.array([values.index(cell) for cell in cells], np.int64)
    return with_categories(CATEGORY, codes, values, LEAST)


def encoded(feature: Feature, cells: Sequence[float | str | None]) -> list[float]:
    rows = RowEncoder([feature]).encode([{"x": cell} for cell in cells])
    return [float(value) for value in rows[:, 0]]


@given(st.lists(numbers, min_size=1, max_size=60), st.lists(wild, min_size=1, max_size=20))
def test_rows_and_columns_are_clipped_to_the_same_bits(
    training: list[float | None], cells: list[float | None]
) -> None:
    feature = learned(training)
    by_rows = RowEncoder([feature]).encode([{"x": cell} for cell in cells])
    coded = TypedColumn(np.arange(len(cells)), list(cells))
    plain = TypedColumn(UNKNOWN, [], np.array(cells, np.float64))
    for column in (coded, plain):
        encoder = ColumnEncoder(RowSchema(columns={}), [feature])
        assert encoder.encode({"x": column}).tobytes() == by_rows.tobytes()


@given(
    st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=60),
    st.lists(st.sampled_from(["a", "b", "c", "new", None]), min_size=1, max_size=9),
)
def test_rows_and_columns_read_rare_categories_as_the_same_bits(
    training: list[str | None], cells: list[str | None]
) -> None:
    feature = of_categories(training)
    by_rows = RowEncoder([feature]).encode([{"x": cell} for cell in cells])
    column = TypedColumn(np.arange(len(cells)), list(cells))
    by_columns = ColumnEncoder(RowSchema(columns={}), [feature]).encode({"x": column})
    assert by_columns.tobytes() == by_rows.tobytes()


@given(st.lists(numbers, min_size=1, max_size=60))
def test_every_number_that_the_matrix_holds_at_its_ends_is_a_published_bound(
    cells: list[float | None],
) -> None:
    feature = learned(cells)
    low, high = feature.bounds or (0.0, 0.0)
    present = [value for value in encoded(feature, cells) if not math.isnan(value)]
    assert all(np.float32(low) <= value <= np.float32(high) for value in present)


def test_a_state_of_four_rows_is_read_as_the_columns_default() -> None:
    half = [1.0, 3.0] * 20
    assert encoded(learned([*half, *[None] * 4]), [None]) == encoded(learned(half), [1.0])
    assert math.isnan(encoded(learned([*half, *[None] * 5]), [None])[0])
    assert learned([None] * 50 + [7.0] * 4).bounds == (0.0, 0.0)


def test_a_true_that_four_rows_hold_is_read_as_false() -> None:
    answers = with_bounds(NUMBER, np.array([0.0] * 40 + [1.0] * 4), LEAST)
    assert encoded(answers, [True, False]) == [0.0, 0.0]


def test_an_other_of_four_rows_is_read_as_the_commonest_category() -> None:
    few = of_categories(["a"] * 30 + ["b"] * 9 + ["c"] * 4)
    assert encoded(few, ["c", "unknown", "a", None]) == [0.0, 0.0, 0.0, 0.0]
    enough = of_categories(["a"] * 30 + ["c"] * 3 + ["d"] * 3 + [None] * 5)
    assert enough.categories == ("a",)
    assert encoded(enough, ["c", "unknown"]) == [1.0, 1.0]
    assert math.isnan(encoded(enough, [None])[0])


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=12, max_size=60))
def test_whose_value_few_hold_cannot_be_told_from_whoever_has_another(
    cells: list[str | None],
) -> None:
    feature = of_categories(cells)
    for cell in set(cells) - {None}:
        if cells.count(cell) < LEAST:
            assert encoded(feature, [cell]) == encoded(feature, ["never seen"])

"""The profile: what training saw, said of whole columns as it would be counted by hand."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model import bundle
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.config.schema import Column, Kind, RowSchema
from classification_model.processing.data_manager import load_dataset
from classification_model.processing.few_rows import bounds
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.profiling import profile_of
from classification_model.processing.typed_columns import UNKNOWN, TypedColumn

VALUES: dict[Kind, st.SearchStrategy[Any]] = {
    "integer": st.integers(-9, 9),
    "number": st.floats(-1e9, 1e9) | st.integers(-3, 3).map(float),
    "boolean": st.booleans(),
    "category": st.sampled_from(["a", "b", "Ä", ""]),
    "date": st.dates(date(2024, 1, 1), date(2024, 1, 5)),
    "raw": st.text(max_size=2),
}


def profiled(kind: Kind, column: TypedColumn) -> ColumnProfile:
    schema = RowSchema(columns={"x": Column(kind=kind)})
    return profile_of(schema, {"x": column}, ["p"] * len(column), min_rows=1).columns["x"]


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_of_a_column_that_few_have_a_value_in_nothing_is_said(
    kind: Kind, data: st.DataObject
) -> None:
    few = data.draw(st.lists(VALUES[kind], min_size=1, max_size=4))
    column = TypedColumn.of([*few, *[None] * 30])
    schema = RowSchema(columns={"x": Column(kind=kind)})
    found = profile_of(schema, {"x": column}, ["p"] * len(column), min_rows=5).columns["x"]
    assert found.missing == len(column)
    assert (found.counts, found.categories) == ((), {})
    assert (found.minimum, found.maximum, found.earliest, found.latest) == (None,) * 4


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_a_column_is_what_its_values_are_one_by_one(kind: Kind, data: st.DataObject) -> None:
    values = data.draw(st.lists(st.none() | VALUES[kind], min_size=1, max_size=30))
    known = [value for value in values if value is not None]
    found = profiled(kind, TypedColumn.of(values))
    assert found.missing == len(values) - len(known)
    counts = Counter(known) if kind == "category" else {}
    assert found.categories == counts
    assert [*found.categories] == sorted(counts)
    if not known:
        assert found == ColumnProfile(missing=len(values))
    elif kind in ("integer", "number"):
        assert found.minimum is not None
        assert found.maximum is not None
        assert found.minimum <= min(known)  # rounded outward
        assert found.maximum >= max(known)
        assert found.minimum <= found.example <= found.maximum  # type: ignore[operator]
    elif kind in ("category", "boolean"):
        commonest = min(set(known), key=lambda value: (-known.count(value), value))
        assert found.example == commonest
        assert type(found.example) is type(commonest)
    else:
        assert isinstance(found.example, str)  # made up: see test_made.py


@given(st.lists(st.none() | VALUES["number"], min_size=1, max_size=30))
def test_numbers_in_an_array_have_the_profile_of_the_same_numbers_in_a_list(
    values: list[float | None],
) -> None:
    numbers = np.array([np.nan if value is None else value for value in values])
    array = TypedColumn(UNKNOWN, [], numbers)
    assert profiled("number", array) == profiled("number", TypedColumn.of(values))


def test_a_profile_is_read_back_as_it_was_written() -> None:
    columns = {
        "n": ColumnProfile(missing=1, minimum=0, maximum=2.5, example=1),
        "c": ColumnProfile(categories={"Ä": 2, "": 1}, example="Ä"),
        "b": ColumnProfile(example=True),
    }
    profile = Profile(rows=3, classes=((True, 2), ("x", 1)), columns=columns)
    read = Profile.model_validate_json(profile.source())
    assert read == profile
    assert read.source() == profile.source()
    assert [type(column.example) for column in read.columns.values()] == [int, str, bool]


def test_the_profile_of_a_bundle_is_of_the_rows_that_were_fitted(people: Home) -> None:
    config = load_config(people)
    train = load_dataset(config, people)  # it was fitted again on all of them
    profile = bundle.load(people).profile()
    assert profile.rows == len(train)
    assert dict(profile.classes) == Counter(train.labels)
    assert [*profile.columns] == [*config.columns]
    ages: list[Any] = [row["age"] for row in train.rows() if row["age"] is not None]
    assert profile.columns["age"].missing == len(train) - len(ages) > 0
    low, high = bounds(np.array(ages, np.float64), config.publish.min_rows) or (0, 0)
    assert (profile.columns["age"].minimum, profile.columns["age"].maximum) == (low, high)
    assert min(ages) < low or max(ages) > high  # the ages of four are beyond each
    assert profile.columns["size"].categories == Counter(
        row["size"] for row in train.rows() if row["size"] is not None
    )

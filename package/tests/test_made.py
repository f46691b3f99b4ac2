"""Made values look like a column's, and are nobody's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classification_model.config.schema import Kind
from classification_model.processing import made
from classification_model.processing.typed_columns import TypedColumn
from classification_model.processing.value_rules import TypedRow, TypedValue

LEAST = 5


def column(cells: Sequence[TypedValue]) -> TypedColumn:
    values = list(dict.fromkeys(cells))
    return TypedColumn(np.array([values.index(cell) for cell in cells], np.int64), values)


def values(cells: Sequence[TypedValue], kind: Kind, **options: object) -> list[TypedValue]:
    draw = np.random.default_rng(0)
    return made.made_values(column(cells), kind, 200, random=draw, least=LEAST, **options)  # type: ignore[arg-type]


words = st.sampled_from(["Mr.", "Mrs.", "Anna", "Bert", "Smith", "Otto"])


@given(st.lists(st.lists(words, max_size=4).map(" ".join), min_size=1, max_size=60))
def test_a_made_text_is_of_words_that_five_have_there_and_is_no_text_that_fewer_hold(
    texts: list[str],
) -> None:
    draw = np.random.default_rng(0)
    for text in made.made_texts(texts, 50, random=draw, least=LEAST):
        assert not 0 < texts.count(text) < LEAST
        for word in text.split():
            holders = [
                place for place in range(4) if sum(_word(t, place) == word for t in texts) >= LEAST
            ]
            assert holders or text == "made text"


def _word(text: str, place: int) -> str | None:
    parts = text.split()
    return parts[place] if place < len(parts) else None


def test_names_keep_their_form() -> None:
    surnames = ["Andersson", "Sage", "Smith"]
    names = [
        f"{surnames[i % 3]}, {('Mr', 'Mrs')[i % 2]}. {('Anna', 'John')[i % 2]} {i}"
        for i in range(60)
    ]
    found = values([*names], "raw")
    assert {"Smith, Mrs. John", "Sage, Mr. Anna"} <= set(found)


def test_a_home_offers_texts_of_its_own() -> None:
    assert set(values([f"C{i}" for i in range(40)], "raw", examples=["B 1", "C 2"])) == {
        "B 1",
        "C 2",
    }


@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=60))
def test_a_made_category_is_one_that_five_hold(cells: list[TypedValue]) -> None:
    held = {cell for cell in cells if cells.count(cell) >= LEAST}
    found = set(values(cells, "category"))
    assert found <= held | {None}
    if held - {None} and None not in held:
        assert None not in found


@given(st.lists(st.floats(1000, 99_999), min_size=10, max_size=60))
def test_a_made_number_is_rounded_and_within_the_bounds(cells: list[TypedValue]) -> None:
    from classification_model.processing.few_rows import bounds, rounded, unit

    low, high = bounds(np.array(cells, np.float64), LEAST) or (0, 0)
    for value in values(cells, "number"):
        assert isinstance(value, float)
        assert low <= value <= high
        assert value in (low, high) or value == rounded(value, unit(low, high))


def test_dates_and_whole_numbers_stay_what_they_are() -> None:
    days: list[TypedValue] = [date(1950 + i, 1 + i % 12, 1 + i % 28) for i in range(60)]
    found = values(days, "date")
    assert all(type(day) is date for day in found)
    assert not set(found) & set(days)
    assert {type(value) for value in values([*range(100)], "integer")} == {int}


def test_a_column_that_four_rows_have_gives_nothing_away() -> None:
    assert set(values([None] * 60 + [77.7] * 4, "number")) == {None}
    assert set(values([None] * 60 + ["mine"] * 4, "category")) == {None}


def test_a_row_that_one_person_has_is_left_out() -> None:
    columns = {"a": column(["x"] * 9 + ["y"]), "b": column([*[1] * 8, 2, 1])}
    rows: list[TypedRow] = [{"a": "x", "b": 1}, {"a": "x", "b": 2}, {"a": "y", "b": 2}]
    assert made.without_people(rows, columns, LEAST) == [rows[0], rows[2]]

"""Which format of numbers a column has: what ``init`` finds out from all of its texts."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model.init.number_formats import Reading, infer
from classification_model.processing.number_format import DECIMALS, THOUSANDS, NumberFormat


def reading(*texts: str, **known: str) -> Reading:
    found = infer(Counter(texts), **known)  # type: ignore[arg-type]
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("texts", "written"),
    [
        (["12.5%", "3%", "0.5 %"], NumberFormat(unit="%")),
        (["$1,002.50", "$5.10", "-$3"], NumberFormat(".", ",", "$")),
        (["1 234,56", "5,1"], NumberFormat(",", " ")),
        (["1\u202f234,56", "5,1"], NumberFormat(",", " ")),
        (["1.234,56", "12"], NumberFormat(",", ".")),
        (["50,52", "1,5"], NumberFormat(",")),
        (["(120)", "\u22125", "17"], NumberFormat()),
        (["05.20", "17.86"], NumberFormat()),
        (["1'234", "900"], NumberFormat(".", "'")),
        (["1.234.567", "5.000"], NumberFormat(",", ".")),
        (["EUR 5,10", "EUR 1.200,10"], NumberFormat(",", ".", "EUR")),
        (["12 kg", "7 kg"], NumberFormat(unit="kg")),
    ],
)
def test_a_column_is_read_as_people_wrote_it(texts: list[str], written: NumberFormat) -> None:
    found = reading(*texts)
    assert (found.written, found.other, found.odd) == (written, None, ())


def test_groups_of_three_digits_beside_larger_numbers_are_thousands() -> None:
    found = reading("5.395", "90", "551", "1.091")
    assert found.written == NumberFormat(",", ".")
    assert found.other == NumberFormat(), "the other reading is named all the same"


def test_where_other_columns_have_decimal_commas_a_point_marks_thousands() -> None:
    found = reading("5.395", "1.091", decimal=",")
    assert (found.written, found.other) == (NumberFormat(",", "."), None)


def test_where_both_readings_fit_both_are_said() -> None:
    assert reading("1.234", "5.678").other == NumberFormat(",", ".")
    assert reading("1,234", "5,678").written == NumberFormat(".", ",")
    assert reading("1,234", "5,678", usual=",").written == NumberFormat(",")


def test_whole_numbers_follow_the_file() -> None:
    assert reading("12", "7", decimal=",").written == NumberFormat(",")
    assert reading("12", "7").decimal() is None, "they show no decimal mark"


def test_a_word_that_may_scale_is_no_unit() -> None:
    assert reading("3M", "900", "4k").odd == ("3M", "4k")
    assert infer(Counter(["12 kg", "7 lb"])) is None


def test_codes_and_dates_are_no_numbers_with_a_unit() -> None:
    assert infer(Counter(["A12", "A7"])) is None
    assert infer(Counter(["2024-01-01", "2024-05-02"])) is None
    assert infer(Counter(["12:30"])) is None


def test_cells_without_the_unit_are_counted() -> None:
    assert reading("12%", "0.5", "7%").without_unit == 1


@given(
    st.sampled_from([(d, t) for d in DECIMALS for t in THOUSANDS if d != t]),
    st.sampled_from(["", "%", "€"]),
    st.integers(0, 2**32),
)
def test_a_written_column_is_read_back(marks: tuple[str, str], unit: str, seed: int) -> None:
    """Amounts with cents, some above a thousand: no other format reads all of them."""
    amounts = [random.Random(seed + i).uniform(1, 10**6) for i in range(50)]
    texts = [
        f"{a:,.2f}".replace(",", "t").replace(".", marks[0]).replace("t", marks[1]) + unit
        for a in amounts
    ]
    found = reading(*texts)
    assert [found.written.read(text) for text in texts] == [round(a, 2) for a in amounts]
    assert found.other is None

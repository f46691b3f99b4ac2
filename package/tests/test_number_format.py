"""Numbers as people write them: one rule, for a text alone and for whole columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model.processing.number_columns import numbers_of
from classification_model.processing.number_format import DECIMALS, THOUSANDS, NumberFormat

FORMATS = [
    NumberFormat(decimal, thousands, unit)
    for decimal in DECIMALS
    for thousands in THOUSANDS
    if decimal != thousands
    for unit in ("", "%", "$", "kg")
]
GERMAN = NumberFormat(",", ".")

formats = st.sampled_from(FORMATS)
number_like = st.one_of(
    st.text("0123456789.,-+() '%$kgeE\u2212\u00a0\u202f\u2019\t", max_size=12),
    st.from_regex(r"-?[0-9]{1,3}([.,' ][0-9]{3}){0,2}([.,][0-9]{1,3})?%?", fullmatch=True),
    st.from_regex(r"[0-9]{30,45}", fullmatch=True),
)


@pytest.mark.parametrize(
    ("written", "text", "number"),
    [
        (NumberFormat(unit="%"), "12.5%", 12.5),
        (NumberFormat(unit="%"), "12.5 %", 12.5),
        (NumberFormat(unit="%"), "12.5", 12.5),
        (NumberFormat(".", ",", "$"), "$1,002.50", 1002.5),
        (NumberFormat(".", ",", "$"), "-$1,002.50", -1002.5),
        (NumberFormat(".", ",", "$"), "$-1,002.50", -1002.5),
        (NumberFormat(".", ",", "$"), "($1,002.50)", -1002.5),
        (NumberFormat(",", " "), "1 234,56", 1234.56),
        (NumberFormat(",", " "), "1\u00a0234,56", 1234.56),
        (NumberFormat(",", " "), "1\u202f234,56", 1234.56),
        (NumberFormat(",", " ", "€"), "1\u202f234,56\u00a0€", 1234.56),
        (GERMAN, "1.234,56", 1234.56),
        (GERMAN, "1.500", 1500),
        (GERMAN, "1500", 1500),
        (NumberFormat(","), "50,52", 50.52),
        (NumberFormat(), "(120)", -120),
        (NumberFormat(), "\u2212120", -120),
        (NumberFormat(), "05.20", 5.2),
        (NumberFormat(".", "'"), "1'234.5", 1234.5),
        (NumberFormat(".", "'"), "1\u2019234.5", 1234.5),
        (NumberFormat(".", ","), "12,34,567", 1234567),
        (NumberFormat(), "1e-3", 0.001),
    ],
)
def test_a_number_is_read_as_its_column_writes_it(
    written: NumberFormat, text: str, number: float
) -> None:
    assert written.parse(text) == number


@pytest.mark.parametrize(
    ("written", "text", "says"),
    [
        (GERMAN, "1.5", "written as 1.234,5; as it stands it may mean 1.5 or 15"),
        (GERMAN, "1.2345", "may mean 1.2345 or 12345"),
        (NumberFormat(), "1,234", "written as 1234.5; as it stands it may mean 1.234 or 1234"),
        (NumberFormat(".", ","), "0,123", "may mean 0.123 or 123"),
        (NumberFormat(), "-(5)", "should be a number"),
        (NumberFormat(), "inf", "should be a number"),
        (NumberFormat(), "", "should be a number"),
        (NumberFormat(unit="%"), "5 kg", "written as 1234.5 %"),
    ],
)
def test_what_is_not_so_written_is_refused_with_what_it_may_mean(
    written: NumberFormat, text: str, says: str
) -> None:
    with pytest.raises(ValueError, match=r"^should be a number") as error:
        written.parse(text)
    assert str(error.value).endswith(says)


def test_a_thousand_is_never_taken_for_one() -> None:
    """In a column of whole numbers ``1,000`` is one thousand to some and one to others."""
    written = NumberFormat(",")
    assert written.parse_whole("3,0") == 3
    with pytest.raises(ValueError, match="may mean 1 or 1000"):
        written.parse_whole("1,000")
    assert NumberFormat(".", ",").parse_whole("1,000") == 1000


def test_one_mark_cannot_have_two_meanings() -> None:
    with pytest.raises(ValueError, match="both ','"):
        NumberFormat(",", ",")


@given(formats, st.decimals(-999_999, 999_999, places=2))
def test_a_number_survives_being_written(written: NumberFormat, number: object) -> None:
    text = f"{number:,.2f}".replace(",", "t").replace(".", "d")
    text = text.replace("t", written.thousands).replace("d", written.decimal)
    assert written.parse(text + written.unit) == float(str(number))


@given(formats, st.floats(allow_nan=False, allow_infinity=False))
def test_a_format_reads_what_it_writes(written: NumberFormat, number: float) -> None:
    assert written.parse(written.write(number)) == number


@given(formats, st.lists(number_like | st.none(), max_size=20), st.booleans())
def test_whole_columns_have_the_numbers_and_the_refusals_of_single_texts(
    written: NumberFormat, texts: list[str | None], whole: bool
) -> None:
    def rule(text: str) -> float | None:
        number = written.parse_whole(text) if whole else written.parse(text)
        if whole and not number.is_integer():
            raise ValueError("should be a whole number")
        if abs(number) > 1e38:
            raise ValueError("too large")
        return number

    numbers, refused = numbers_of(pa.array(texts, pa.string()), written, rule, whole=whole)
    for text, number, bad in zip(texts, numbers.tolist(), refused.tolist(), strict=True):
        try:
            expected = np.nan if text is None else rule(text)
            assert not bad
            assert number == expected or (np.isnan(number) and text is None)
        except ValueError:
            assert bad

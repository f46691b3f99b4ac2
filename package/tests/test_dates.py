"""Dates and times as people write them: one rule, decided by the whole column."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classification_model.config.zones import zone_of
from classification_model.init.date_formats import DateReading, infer
from classification_model.processing.dates import DateFormat

EPOCH = datetime.fromisoformat("1970-01-01")


def reading(*texts: str) -> DateReading:
    found = infer(Counter(texts))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("texts", "written", "zone"),
    [
        (["2024-12-31", "2024-01-02"], "", ""),
        (["2024-12-31 10:15:00"], "%Y-%m-%d %H:%M:%S", ""),
        (["2024-12-31T10:15:00.123456"], "%Y-%m-%dT%H:%M:%S.%f", ""),
        (["12/31/2024 10:15", "01/02/2024 11:00"], "%m/%d/%Y %H:%M", ""),
        (["12/31/2024 1:15 PM"], "%m/%d/%Y %I:%M %p", ""),
        (["31-Dec-2024", "01-Jan-2024"], "%d-%b-%Y", ""),
        (["Dec 31, 2024"], "%b %d, %Y", ""),
        (["31/12/24", "01/02/24"], "%d/%m/%y", ""),
        (["20240131", "20240201"], "%Y%m%d", ""),
        (["31.12.2024 10:15"], "%d.%m.%Y %H:%M", ""),
        (["Tue, 31 Dec 2024 10:00:00 +0100"], "%a, %d %b %Y %H:%M:%S %z", "+01:00"),
        (["2024-01-31T12:00:00Z"], "%Y-%m-%dT%H:%M:%S%z", "UTC"),
        (["2024-01-31 12:00:00 UTC"], "%Y-%m-%d %H:%M:%S UTC", "UTC"),
        (["2024-01-31T12:00:00-05:30"], "%Y-%m-%dT%H:%M:%S%z", "-05:30"),
    ],
)
def test_a_column_of_dates_is_known_by_its_texts(texts: list[str], written: str, zone: str) -> None:
    found = reading(*texts)
    assert (found.format, found.other, found.odd) == (DateFormat(written, zone), None, ())


def test_one_cell_decides_between_day_first_and_month_first() -> None:
    first_of_months = [f"01/{month:02}/2024" for month in range(1, 13)]
    assert reading(*first_of_months, "13/02/2024").format.written == "%d/%m/%Y"
    assert reading(*first_of_months, "02/13/2024").format.written == "%m/%d/%Y"


def test_where_nothing_decides_the_month_is_first_and_both_are_said() -> None:
    found = reading("01/02/2021", "03/04/2021")
    assert found.format.written == "%m/%d/%Y"
    assert found.other == DateFormat("%d/%m/%Y")
    assert reading("01.02.2021", "03.04.2021").format.written == "%d.%m.%Y"


def test_offsets_that_differ_are_told_in_utc_and_named() -> None:
    found = reading("2024-01-31T12:00:00+01:00", "2024-07-31T12:00:00+02:00")
    assert found.format.zone == "UTC"
    assert found.zones == (timedelta(hours=1), timedelta(hours=2))


def test_texts_that_are_no_date_are_named() -> None:
    assert reading("2024-01-31", "unknown", "2024-01-30").odd == ("unknown",)


@pytest.mark.parametrize(
    "texts", [["1.5", "2.5"], ["12:30"], ["12345678", "87654321"], ["Anna", "12"], ["10.0.0.1"], []]
)
def test_other_columns_are_no_dates(texts: list[str]) -> None:
    assert infer(Counter(texts)) is None


def test_a_column_without_times_holds_days() -> None:
    days = DateFormat("%d/%m/%Y")
    assert days.parse("31/12/2024") == date(2024, 12, 31)
    assert type(days.parse("2024-12-31T10:00")) is date, "ISO 8601 is read everywhere"
    with pytest.raises(ValueError, match="should be a date such as 31/12/2024"):
        days.parse("12/31/2024")


def test_one_instant_is_one_value_whatever_zone_a_text_names() -> None:
    berlin = DateFormat("%Y-%m-%dT%H:%M:%S%z", "Europe/Berlin")
    times = [berlin.parse("2024-07-01T10:00:00Z"), berlin.parse("2024-07-01T08:00:00-02:00")]
    assert times[0] == times[1]
    assert [time.hour for time in times if isinstance(time, datetime)] == [12, 12]
    assert berlin.parse("2024-07-01T12:00:00") == times[0], "no zone is that of the column"


def test_a_zone_is_not_dropped_in_silence() -> None:
    with pytest.raises(ValueError, match="names a time zone, and the column has none"):
        DateFormat("%Y-%m-%d %H:%M").parse("2024-07-01T10:00:00Z")
    with pytest.raises(ValueError, match="no time zone 'Mars/Base'"):
        zone_of("Mars/Base")


@settings(max_examples=20)
@given(st.integers(0, 2 * 10**9), st.integers(10**5, 10**6))
@pytest.mark.parametrize(
    "written", ["%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S", "%d-%b-%y %H:%M:%S"]
)
def test_what_was_written_is_read_back(written: str, start: int, step: int) -> None:
    """Over 40 days or more one is beyond the twelfth of its month."""
    times = [EPOCH + timedelta(seconds=start + i * step) for i in range(40)]
    found = reading(*(time.strftime(written) for time in times))
    assert (found.format.written, found.other) == (written, None)
    assert [found.format.parse(time.strftime(written)) for time in times] == times

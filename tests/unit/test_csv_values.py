# ruff: noqa: DTZ001 times on a wall clock, without a zone, are what is read here
"""Cells become clean text, whole numbers, exact money and instants, or are refused: nothing is guessed."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.csv_lines import LineReason
from sources.csv_values import (
    UnparsableError,
    amount,
    calendar_day,
    clean,
    instant,
    moment_parser,
    us_city_and_state,
    whole_number,
)
from tillstream.errors import TerminalError
from tillstream.events import normalised


@given(st.text(max_size=30))
def test_text_is_cleaned_as_every_other_sender_cleans_it(cell: str) -> None:
    assert clean(cell) == normalised(cell)


@pytest.mark.parametrize(
    ("cell", "currency", "money"),
    [
        ("700", "USD", "700.00"),
        ("700.0", "USD", "700.00"),
        ("11.95", "USD", "11.95"),
        ("11.950000", "USD", "11.95"),
        ("007.5", "USD", "7.50"),
        ("0", "MMK", "0"),
        ("700.00", "MMK", "700"),
        ("7.5", "MMK", "7.5"),  # for the contract to refuse
        ("11.955", "USD", "11.955"),
        ("700.0", "XXX", "700.0"),
    ],
)
def test_money_has_the_places_of_its_currency_and_is_never_rounded(cell: str, currency: str, money: str) -> None:
    assert amount(cell, currency, "unit_price") == money


@pytest.mark.parametrize(
    "cell", ["1,234.50", "12,50", "$12", "-5", "+5", "1e3", "1_0", ".5", "5.", "၅", "NaN", "1 2", "0x1"]
)
def test_money_that_is_not_plain_digits_is_refused(cell: str) -> None:
    with pytest.raises(UnparsableError) as caught:
        amount(cell, "USD", "unit_price")
    assert caught.value.reason == LineReason.UNPARSABLE_NUMBER
    assert "unit_price" in caught.value.detail
    assert cell not in caught.value.detail


def test_a_quantity_may_come_from_a_spreadsheet_that_writes_a_fraction_of_zero() -> None:
    assert [whole_number(text, "quantity") for text in ("2", "2.0", "002")] == [2, 2, 2]


@pytest.mark.parametrize("cell", ["2.5", "-1", "", "two", "၂", "9" * 5000])
def test_a_quantity_that_is_not_whole_is_refused(cell: str) -> None:
    with pytest.raises(UnparsableError):
        whole_number(cell, "quantity")


def test_city_and_state_come_from_a_us_address_and_from_nothing_else() -> None:
    assert us_city_and_state("917 1st St, Dallas, TX 75001") == ("Dallas", "TX")
    assert us_city_and_state("Unit 4, 1 A St, New York City, NY 10001-1234") == ("New York City", "NY")
    assert us_city_and_state("No. 5, Pyay Road, Yangon") is None


@pytest.mark.parametrize(
    ("text", "date_format", "moment"),
    [
        ("2019-01-22T21:25:00", None, datetime(2019, 1, 22, 21, 25)),
        ("2019-01-22 21:25", None, datetime(2019, 1, 22, 21, 25)),
        ("2019-01-22", None, datetime(2019, 1, 22)),
        ("2019-01-22T21:25:00Z", None, datetime(2019, 1, 22, 21, 25, tzinfo=UTC)),
        ("01/22/19 21:25", "%m/%d/%y %H:%M", datetime(2019, 1, 22, 21, 25)),
        ("22.1.2019 9:05 PM", "%d.%m.%Y %I:%M %p", datetime(2019, 1, 22, 21, 5)),
        ("21:25 22/01/2019", "%H:%M %d/%m/%Y", datetime(2019, 1, 22, 21, 25)),
        ("22 Jan 2019", "%d %b %Y", datetime(2019, 1, 22)),
        ("201901222125", "%Y%m%d%H%M", datetime(2019, 1, 22, 21, 25)),
    ],
)
def test_a_date_is_read_in_iso_or_in_the_format_that_was_named(
    text: str, date_format: str | None, moment: datetime
) -> None:
    assert moment_parser(date_format)(text, "sold_at") == moment


@pytest.mark.parametrize(
    ("text", "date_format"),
    [("13/45/19 10:00", "%m/%d/%y %H:%M"), ("01/22/19", "%m/%d/%y %H:%M"), ("01/22/19 21:25 x", "%m/%d/%y %H:%M"),
     ("1548191100", None), ("22/01/2019", None), ("2019-02-30", None), ("", None)],
)  # fmt: skip
def test_a_date_that_cannot_be_read_is_refused(text: str, date_format: str | None) -> None:
    with pytest.raises(UnparsableError) as caught:
        moment_parser(date_format)(text, "sold_at")
    assert caught.value.reason == LineReason.UNPARSABLE_DATE


@pytest.mark.parametrize("date_format", ["%Q", "%d/%"])
def test_a_date_format_that_reads_nothing_is_the_callers_mistake(date_format: str) -> None:
    with pytest.raises(TerminalError, match="date format"):
        moment_parser(date_format)


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Asia/Yangon", datetime(2019, 1, 1, 0, 0)),
        ("America/New_York", datetime(2019, 11, 3, 1, 30)),  # shown twice
        ("America/New_York", datetime(2019, 3, 10, 2, 30)),  # skipped
        ("America/Sao_Paulo", datetime(2018, 11, 4, 0, 30)),  # skipped at the start of a day
        ("America/Nuuk", datetime(2024, 3, 30, 23, 30)),  # skipped at the end of a day
        ("Atlantic/Azores", datetime(2019, 3, 31, 0, 30)),
        ("Africa/Cairo", datetime(2023, 10, 26, 23, 30)),  # shown twice at the end of a day
    ],
)
def test_a_local_time_keeps_its_calendar_day_whatever_the_clock_does(zone: str, moment: datetime) -> None:
    found = instant(moment, ZoneInfo(zone), "sold_at")
    assert found.tzinfo == UTC
    assert found.astimezone(ZoneInfo(zone)).date() == moment.date()


def test_a_time_that_the_clock_shows_twice_is_its_first() -> None:
    assert instant(datetime(2019, 11, 3, 1, 30), ZoneInfo("America/New_York"), "sold_at") == datetime(
        2019, 11, 3, 5, 30, tzinfo=UTC
    )


def test_a_time_with_an_offset_is_not_touched_by_the_zone() -> None:
    moment = datetime(2019, 1, 1, 2, tzinfo=ZoneInfo("Asia/Tokyo"))
    assert instant(moment, ZoneInfo("America/New_York"), "sold_at") == moment


@pytest.mark.parametrize("moment", [datetime(2011, 12, 30, 10), datetime(1, 1, 1)])
def test_a_day_that_a_zone_never_had_is_refused(moment: datetime) -> None:
    with pytest.raises(UnparsableError, match="no such time"):
        instant(moment, ZoneInfo("Pacific/Apia"), "sold_at")


def test_a_business_day_is_the_one_that_is_written() -> None:
    yangon = ZoneInfo("Asia/Yangon")
    assert calendar_day(datetime(2019, 1, 1), yangon) == date(2019, 1, 1)
    assert calendar_day(datetime(2018, 12, 31, 20, tzinfo=UTC), yangon) == date(2019, 1, 1)

"""What a store's days say: stock by evening, when a product is on sale, which products bring the money."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pytest

from ml.abc import classes
from ml.outlook import Outlook
from ml.plan import Planned, Price, Stocked, months_ahead, planned
from ml.restock import Stock, Terms
from ml.shelf import closing, on_hand, on_sale
from ml.shop_forecast import adding_up, issue
from ml.store_record import Catalogue, Record, Span, Store, store, together
from ml.trade import country_of, public_holidays
from tillstream.months import first_day, key, number_of

NO = np.nan
NEVER = np.iinfo(np.int64).max


def column(*values: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)[:, None]


def test_stock_of_the_evening_begins_with_the_first_arrival_or_count() -> None:
    assert closing(column(-1, 5, -2), column(NO, NO, NO))[:, 0] == pytest.approx([NO, 5, 3], nan_ok=True)
    assert closing(column(-1, -1, -2), column(NO, 9, NO))[:, 0] == pytest.approx([NO, 8, 6], nan_ok=True)


def test_a_count_is_of_the_morning_and_sets_the_books_right() -> None:
    assert closing(column(10, -2, -1), column(NO, NO, 3))[:, 0] == pytest.approx([10, 8, 2])


def test_books_below_nothing_say_nothing_about_the_shelf() -> None:
    assert closing(column(2, -5, 4, -1), column(NO, NO, NO, NO))[:, 0] == pytest.approx([2, NO, 1, 0], nan_ok=True)


def test_on_hand_is_the_last_count_and_what_moved_since_or_all_that_moved() -> None:
    assert on_hand(column(10, -2, -1), column(NO, 4, NO)) == pytest.approx([1])
    assert on_hand(column(-3, 10, -2), column(NO, NO, NO)) == pytest.approx([5])


def test_a_product_is_on_sale_from_its_first_record_until_it_is_gone() -> None:
    touched = np.array([[False], [True], [False], [False]])

    assert on_sale(touched, np.array([3]))[:, 0].tolist() == [False, True, True, False]
    assert on_sale(touched, np.array([NEVER]))[:, 0].tolist() == [False, True, True, True]


def test_the_first_four_fifths_of_revenue_are_a() -> None:
    assert classes([np.array([10.0, 60, 5, 25, 0])]) == ("B", "A", "C", "A", "C")
    assert classes([np.array([100.0, 0]), np.array([0.0, 3])]) == ("A", "A")  # each the best of its currency
    assert classes([np.zeros(2)]) == ("C", "C")


def test_months_are_numbers_and_keys() -> None:
    assert key(number_of(date(2024, 12, 31)) + 1) == "2025-01"
    assert first_day(number_of(date(2024, 2, 29))) == date(2024, 2, 1)
    assert months_ahead(date(2024, 11, 30))[:3] == (date(2024, 11, 1), date(2024, 12, 1), date(2025, 1, 1))


@pytest.mark.parametrize(("zone", "country"), [("Asia/Yangon", "MM"), ("Europe/Stockholm", "SE"), ("UTC", None)])
def test_a_time_zone_tells_the_country_and_its_festivals(zone: str, country: str | None) -> None:
    assert country_of(zone) == country
    assert bool(public_holidays(country or "", 2025, 2025)) == bool(country)


def steady(pieces: float, days: int = 800, today: date = date(2025, 3, 11)) -> Store:
    """A store of one product that sells so much a day."""
    first = (today - timedelta(days=days)).replace(day=1)
    span = Span(first, today)
    sold = np.full((span.days, 1), pieces)
    sold[-1] = 0.0
    return store(Record(span, sold, -sold, np.full(sold.shape, NO), np.array([True])), CATALOGUE)


CATALOGUE = Catalogue(("shirt",), ("",), None, np.array([NEVER]))
FACTORS = np.ones((1, 7))


def test_a_span_ends_with_the_day_that_has_begun() -> None:
    span = Span(date(2025, 1, 1), date(2025, 3, 11))

    assert (span.closed_months, span.closed_days, span.days) == (2, 59, 70)


def test_stores_together_know_what_each_of_them_knows() -> None:
    whole = together([steady(2.0), steady(1.0)])

    assert whole.demand.sold[0, -1] == 3 * 28
    assert (whole.of_days[0], whole.so_far[0], whole.totals[0]) == (30, 30, 3)
    assert whole.quiet_since[0] == date(2025, 3, 10).toordinal()


def test_stores_are_scaled_to_what_all_of_them_are_expected_to_sell() -> None:
    stores = [steady(2.0), steady(1.0)]
    none = np.empty(0)
    whole = issue(together(stores), CATALOGUE, none, 1.5 * FACTORS)
    parts = adding_up([issue(one, CATALOGUE, none, FACTORS) for one in stores], whole)

    assert sum(part.forecast.quantity for part in parts) == pytest.approx(whole.forecast.quantity)
    assert sum(part.remaining for part in parts) == pytest.approx(whole.remaining)
    assert parts[0].forecast.quantity == pytest.approx(2 * parts[1].forecast.quantity, rel=0.05)
    for part in parts:
        assert (np.diff(part.sums, axis=0) >= 0).all()
        assert (part.forecast.quantiles[0] <= part.forecast.quantiles[2]).all()


def plan_of(on_hand: int, pace: float) -> Planned:
    issued = issue(steady(pace), CATALOGUE, np.empty(0), FACTORS)
    return planned(issued, Stocked(0, Stock(on_hand), Terms(), Price(Decimal(100), "MMK")), issued.store.span.today)


def days_of(on_hand: int) -> int:
    """How long so many last, at two a day."""
    gone = plan_of(on_hand, 2.0).runs_out_on
    assert gone is not None
    return (gone - date(2025, 3, 11)).days


def test_the_day_on_which_stock_is_gone() -> None:
    assert days_of(20) == pytest.approx(10, abs=2)
    assert days_of(2000) == pytest.approx(1000, rel=0.1)
    assert plan_of(-3, 2.0).runs_out_on == date(2025, 3, 11)
    assert plan_of(10**9, 2.0).runs_out_on is None
    assert plan_of(5, 0.0).runs_out_on is None


def test_an_outlook_of_an_issue_begins_with_the_rest_of_the_month() -> None:
    outlook: Outlook = issue(steady(2.0), CATALOGUE, np.empty(0), FACTORS).outlook(0)

    assert outlook.first == 21 / 31
    assert outlook.expected[0] == pytest.approx(42, rel=0.1)
    assert outlook.pace == pytest.approx(61, rel=0.1)

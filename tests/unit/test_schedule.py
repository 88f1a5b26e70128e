"""What to refill in which month, with numbers that can be reckoned by hand."""

from datetime import date
from decimal import Decimal

import numpy as np

from ml.outlook import Outlook
from ml.restock import MONTH_DAYS, Receipt, Stock, Terms, line
from ml.schedule import Refill, refills

MONTHS = tuple(date(2025 + (5 + n) // 12, (5 + n) % 12 + 1, 1) for n in range(6))
TODAY = MONTHS[0]
MONTH = round(MONTH_DAYS)
USUAL = Terms(lead_days=MONTH, review_days=MONTH, unit_cost=Decimal(3))


def outlook(pace: float = 100.0, first: float = 1.0) -> Outlook:
    """`pace` pieces a month; in 95 % of cases no more than half a month's beyond it."""
    ends = first + np.arange(6)
    expected = pace * np.diff(ends, prepend=0.0)
    return Outlook(expected, np.array([0.5, 0.95]), pace * np.stack([ends, ends + 0.5]), first)


def planned(stock: Stock, terms: Terms = USUAL, of: Outlook | None = None, today: date = TODAY) -> list[Refill]:
    shown = of or outlook()
    return refills(shown, stock, terms, line(shown, stock, terms, today, MONTHS), today, MONTHS)


def test_the_first_refill_is_the_order_that_is_due_now() -> None:
    stock = Stock(120)
    due = line(outlook(), stock, USUAL, TODAY, MONTHS)
    first = planned(stock)[0]

    assert due.quantity > 0
    assert (first.quantity, first.month, first.order_by) == (due.quantity, due.refill_month, due.order_by)
    assert (first.cost, first.reason) == (due.cost, due.reason)


def test_each_month_is_refilled_by_what_it_lacks() -> None:
    found = planned(Stock(300))  # 250 are enough for two months, 350 for three

    assert [refill.month for refill in found] == [2, 3, 4, 5]
    assert [refill.quantity for refill in found] == [50, 100, 100, 100]
    assert [refill.order_by for refill in found] == [
        date(2025, 7, 2), date(2025, 8, 2), date(2025, 9, 1), date(2025, 10, 2)
    ]  # fmt: skip
    assert found[0].cost == 150
    assert "50 to be there by 2025-08-01" in found[0].reason


def test_what_is_on_order_counts_from_the_month_in_which_it_comes() -> None:
    found = planned(Stock(300, (Receipt(date(2025, 9, 20), 200),)))

    assert [(refill.month, refill.quantity) for refill in found] == [(2, 50), (5, 100)]


def test_whole_packs_of_one_month_last_into_the_next() -> None:
    found = planned(Stock(300), Terms(lead_days=MONTH, review_days=MONTH, pack=120))

    assert [(refill.month, refill.quantity) for refill in found] == [(2, 120), (3, 120), (4, 120)]


def test_what_is_sold_off_dead_or_not_wanted_is_not_refilled() -> None:
    assert planned(Stock(0), Terms(discontinued=True)) == []
    assert planned(Stock(0, idle_months=12)) == []
    assert planned(Stock(0), of=outlook(0.0)) == []


def test_a_pack_that_lasts_too_long_is_never_planned() -> None:
    assert planned(Stock(0), Terms(pack=1000, maximum_cover=6)) == []


def test_a_month_that_no_order_reaches_is_left_to_what_is_on_order() -> None:
    coming = Stock(0, (Receipt(date(2025, 7, 15), 900),))

    assert line(outlook(), coming, USUAL, TODAY, MONTHS).quantity == 0
    assert planned(coming) == []


def test_a_month_that_has_begun_counts_for_what_is_left_of_it() -> None:
    today = date(2025, 6, 16)
    found = planned(Stock(250), of=outlook(first=0.5), today=today)  # enough for two months from now

    assert [(refill.month, refill.quantity) for refill in found][:2] == [(2, 50), (3, 100)]


def test_a_lead_time_beyond_the_outlook_is_planned_in_its_last_month() -> None:
    stock = Stock(500)
    slow = Terms(lead_days=300, review_days=MONTH, maximum_cover=24)
    due = line(outlook(), Stock(700), slow, TODAY, MONTHS)

    assert (due.refill_month, due.quantity > 0) == (None, True)
    assert refills(outlook(), Stock(700), slow, due, TODAY, MONTHS)[0].month == 5
    assert planned(stock, slow)[0].quantity > 0

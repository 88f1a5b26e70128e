"""Stock and what counts found missing: whatever lies in published months or came since, they equal the raw record."""

from datetime import date, timedelta
from typing import Any

import pytest

from reports.verify import verify
from tests.night.nights import done, figures_hold, night, selected
from tests.night.shop import Shop

SHRINKAGE = "SELECT day, expected, counted FROM stock_shrinkage ORDER BY store_id, product_id, day"
ON_HAND = "SELECT on_hand, last_count_day, window_units, today FROM stock_levels ORDER BY store_id, product_id"


def january(day: int) -> date:
    return date(2026, 1, day)


@pytest.fixture
def counted(shop: Shop) -> Shop:
    """One product: counted on any day of a month, its last one, and the first of the next; sold on those days too."""
    moves = [("delivery", january(3), 50), ("loss", january(9), 1)]
    moves += [("count", january(10), 45), ("count", january(31), 40), ("count", date(2026, 2, 1), 38)]
    for kind, day, quantity in moves:
        shop.move(kind, day, quantity, product_id="longyi")
    for number, quantity in ((5, 2), (10, 3), (31, 1)):
        shop.sell(january(number), product_id="longyi", quantity=quantity)
    shop.sell(date(2026, 2, 1), product_id="longyi", quantity=4)
    shop.count()
    return shop


def figures(shop: Shop) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """What is on hand and what counts found, as readers see it; all of it equals the recount."""
    figures_hold(shop.settings)
    return selected(shop.settings, ON_HAND), selected(shop.settings, SHRINKAGE)


def test_counts_of_any_day_hold_in_live_figures_and_in_truth(counted: Shop) -> None:
    first = date(2026, 2, 1)
    wanted = (
        [(38 - 4, first, 2 + 3 + 1 + 4, first)],
        [(january(31), 45 - 3, 40), (first, 40 - 1, 38)],
    )
    assert figures(counted) == wanted

    night(counted.settings, "first")

    assert figures(counted) == wanted


def test_a_late_sale_counts_in_the_days_between_its_counts_only(counted: Shop) -> None:
    night(counted.settings, "first")
    counted.sell(january(9), product_id="longyi", quantity=7)  # before the first count: no count expects less
    counted.count()
    assert figures(counted)[1] == [(january(31), 42, 40), (date(2026, 2, 1), 39, 38)]
    counted.sell(january(20), product_id="longyi", quantity=5)
    counted.count()

    wanted = [(january(31), 37, 40), (date(2026, 2, 1), 39, 38)]
    assert figures(counted)[1] == wanted
    assert figures(counted)[0][0][:2] == (34, date(2026, 2, 1))
    night(counted.settings, "second")
    assert figures(counted)[1] == wanted


def test_a_late_count_is_the_one_that_holds_from_its_day_on(counted: Shop) -> None:
    night(counted.settings, "first")
    counted.move("count", january(20), 30, product_id="longyi")
    counted.move("count", date(2026, 2, 1), 36, product_id="longyi", recorded_at=counted.sent[-1].recorded_at)  # type: ignore[union-attr]
    counted.count()

    wanted = [(january(20), 42, 30), (january(31), 30, 40), (date(2026, 2, 1), 39, 38)]
    late = figures(counted)
    assert late[1] == wanted
    night(counted.settings, "second")
    assert figures(counted) == late


def test_a_product_without_a_count_has_all_that_ever_moved(shop: Shop) -> None:
    for n in range(4):
        shop.move("delivery", january(1) + timedelta(days=31 * n), 10, product_id="longyi")
        shop.sell(january(2) + timedelta(days=31 * n), product_id="longyi", quantity=3)
    shop.sell(january(2), product_id="never stocked")
    shop.count()
    night(shop.settings, "first")
    shop.sell(january(3), product_id="longyi", quantity=2, kind="return")
    shop.count()

    assert [row[:2] for row in figures(shop)[0]] == [(4 * 7 + 2, None)]


def test_a_product_that_was_only_counted_has_a_stock(shop: Shop) -> None:
    shop.move("count", january(10), 5, product_id="longyi")
    shop.count()
    assert figures(shop)[0] == [(5, january(10), 0, january(10))]
    night(shop.settings, "first")
    assert figures(shop)[0] == [(5, january(10), 0, january(10))]


def test_stock_holds_through_late_days_and_months_published_again(shop: Shop) -> None:
    settings = shop.settings
    shop.trade(january(1), 90)
    shop.count()
    before = figures(shop)
    night(settings, "first")
    assert figures(shop) == before
    shop.trade(january(15), 60, 2)
    shop.count()
    late = figures(shop)
    night(settings, "second")
    night(settings, "again", month="2026-02")
    assert figures(shop) == late
    shop.trade(january(20), 30, 2)
    shop.count()
    figures_hold(settings)


def test_verify_tells_of_a_wrong_count_of_before_the_last_one(counted: Shop) -> None:
    night(counted.settings, "first")
    done(counted.settings, "UPDATE truth_counts SET quantity = 44 WHERE day = %s", january(10))

    found = verify(counted.settings).differences

    assert {each.view for each in found} == {"stock_shrinkage"}
    assert [each.column for each in found] == ["expected", "shrinkage"]

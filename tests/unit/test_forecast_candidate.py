"""Whatever a shop's record looks like, its forecast and plan are an answer or a clear reason.

Every row that is made here is looked at by `tests.shop_features`: it fits its table, is finite, and its quantiles rise.
"""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest

from tests.shop_features import Made, Shop
from tillstream import tables
from tillstream.stores.ordering import Order, Product, Revenue
from tillstream.stores.uplifts import Uplift

START, TODAY = date(2023, 1, 1), date(2025, 1, 1)
YESTERDAY = date(2024, 12, 31)


def steady(quantity: int = 2, today: date = TODAY, first: date = START) -> Shop:
    """A shirt that sells so many a day until yesterday."""
    shop = Shop(today)
    shop.sell_daily(first, today - timedelta(days=1), quantity)
    return shop


def quantities(made: Made, product: str = "shirt", store: str = "") -> list[float]:
    return [row["quantity"] for row in made.months(product, store)]


def test_one_steady_product_goes_on_steadily() -> None:
    made = steady().made()

    assert [row["month"] for row in made.months()] == [f"2025-{month:02}" for month in range(1, 8)]
    assert quantities(made) == pytest.approx([60] * 7, rel=0.15)
    assert {row["season_known"] for row in made.months()} == {1}


def test_a_shop_without_anything_has_an_empty_forecast() -> None:
    assert Shop(TODAY).made().rows[tables.FORECAST_MONTHS] == []


def test_a_shop_without_sales_expects_none_and_orders_nothing() -> None:
    shop = Shop(TODAY, products={"shirt": Product()})
    shop.deliver(date(2024, 11, 5), 40)
    made = shop.made()

    assert quantities(made) == [0.0] * 7
    assert made.line()["reason"] == "Nothing is expected to sell: 40 on hand; the next 44 days (lead time not known, " \
        "14 assumed) should sell 0.0, and in 90 % of cases no more than 0."  # fmt: skip
    assert (made.line()["months_of_cover"], made.line()["runs_out_on"]) == (None, None)


def test_products_that_nobody_has_ever_sold_or_stocked_are_forecast_and_not_planned() -> None:
    made = Shop(TODAY, products={"shirt": Product()}).made()

    assert len(made.months()) == 7
    assert made.rows[tables.PLAN_LINES] == []


def test_a_year_without_a_sale_says_that_nothing_is_restocked() -> None:
    shop = Shop(TODAY)
    shop.sell_daily(START, date(2023, 6, 30), 1)
    shop.deliver(START, 200)
    shop.sell_daily(START, YESTERDAY, 1, "belt")
    line = shop.made().line()

    assert line["reason"] == "No sale for 18 months: not restocked, 19 left."
    assert (line["quantity"], line["idle"], line["idle_units"]) == (0, "dead", 19)


@pytest.mark.parametrize("months", [1, 2, 5])
def test_few_months_are_enough_and_say_that_the_season_is_unknown(months: int) -> None:
    first = date(2024, 13 - months, 1)
    made = steady(first=first).made()

    assert quantities(made) == pytest.approx([60] * 7, rel=0.3)
    assert {row["season_known"] for row in made.months()} == {0}
    assert json.loads(made.rows[tables.FORECAST_MODELS][0]["weights"])


def test_a_shop_that_opened_this_month_carries_it_on() -> None:
    made = steady(first=date(2025, 1, 1), today=date(2025, 1, 16)).made()

    assert made.months()[0]["method"] == "nowcast"
    assert made.months()[0]["quantity"] == pytest.approx(62, abs=10)


def test_the_month_in_progress_is_told_by_its_days_and_left_out_of_the_history() -> None:
    shop = steady(today=date(2025, 1, 11))
    shop.sell_daily(date(2025, 1, 1), date(2025, 1, 10), 2)  # twice as many as usual
    made = shop.made()
    [model] = made.rows[tables.FORECAST_MODELS]

    assert made.months()[0]["method"] == "nowcast"
    assert 90 < quantities(made)[0] < 130
    assert quantities(made)[1] == pytest.approx(60, rel=0.2)
    assert list(json.loads(model["history"]))[-1] == "2024-12"
    assert json.loads(model["expected"])["2025-01"] == pytest.approx(quantities(made)[0] - 40, abs=0.01)


def test_a_gap_of_a_year_is_a_year_without_customers() -> None:
    shop = Shop(TODAY)
    shop.sell_daily(START, date(2023, 6, 30), 2)
    shop.sell_daily(date(2024, 7, 1), YESTERDAY, 2)

    assert all(20 < quantity < 90 for quantity in quantities(shop.made()))


def test_a_product_that_was_sold_once_is_expected_once_in_a_long_while() -> None:
    shop = steady()
    shop.sell(date(2024, 3, 3), 1, "belt")

    assert sum(quantities(shop.made(), "belt")) < 3


def test_a_slip_of_a_thousand_times_moves_the_forecast_little() -> None:
    shop = steady()
    shop.sell(date(2024, 10, 10), 60_000)

    assert all(quantity < 250 for quantity in quantities(shop.made()))


def test_returns_are_no_negative_demand() -> None:
    plain, shop = steady(), steady()
    for day in range(1, 29):
        shop.sell(date(2024, 12, day), 0, back=5)  # the month's net is far below 0
    shop.sell(date(2024, 2, 2), 0, "belt", back=3)  # a product of which only returns are known

    made = shop.made()
    assert quantities(made)[1:] == pytest.approx(quantities(plain.made())[1:], rel=0.1)
    assert quantities(made, "belt") == [0.0] * 7


def test_a_product_of_which_nothing_but_its_name_is_known_has_a_line_that_says_so() -> None:
    shop = steady()
    shop.deliver(START, 2 * 731 + 5)
    line = shop.made().line()

    assert (line["unit_cost"], line["cost"], line["cost_currency"], line["supplier"]) == (None, None, None, None)
    assert (line["lead_time_days"], line["lost_revenue"], line["price_currency"]) == (None, None, None)
    assert line["quantity"] > 0
    assert "lead time not known, 14 assumed" in line["reason"]


def test_what_is_known_of_a_product_is_in_its_line() -> None:
    shop = steady()
    shop.deliver(START, 2 * 731 + 5)
    shop.products["shirt"] = Product(supplier="Mill", unit_cost=Decimal(9), cost_currency="USD", lead_days=30, pack=12)
    shop.revenues = [Revenue("shirt", "MMK", 730, Decimal(7300))]
    shop.orders = [Order("main", "shirt", 24, date(2025, 1, 9))]
    line = shop.made().line()

    assert (line["supplier"], line["lead_time_days"], line["pack_size"], line["on_order"]) == ("Mill", 30, 12, 24)
    assert line["cost"] == line["quantity"] * 9
    assert (line["abc"], line["service"], line["price_currency"]) == ("A", 0.98, "MMK")


def test_a_pack_that_outlasts_the_limit_is_a_reason_and_no_order() -> None:
    shop = steady()
    shop.deliver(START, 2 * 731 + 1)
    shop.products["shirt"] = Product(pack=5000)
    made = shop.made()

    assert (made.line()["quantity"], made.refills()) == (0, [])
    assert "The least order of 5000 would last 8" in made.line()["reason"]


def test_stock_below_nothing_asks_for_a_count() -> None:
    shop = steady()
    shop.counted[date(2024, 12, 30), "main", "shirt"] = 1
    line = shop.made().line()

    assert line["on_hand"] == -3
    assert "-3 on hand by the books (count it)" in line["reason"]
    assert (line["runs_out_on"], line["months_of_cover"]) == (TODAY, 0)


def test_books_below_nothing_do_not_make_the_shelf_empty() -> None:
    shop = steady()
    shop.deliver(date(2024, 12, 20), 1)  # the books went below 0 long ago

    assert quantities(shop.made())[1:] == pytest.approx(quantities(steady().made())[1:], rel=0.02)


def test_a_discontinued_style_is_sold_off() -> None:
    shop = steady()
    shop.deliver(START, 1500)
    shop.products["shirt"] = Product(style="Oxford", size="M", discontinued_on=date(2024, 12, 1))
    shop.products["shirt-l"] = Product(style="Oxford", size="L", discontinued_on=date(2024, 1, 1))
    shop.sell_daily(START, date(2023, 12, 31), 1, "shirt-l")
    made = shop.made()

    assert made.line()["reason"] == "Discontinued: the 38 left are sold off."
    assert made.refills() == []
    assert quantities(made, "shirt-l") == [0.0] * 7  # it was sold off last spring
    assert [quantity > 0 for quantity in quantities(made)] == [True, True] + [False] * 5  # 90 days are over on 1 March


def test_a_style_with_a_size_sold_out_is_told() -> None:
    shop = steady()
    shop.deliver(START, 2 * 731)
    shop.products |= {"shirt": Product(style="Oxford", size="M"), "shirt-l": Product(style="Oxford", size="L")}
    shop.sell_daily(START, YESTERDAY, 1, "shirt-l")
    shop.deliver(START, 771, "shirt-l")
    [run] = shop.made().rows[tables.SIZE_RUNS]

    assert (run["style"], run["colour"], run["state"]) == ("Oxford", "", "M sold out, L 40 left")


def test_two_currencies_are_never_added() -> None:
    shop = steady()
    shop.deliver(START, 5000)
    shop.sell_daily(START, YESTERDAY, 1, "belt")
    shop.deliver(START, 5000, "belt")
    shop.revenues = [
        Revenue("belt", "MMK", 10, Decimal(99_000)),
        Revenue("belt", "USD", 300, Decimal(1)),
        Revenue("shirt", "USD", 700, Decimal(9_000)),
    ]
    made = shop.made()

    assert {made.line(product)["abc"] for product in ("belt", "shirt")} == {"A"}
    assert [made.line(product)["price_currency"] for product in ("belt", "shirt")] == ["MMK", "USD"]


def test_what_the_owner_expects_moves_its_month_alone() -> None:
    plain, shop = steady().made(), steady()
    shop.uplifts = [
        Uplift("2025-03", "", Decimal("1.5")),
        Uplift("2025-04", "", Decimal(9)),
        Uplift("2025-04", "shirt", Decimal(2)),
    ]
    made = shop.made()

    growth = [moved / before for moved, before in zip(quantities(made), quantities(plain), strict=True)]
    assert growth == pytest.approx([1, 1, 1.5, 2, 1, 1, 1], abs=0.001)


def test_stores_add_up_to_what_all_of_them_are_expected_to_sell() -> None:
    shop = steady()
    shop.sell_daily(START, YESTERDAY, 1, store="branch")
    shop.sell_daily(date(2024, 12, 1), YESTERDAY, 1, "belt", "branch")
    shop.deliver(START, 731, store="branch")
    made = shop.made()

    for product in ("shirt", "belt"):
        parts = [quantities(made, product, store) for store in ("main", "branch")]
        assert [sum(month) for month in zip(*parts, strict=True)] == pytest.approx(quantities(made, product), abs=0.003)
    assert quantities(made, store="main") == pytest.approx([2 * q for q in quantities(made, store="branch")], rel=0.1)
    assert made.line(store="branch")["on_hand"] == 0
    assert [row["store_id"] for row in made.rows[tables.PLAN_LINES]] == ["branch"]


def test_the_same_record_gives_the_same_rows() -> None:
    assert steady().made().rows == steady().made().rows


@pytest.mark.parametrize("timezone", ["Europe/London", "UTC", "America/New_York"])
def test_every_country_has_a_forecast(timezone: str) -> None:
    assert quantities(steady().made(timezone)) == pytest.approx([60] * 7, rel=0.15)

"""Days to months: an empty shelf is not an absence of customers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.demand import Days, monthly_demand

Floats = NDArray[np.float64]
JANUARY = 2025 * 12
DAYS = 30


def days(sold: Floats, closing: Floats, months: int = 1, on_sale: Floats | None = None) -> Days:
    month = JANUARY + np.repeat(np.arange(months), DAYS)
    return Days(month, sold, closing, np.ones(sold.shape, dtype=np.bool_) if on_sale is None else on_sale > 0)


def steady(pieces: float, months: int = 1) -> tuple[Floats, Floats]:
    return np.full((DAYS * months, 1), pieces), np.full((DAYS * months, 1), 10.0)


def test_what_was_sold_from_a_full_shelf_is_the_demand() -> None:
    found = monthly_demand(days(*steady(2.0)))
    assert found.demand[0, 0] == pytest.approx(60.0)
    assert found.seen[0, 0] == pytest.approx(1.0)
    assert found.lost[0, 0] == pytest.approx(0.0)


def test_days_with_an_empty_shelf_are_missing_and_not_zero() -> None:
    sold, closing = steady(2.0)
    sold[15:], closing[15:] = 0.0, 0.0
    found = monthly_demand(days(sold, closing))
    assert found.demand[0, 0] == pytest.approx(60.0, rel=0.02)
    assert found.sold[0, 0] == 30.0
    assert found.lost[0, 0] == pytest.approx(30.0, rel=0.05)
    assert monthly_demand(days(sold, closing), censored=False).demand[0, 0] == 30.0


def test_the_day_the_last_piece_went_is_a_lower_bound() -> None:
    sold, closing = steady(2.0)
    sold[10], closing[10] = 1.0, 0.0
    rest = 58.0
    assert monthly_demand(days(sold, closing)).demand[0, 0] > rest + 1.0


def test_a_month_that_nobody_saw_is_unknown() -> None:
    sold, closing = steady(2.0, months=2)
    sold[DAYS:], closing[DAYS:] = 0.0, 0.0
    assert np.isnan(monthly_demand(days(sold, closing, 2)).demand[0, 1])


def test_unknown_stock_hides_nothing() -> None:
    sold, closing = steady(0.0)
    assert monthly_demand(days(sold, np.full_like(closing, np.nan))).demand[0, 0] == 0.0


def test_a_product_that_is_not_on_sale_has_no_demand() -> None:
    sold, closing = steady(0.0, months=2)
    on_sale = np.repeat([0.0, 1.0], DAYS)[:, None]
    demand = monthly_demand(days(sold, closing, 2, on_sale)).demand
    assert np.isnan(demand[0, 0])
    assert demand[0, 1] == 0.0


def test_a_later_month_changes_no_earlier_one() -> None:
    draws = np.random.default_rng(2)
    sold = draws.poisson(2.0, (DAYS * 3, 4)).astype(np.float64)
    closing = draws.integers(0, 4, sold.shape).astype(np.float64)
    whole, part = (monthly_demand(days(sold[: DAYS * n], closing[: DAYS * n], n)).demand for n in (3, 2))
    assert np.array_equal(whole[:, :2], part, equal_nan=True)


def test_demand_is_never_below_what_was_sold() -> None:
    draws = np.random.default_rng(3)
    sold = draws.poisson(1.0, (DAYS, 50)).astype(np.float64)
    closing = draws.integers(-2, 3, sold.shape).astype(np.float64)
    found = monthly_demand(days(sold, closing))
    assert (np.nan_to_num(found.demand, nan=np.inf) >= found.sold).all()


def test_a_day_on_which_every_shelf_is_empty_is_not_a_closed_day() -> None:
    sold, closing = steady(20.0)
    sold[20:], closing[20:] = 0.0, 0.0
    assert monthly_demand(days(sold, closing)).demand[0, 0] == pytest.approx(600.0, rel=0.05)


def test_true_demand_is_met_on_average() -> None:
    draws = np.random.default_rng(4)
    wanted = draws.poisson(1.5, (DAYS, 400)).astype(np.float64)
    stock = np.repeat([25.0, 1000.0], 200)
    sold, closing = np.zeros_like(wanted), np.zeros_like(wanted)
    for day in range(DAYS):
        sold[day] = np.minimum(wanted[day], stock)
        stock = stock - sold[day]
        closing[day] = stock
    found = monthly_demand(days(sold, closing))
    assert found.demand[:200].mean() == pytest.approx(45.0, rel=0.08)
    assert found.sold[:200].mean() < 26

"""The parts around the forecast: size curves, the month in progress, the calendar, totals, the replay."""

from datetime import date, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from ml import totals
from ml.curves import Variants, broken_runs, shares
from ml.nowcast import nowcast, worth
from ml.replay import replayed
from ml.seasonality import seasons
from ml.smoothing import damped_trend, simple
from ml.trade import public_holidays, trade
from tillstream.errors import TerminalError

Floats = NDArray[np.float64]
SIZES = ("S", "M", "L", "XL")


def variants(styles: int) -> Variants:
    names = tuple(f"style {n}" for n in range(styles) for _ in SIZES)
    return Variants(names, ("shirts",) * len(names), SIZES * styles, ("blue",) * len(names))


def test_shares_are_what_was_sold_of_a_style() -> None:
    demand = np.tile([100.0, 400.0, 400.0, 100.0], (12, 1))
    assert shares(demand, np.ones_like(demand), variants(1)) == pytest.approx([0.1, 0.4, 0.4, 0.1], abs=0.01)


def test_a_new_style_takes_the_curve_of_its_category() -> None:
    demand = np.zeros((12, 8))
    demand[:, :4] = [100.0, 400.0, 400.0, 100.0]
    seen = np.ones_like(demand)
    seen[:11, 4:] = 0.0
    demand[11, 4:] = [0.0, 1.0, 0.0, 0.0]
    found = shares(demand, seen, variants(2))
    assert found[4:].sum() == pytest.approx(1.0)
    assert found[4:] == pytest.approx([0.1, 0.4, 0.4, 0.1], abs=0.1)


def test_a_size_that_was_out_of_stock_keeps_its_share() -> None:
    demand, seen = np.tile([100.0, 400.0, 400.0, 100.0], (12, 1)), np.ones((12, 4))
    demand[6:, 1], seen[6:, 1] = 0.0, 0.0
    assert shares(demand, seen, variants(1))[1] == pytest.approx(0.4, abs=0.02)


def test_broken_size_runs_are_named() -> None:
    found = broken_runs([3, 0, 0, 40], [1.0, 5.0, 0.0, 1.0], variants(1))
    assert found == {("style 0", "blue"): "M sold out, XL 40, S 3 left"}
    assert broken_runs([3, 1, 2, 40], [1.0] * 4, variants(1)) == {}
    assert broken_runs([0, 0, 0, 0], [1.0] * 4, variants(1)) == {}


def test_a_nowcast_begins_with_the_forecast_and_ends_with_the_sales() -> None:
    forecast, recent = np.array([60.0, 40.0]), np.array([[60.0, 60.0], [40.0, 40.0]])
    assert nowcast(np.zeros(2), forecast, recent, 0.0) == pytest.approx(forecast)
    assert nowcast(np.array([7.0, 9.0]), forecast, recent, 1.0) == pytest.approx([7.0, 9.0])


def test_a_nowcast_follows_the_pace_of_the_shop_and_the_shares_of_the_months_before() -> None:
    recent = np.tile(np.array([[600.0], [400.0]]), 6)
    found = nowcast(np.array([200.0, 200.0]), np.array([600.0, 400.0]), recent, 0.2, 1e-6)
    assert found.sum() == pytest.approx(2000.0, rel=0.01)
    assert 0.5 < found[0] / found.sum() < 0.6


@pytest.mark.parametrize("recent", [np.empty((2, 0)), np.full((2, 3), np.nan), np.zeros((2, 3))])
def test_a_nowcast_of_a_first_month_is_finite(recent: Floats) -> None:
    for so_far in (np.zeros(2), np.array([3.0, -1.0])):
        assert np.isfinite(nowcast(so_far, np.zeros(2), recent, 0.1)).all()


def test_a_share_of_a_month_that_cannot_be_is_refused() -> None:
    with pytest.raises(TerminalError):
        nowcast(np.ones(1), np.ones(1), np.ones((1, 1)), 1.2)


def test_a_restless_pace_is_worth_less_than_a_calm_one() -> None:
    calm, restless = np.array([100.0, 102.0, 98.0] * 5), np.array([20.0, 250.0, 30.0] * 5)
    assert worth(calm, 0.2) < worth(restless, 0.2)


def test_the_trade_of_a_month_is_its_days_weekdays_and_open_days() -> None:
    first, number = date(2025, 1, 1), 181
    days = [first + timedelta(days=n) for n in range(number)]
    closed = {date(2025, month, day): "Water" for month, day in ((4, 14), (4, 15), (4, 16))}
    totals_ = np.array([0.0 if d in closed else 200.0 if d.weekday() == 6 else 100.0 for d in days])
    found = trade(totals_, first, 2, closed | {date(2025, 8, 1): "Water"})
    assert len(found) == 8
    assert found[1] < found[0]
    assert found[3] == found[:7].min()
    assert found[7] < found[6]
    assert (trade(np.zeros(31), first, 1, {}) > 0).all()


def test_public_holidays_of_myanmar_are_known_and_of_nowhere_are_none() -> None:
    assert any("New Year" in name for name in public_holidays("MM", 2025, 2025).values())
    assert public_holidays("XX", 2025, 2025) == {}


def test_totals_scale_products_to_what_both_say() -> None:
    groups = np.array([0, 0, 1])
    products = np.array([[10.0, 30.0, 60.0]])
    sums = totals.summed(products, groups)
    assert sums.tolist() == [[40.0, 60.0, 100.0]]
    own, trust = np.array([[50.0, 60.0, 110.0]]), np.array([[0.5, 0.5, 0.0]])
    scaled = products * totals.scaling(sums, own, trust, groups)
    assert totals.summed(scaled, groups) == pytest.approx(np.array([[45.0, 60.0, 105.0]]))


def test_the_better_a_total_was_the_more_it_counts() -> None:
    bad, good = [np.full((1, 2), 10.0)] * 30, [np.full((1, 2), 1.0)] * 30
    assert (totals.trust_in_totals(bad, good) > 0.8).all()
    assert (totals.trust_in_totals(good, bad) < 0.1).all()


def test_a_season_is_found_in_three_years_and_noise_is_not_taken_for_one() -> None:
    draws = np.random.default_rng(1)
    wave = 1 + 0.5 * np.sin(2 * np.pi * np.arange(36) / 12)
    values = np.stack([wave * (1 + 0.05 * draws.normal(size=36)), 1 + 0.3 * draws.normal(size=36).clip(-2)], axis=1)
    found = seasons(np.maximum(values, 0), np.ones_like(values))
    assert np.abs(found.factors[:, 0] - wave[:12]).max() < 0.1
    assert np.abs(found.factors[:, 1] - 1).mean() < 0.15
    assert found.kept[0] > 0.9


def test_the_panel_lends_its_season_where_it_is_shared() -> None:
    draws = np.random.default_rng(2)
    wave = 1 + 0.5 * np.sin(2 * np.pi * np.arange(24) / 12)
    together = wave[:, None] * (1 + 0.3 * draws.normal(size=(24, 40))).clip(0.1)
    apart = np.stack([np.roll(wave, n) for n in range(40)], axis=1) * (1 + 0.3 * draws.normal(size=(24, 40))).clip(0.1)
    seen = np.ones_like(together)
    assert np.abs(seasons(together, seen).profile - wave[:12, None]).max() < 0.25
    assert np.abs(seasons(apart, seen).profile - 1).max() < 0.1


def test_smoothing_follows_a_level_and_a_trend() -> None:
    months = np.arange(36.0)
    values, seen = np.stack([np.full(36, 5.0), months + 5], axis=1), np.ones((36, 2))
    ses, theta = simple(values, seen, np.array([0.0, 1.0]), 3)
    assert ses.forecast[:, 0] == pytest.approx(5.0)
    assert (np.diff(theta.forecast[:, 1]) > 0.4).all()
    assert damped_trend(values, seen, 3).forecast[0, 1] == pytest.approx(41.0, abs=0.5)


def test_a_replay_by_hand() -> None:
    """Level 10, lead time of one month: the month's orders are what the last months sold."""
    levels, demand = np.full((1, 4), 10.0), np.array([[4.0, 8.0, 3.0, 1.0]])
    found = replayed(levels, demand)
    # starts: 10, 6, 4, 7; sold: 4, 6, 3, 1 (2 lost); orders of 0, 4, 6, 3
    assert (found.wanted[0], found.served[0], found.orders[0]) == (16.0, 14.0, 3.0)
    assert found.fill_rate == pytest.approx(14 / 16)
    assert found.cover == pytest.approx((8 + 3 + 2.5 + 6.5) / 4 / 4)


def test_a_reorder_point_saves_orders() -> None:
    levels, demand = np.full((1, 6), 12.0), np.full((1, 6), 2.0)
    found = replayed(levels, demand, reorder=np.full((1, 6), 6.0))
    assert found.orders[0] < replayed(levels, demand).orders[0]

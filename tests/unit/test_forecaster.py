"""The estimator of a panel: an answer for everything, the same for the same data, and no look into the future."""

import pickle

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone

from ml.curves import Variants
from ml.forecaster import PanelForecaster
from ml.panel import Panel
from tillstream.errors import TerminalError

Floats = NDArray[np.float64]
LEVELS = (0.05, 0.5, 0.95)
MONTHS = 36


def shop(number: int = 12, months: int = MONTHS, seed: int = 1) -> Floats:
    """A shop with a season and products of many sizes."""
    draws = np.random.default_rng(seed)
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(months) / 12)
    level = draws.lognormal(2.5, 0.8, number)
    return draws.poisson(level[:, None] * season).astype(np.float64)


def panel(demand: Floats, **more: object) -> Panel:
    return Panel(demand, tuple(f"p{n}" for n in range(len(demand))), **more)  # type: ignore[arg-type]


def edge(values: list[float], among: Floats | None = None) -> Floats:
    """One product's last months, in a shop of others unless it is alone."""
    months = MONTHS if among is None else among.shape[1]
    row = np.full(months, np.nan)
    row[months - len(values) :] = values
    return row[None] if among is None else np.vstack([among, row])


EDGES = {
    "one month": [5.0],
    "two months": [5.0, 7.0],
    "no sales at all": [],
    "all zeros": [0.0] * MONTHS,
    "a product sold once, long ago": [0.0] * 10 + [1.0] + [0.0] * 25,
    "a product sold once, just now": [0.0] * 35 + [1.0],
    "a gap year": [9.0] * 12 + [float("nan")] * 12 + [9.0] * 12,
    "a year of nothing in between": [9.0] * 12 + [0.0] * 12 + [9.0] * 12,
    "a spike of 1,000 times": [10.0] * 20 + [10_000.0] + [10.0] * 15,
    "only returns in a month": [5.0] * 30 + [-3.0] + [5.0] * 5,
    "negative months": [-4.0] * MONTHS,
    "a constant": [7.0] * MONTHS,
    "huge numbers": [1e9 + n for n in range(MONTHS)],
    "a discontinued style": [20.0] * 12 + [0.0] * 24,
}


def said(demand: Floats, **more: object) -> tuple[Floats, Floats, Floats]:
    model = PanelForecaster().fit(panel(demand, **more))
    forecast = model.predict(6, LEVELS)
    return forecast.quantity, forecast.quantiles, model.predict_sums(LEVELS)


@pytest.mark.parametrize(("number", "months"), [(250, 30), (450, 18), (700, 14)])
def test_a_large_shop_with_a_short_history_has_an_answer(number: int, months: int) -> None:
    quantity, quantiles, _ = said(shop(number, months))
    assert np.isfinite(quantity).all()
    assert np.isfinite(quantiles).all()


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "in a shop"])
@pytest.mark.parametrize("values", EDGES.values(), ids=EDGES)
def test_every_history_has_an_answer(values: list[float], alone: bool) -> None:
    demand = edge(values, None if alone else shop())
    quantity, quantiles, sums = said(demand)
    for found in (quantity, quantiles, sums):
        assert np.isfinite(found).all()
        assert (found >= 0).all()
    assert (np.diff(quantiles, axis=0) >= 0).all()
    assert (np.diff(sums, axis=0) >= 0).all()


@pytest.mark.parametrize("months", [1, 2, 3, 5, 8, 11, 13, 23, 24, 25])
def test_every_length_of_history_has_an_answer(months: int) -> None:
    for found in said(shop(months=months)):
        assert np.isfinite(found).all()


def test_a_panel_without_months_forecasts_nothing() -> None:
    quantity, _, _ = said(np.empty((3, 0)))
    assert not quantity.any()


@pytest.mark.parametrize("values", ["no sales at all", "all zeros", "negative months"])
def test_what_never_sold_is_expected_to_sell_nothing_when_it_is_alone(values: str) -> None:
    quantity, quantiles, _ = said(edge(EDGES[values]))
    assert not quantity.any()
    assert quantiles[1].max() < 1e-9


def test_a_spike_does_not_carry_over() -> None:
    quantity, _, _ = said(edge(EDGES["a spike of 1,000 times"]))
    assert (quantity < 20).all()


def test_dead_stock_is_seen_to_be_dead() -> None:
    quantity, _, _ = said(edge(EDGES["a discontinued style"], shop()))
    assert (quantity[-1] < 1).all()


def test_a_year_of_returns_is_no_demand() -> None:
    demand = shop()
    returned = demand.copy()
    returned[0, 20] = -50.0
    nothing = demand.copy()
    nothing[0, 20] = 0.0
    assert np.array_equal(said(returned)[0], said(nothing)[0])


def test_a_new_product_sells_like_its_category() -> None:
    demand = np.vstack([shop(8), np.full((1, MONTHS), np.nan)])
    groups = ("a",) * 4 + ("b",) * 4 + ("b",)
    forecast = PanelForecaster().fit(panel(demand, groups=groups)).predict(1)
    category = demand[4:8, -12:].mean()
    assert forecast.method[-1] == "category"
    assert 0.4 * category < forecast.quantity[-1, 0] < 2.5 * category


def test_own_sales_count_more_and_more() -> None:
    shares = []
    for months in (1, 3, 5):
        demand = np.vstack([shop(8), np.full((1, MONTHS), np.nan)])
        demand[-1, -months:] = 1000.0
        shares.append(PanelForecaster().fit(panel(demand, groups=("a",) * 9)).predict(1).quantity[-1, 0])
    assert shares == sorted(shares)


def test_the_season_is_found() -> None:
    quantity, _, _ = said(shop(40))
    season = 1 + 0.4 * np.sin(2 * np.pi * np.arange(6) / 12)
    assert np.corrcoef(quantity.sum(axis=0), season)[0, 1] > 0.9


def test_less_than_two_years_says_that_the_season_is_unknown_and_is_less_sure() -> None:
    year, years = (PanelForecaster().fit(panel(shop(40)[:, -months:])).predict(6, (0.1, 0.9)) for months in (12, 36))
    assert not year.season_known.any()
    assert years.season_known.all()
    assert np.ptp(year.quantiles, axis=0).sum() > np.ptp(years.quantiles, axis=0).sum()


def test_the_owners_uplift_moves_its_month_only() -> None:
    model = PanelForecaster().fit(panel(shop() + 0.5))  # not by the piece: whole numbers have no exact half more
    plain, raised = model.predict(3), model.predict(3, uplift=np.array([1.0, 1.5, 1.0]))
    assert np.allclose(raised.quantity / plain.quantity, [1.0, 1.5, 1.0])
    assert np.allclose(raised.quantiles[:, :, 1], 1.5 * plain.quantiles[:, :, 1])
    sums = model.predict_sums((0.5,)), model.predict_sums((0.5,), uplift=np.array([2.0]))
    assert np.allclose(sums[1][:, :, 0], 2 * sums[0][:, :, 0])


@pytest.mark.parametrize("uplift", [[-1.0], [float("nan")], [1.0] * 7])
def test_an_uplift_that_makes_no_sense_is_refused(uplift: list[float]) -> None:
    with pytest.raises(TerminalError):
        PanelForecaster().fit(panel(shop())).predict(uplift=np.array(uplift))


def test_the_same_data_give_the_same_bytes() -> None:
    first, second = (said(shop(260), groups=("a", "b") * 130) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.tobytes() == other.tobytes()


def test_the_future_changes_no_forecast() -> None:
    demand = shop(250, MONTHS + 6)
    changed = demand.copy()
    changed[:, MONTHS:] = 1e6
    before, after = (said(some[:, :MONTHS]) for some in (demand, changed))
    for one, other in zip(before, after, strict=True):
        assert one.tobytes() == other.tobytes()


def test_earlier_origins_do_not_see_what_came_after_them() -> None:
    demand = shop(40)
    changed = demand.copy()
    changed[:, -1] *= 50
    origins, others = (PanelForecaster().fit(panel(some)).backtest_.origins for some in (demand, changed))
    for one, other in zip(origins[1:], others[1:], strict=True):
        assert np.array_equal(one.forecasts, other.forecasts, equal_nan=True)
        assert np.array_equal(one.season.factors, other.season.factors)
    assert not np.array_equal(origins[0].forecasts, others[0].forecasts, equal_nan=True)


def test_it_is_a_scikit_learn_estimator() -> None:
    model = PanelForecaster(3, 8, corrector=False, seed=4)
    copy = clone(model)
    assert copy.get_params() == {"horizon": 3, "origins": 8, "corrector": False, "seed": 4}
    fitted = copy.set_params(horizon=2).fit(panel(shop()))
    again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 our own bytes
    assert np.array_equal(again.predict().quantity, fitted.predict().quantity)
    assert fitted.predict().quantity.shape == (12, 2)


def test_products_add_up_to_what_their_totals_say() -> None:
    """A shop whose products are noise, but whose total is plain, is forecast by its total."""
    draws = np.random.default_rng(3)
    total = 1000 * (1 + 0.5 * np.sin(2 * np.pi * np.arange(MONTHS + 1) / 12))
    shares = draws.dirichlet(np.full(30, 0.5), size=MONTHS + 1)
    demand = (total[:, None] * shares).T
    plain, summed = (
        PanelForecaster().fit(panel(demand[:, :-1], **more)).predict(1).quantity.sum()
        for more in ({}, {"groups": ("a",) * 30})
    )
    assert abs(summed - total[-1]) < abs(plain - total[-1])


def test_styles_lend_their_products_strength() -> None:
    draws = np.random.default_rng(5)
    sizes, share = ("S", "M", "L", "XL"), np.array([0.1, 0.4, 0.35, 0.15])
    rate = 12 * (1 + 0.3 * np.sin(2 * np.pi * np.arange(MONTHS + 6) / 12))
    demand = np.vstack([draws.poisson(rate * part) for _ in range(20) for part in share]).astype(np.float64)
    names = tuple(f"style {n}" for n in range(20) for _ in sizes)
    variants = Variants(names, ("shirts",) * 80, sizes * 20, ("blue",) * 80)
    expected = np.tile(rate[None, -6:] * share[:, None], (20, 1))
    errors = [
        np.abs(PanelForecaster().fit(panel(demand[:, :MONTHS], **more)).predict(6).quantity - expected).sum()
        for more in ({}, {"variants": variants})
    ]
    assert errors[1] < errors[0]


def test_where_last_month_is_best_it_is_used_and_said() -> None:
    """Levels that jump every few months, and then stay: nothing beats the last month."""
    draws = np.random.default_rng(9)
    demand = np.repeat(draws.lognormal(3.0, 1.0, (60, 8)), 6, axis=1)
    forecast = PanelForecaster(1).fit(panel(demand[:, :46])).predict(1)
    assert forecast.method.count("last month") > 20
    for number, method in enumerate(forecast.method):
        if method == "last month":
            assert forecast.last_month_error[number] <= forecast.naive_error[number]


def test_intervals_cover_what_they_promise() -> None:
    whole, covered = shop(400, MONTHS + 12, seed=8), []
    for start in (0, 6):  # into the high season, and into the low one
        demand = whole[:, start : start + MONTHS + 6]
        forecast = PanelForecaster(corrector=False).fit(panel(demand[:, :MONTHS])).predict(6, (0.1, 0.9))
        inside = (demand[:, MONTHS:] >= forecast.quantiles[0]) & (demand[:, MONTHS:] <= forecast.quantiles[1])
        covered.append(inside.mean())
    assert 0.77 < np.mean(covered) < 0.85


@pytest.mark.parametrize(
    ("ids", "shape", "more"),
    [
        (("a", "a"), (2, 3), {}),
        (("a",), (2, 3), {}),
        (("a", "b"), (2, 3), {"groups": ("x",)}),
        (("a", "b"), (2, 3), {"trade": np.array([1.0, 0.0, 1.0])}),
        (("a", "b"), (2, 3), {"trade": np.array([1.0])}),
    ],
    ids=["twice", "too few", "groups", "no trade", "short trade"],
)
def test_a_panel_that_does_not_fit_is_refused(
    ids: tuple[str, ...], shape: tuple[int, int], more: dict[str, object]
) -> None:
    with pytest.raises(TerminalError):
        Panel(np.ones(shape), ids, **more)  # type: ignore[arg-type]


def test_a_question_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(TerminalError):
        PanelForecaster().fit(Panel(np.empty((0, 3)), ()))
    with pytest.raises(TerminalError):
        PanelForecaster(0).fit(panel(shop()))
    model = PanelForecaster(3).fit(panel(shop()))
    with pytest.raises(TerminalError):
        model.predict(4)
    with pytest.raises(TerminalError):
        model.predict(2, (0.5, 1.0))


def test_a_longer_month_sells_more() -> None:
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] * 3, dtype=np.float64)
    demand = 10 * np.tile(days, (5, 1))
    quantity = PanelForecaster().fit(panel(demand[:, :13], trade=days)).predict(2).quantity
    assert np.allclose(quantity, [[280.0, 310.0]] * 5, rtol=0.01)

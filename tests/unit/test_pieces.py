"""Months of a few pieces: what the law of counts adds to the quantiles of past errors."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import poisson

from ml.forecaster import PanelForecaster
from ml.intervals import Case
from ml.panel import Panel
from ml.pieces import Pieces, whole_pieces

LEVELS = np.array([0.1, 0.5, 0.9])
SERIES = 500
Floats = NDArray[np.float64]


def learned(mean: float, whole: bool = True) -> Pieces:
    """From months whose demand comes by chance alone, at a rate that was forecast right."""
    draws = np.random.default_rng(1)
    shape = (1, SERIES)
    cases = [
        Case(np.full(shape, mean), draws.poisson(mean, shape).astype(float), np.empty((0, *shape))) for _ in range(12)
    ]
    return Pieces(cases, [np.ones(SERIES)] * 12, np.full(SERIES, whole))


def quantiles(pieces: Pieces, plain: list[float], mean: float, known: bool = True) -> list[float]:
    """Of the first series, at LEVELS."""
    every = np.repeat(np.array(plain)[:, None, None], SERIES, axis=2)
    forecast = np.full((1, SERIES), mean)
    drawn = pieces.quantiles(every, forecast, np.full(SERIES, known), LEVELS, np.full(SERIES, 0.5))
    return [float(value) for value in pieces.rounded(drawn, forecast)[:, 0, 0]]


def test_they_lie_half_way_between_past_errors_and_the_law() -> None:
    law = [float(value) for value in poisson.ppf(LEVELS, 4.0)]
    assert law == [2.0, 4.0, 7.0]
    say = 0.5 * 10 / 14
    wanted = [round(say * a + (1 - say) * b) for a, b in zip(law, [0.2, 3.0, 12.4], strict=True)]
    assert quantiles(learned(4.0), [0.2, 3.0, 12.4], 4.0) == wanted == [1.0, 3.0, 10.0]


def test_of_many_pieces_past_errors_know_better() -> None:
    assert quantiles(learned(4.0), [8_000.2, 9_000.0, 12_000.4], 9_000.0) == [8_000.2, 9_000.0, 12_000.4]


def test_a_season_that_is_not_known_is_wider_than_any_law() -> None:
    assert quantiles(learned(4.0), [0.2, 3.0, 12.4], 4.0, known=False) == [0.0, 3.0, 12.0]


def test_what_is_not_sold_by_the_piece_stays_as_it_is() -> None:
    assert quantiles(learned(4.0, whole=False), [0.2, 3.0, 12.4], 4.0) == [0.2, 3.0, 12.4]


@pytest.mark.parametrize(
    ("demand", "whole"),
    [([1, 0, np.nan, 3], True), ([1, 0, 2.5, 3], True), ([0.5, 1.2, np.nan, 3], False), ([np.nan] * 4, False)],
)
def test_most_months_tell_whether_it_is_sold_by_the_piece(demand: list[float], whole: bool) -> None:
    assert whole_pieces(np.array([demand])).tolist() == [whole]


def test_slow_movers_are_forecast_better_than_by_past_errors_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(3)
    rates = np.exp(draws.normal(-0.5, 0.8, 250))[:, None]
    demand = draws.poisson(draws.gamma(2.0, rates / 2.0, (250, 42))).astype(float)
    panel, actual = Panel(demand[:, :36], tuple(map(str, range(250)))), demand[:, 36:]
    model = PanelForecaster(corrector=False).fit(panel)
    with_law = loss(model.predict(6, LEVELS.tolist()).quantiles, actual)
    monkeypatch.setattr(Pieces, "quantiles", lambda _self, plain, *_: plain)
    assert with_law < 0.97 * loss(model.predict(6, LEVELS.tolist()).quantiles, actual)


def test_a_slow_mover_is_not_forecast_by_its_most_usual_month() -> None:
    demand = np.random.default_rng(5).negative_binomial(0.3, 0.3, (150, 42)).astype(float)
    panel = Panel(demand[:, :36], tuple(map(str, range(150))))
    expected = PanelForecaster(corrector=False).fit(panel).predict(6).quantity.mean()
    assert 0.85 < expected / demand.mean() < 1.1


def test_what_a_slow_mover_is_ordered_by_does_not_swing_with_each_month(monkeypatch: pytest.MonkeyPatch) -> None:
    """The .95 quantile of two months together, a month later: what it rose by was bought and stays."""
    draws = np.random.default_rng(6)
    rates = np.exp(draws.normal(-0.5, 0.6, 200))[:, None]
    demand = draws.negative_binomial(1.0, 1 / (1 + rates), (200, 39)).astype(float)

    def swing() -> float:
        panels = [Panel(demand[:, end - 36 : end], tuple(map(str, range(200)))) for end in (36, 37)]
        before, after = (PanelForecaster(corrector=False).fit(one).predict_sums([0.95])[0, :, 1] for one in panels)
        assert 0.90 < (demand[:, 36:38].sum(axis=1) <= before).mean() < 0.98
        return float(np.abs(after - before).mean() / before.mean())

    with_law = swing()
    monkeypatch.setattr(Pieces, "quantiles", lambda _self, plain, *_: plain)
    assert with_law < 0.7 * swing()


def test_what_is_forecast_as_nothing_may_still_be_asked_for() -> None:
    """Six months of nothing or of some: last month says best what comes, and never for sure."""
    draws = np.random.default_rng(9)
    blocks = draws.poisson(4.0, (120, 8)) * (draws.random((120, 8)) < 0.5)
    demand = np.repeat(blocks, 6, axis=1)[:, :46].astype(float)
    model = PanelForecaster(2, corrector=False).fit(Panel(demand, tuple(map(str, range(120)))))
    nothing = (demand[:, -1] == 0) & (np.array(model.predict().method) == "last month")
    assert nothing.sum() > 50
    assert (model.predict_sums([0.95])[0, nothing, 1] > 0).mean() > 0.9


def test_an_uplift_moves_the_quantiles_of_its_month_only() -> None:
    demand = np.random.default_rng(4).poisson(6.0, (40, 36)).astype(float)
    model = PanelForecaster().fit(Panel(demand, tuple(map(str, range(40)))))
    plain, raised = model.predict(3).quantiles, model.predict(3, uplift=np.array([1.0, 2.0, 1.0])).quantiles
    assert np.array_equal(raised[:, :, [0, 2]], plain[:, :, [0, 2]])
    assert np.abs(raised[1:, :, 1] - 2 * plain[1:, :, 1]).max() <= 3
    assert (raised[1:, :, 1] > plain[1:, :, 1]).all()


def test_without_levels_there_are_no_quantiles() -> None:
    assert PanelForecaster().fit(Panel(np.ones((5, 36)), tuple("abcde"))).predict(6, ()).quantiles.shape == (0, 5, 6)


def loss(found: Floats, actual: Floats) -> float:
    """The mean quantile loss."""
    error, level = actual - found, LEVELS[:, None, None]
    return float(np.maximum(level * error, (level - 1) * error).mean())

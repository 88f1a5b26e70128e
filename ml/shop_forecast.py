"""What is issued of a store, or of all of them: the month in progress, and those after it.

The forecast learns from the months that are over. The month in progress is its first month; as soon as days of it have
passed it is carried on from what was sold (`ml.nowcast`), and what it may still miss by shrinks with what is left.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ml.forecast import PanelForecast
from ml.forecaster import PanelForecaster
from ml.nowcast import nowcast, worth
from ml.outlook import LEVELS, Outlook, left_of_month
from ml.panel import Panel
from ml.store_record import Catalogue, Store
from ml.trade import trade
from tillstream.months import YEAR

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

AHEAD = 6  # months after the one in progress
MONTHS = AHEAD + 1
QUANTILES = (0.1, 0.5, 0.9)
RECENT_DAYS = 31  # whose ups and downs tell how far a few days of a month can be trusted


@dataclass(frozen=True)
class Issued:
    """Products x MONTHS. `remaining`, `sums`: what is still to come, as in `Outlook`; `first`: likewise.

    `nowcast`: whether the first month is told by what it has brought.
    """

    store: Store
    forecast: PanelForecast
    nowcast: bool
    remaining: Floats
    sums: Floats  # levels x products x months
    first: float

    def outlook(self, product: int) -> Outlook:
        """What lies ahead of one product."""
        return Outlook(self.remaining[product], np.array(LEVELS), self.sums[:, product], self.first)

    @cached_property
    def sold_last_year(self) -> Floats:
        """Pieces by product, in the last twelve months that are over."""
        found: Floats = self.store.demand.sold[:, -YEAR:].sum(axis=1)
        return found

    @cached_property
    def lost_last_year(self) -> Floats:
        """Pieces that empty shelves cost, likewise, by estimate."""
        found: Floats = self.store.demand.lost[:, -YEAR:].sum(axis=1)
        return found


def trade_of(store: Store, festivals: Mapping[date, str]) -> Floats:
    """The trade of each month that is over and of those ahead; () without a month."""
    over = store.span.closed_days
    return trade(store.totals[:over], store.span.first, MONTHS, festivals) if over else np.empty(0)


def issue(store: Store, catalogue: Catalogue, month_trade: Floats, factors: Floats, seed: int = 0) -> Issued:
    """The forecast. `factors`: what to multiply it by, by product and month; 0 where nothing can be sold any more."""
    panel = Panel(store.demand.demand, catalogue.ids, catalogue.categories, month_trade, catalogue.variants)
    fitted = PanelForecaster(MONTHS, seed=seed).fit(panel)
    plain = fitted.predict(quantiles=QUANTILES, uplift=factors)
    first = left_of_month(store.span.today)
    forecast = _carried_on(plain, store, factors[:, :1] > 0, 1 - first) if first < 1 else plain
    remaining = forecast.quantity.copy()
    remaining[:, 0] = np.maximum(remaining[:, 0] - store.so_far, 0.0)
    ahead = np.arange(1, MONTHS + 1)
    off = fitted.predict_sums(LEVELS, uplift=factors) - np.cumsum(plain.quantity, axis=1)
    # Errors of independent days: those of k months, a part of which has passed, spread like the root of what is left.
    sums = np.cumsum(remaining, axis=1) + off * np.sqrt((ahead - 1 + first) / ahead)
    return Issued(store, forecast, first < 1, remaining, np.maximum(sums, 0.0), first)


def _carried_on(plain: PanelForecast, store: Store, sells: Bools, passed: float) -> PanelForecast:
    """The forecast with the month in progress told by what it has brought."""
    quantity, quantiles = plain.quantity.copy(), plain.quantiles.copy()
    before = plain.quantity[:, 0]
    recent = store.totals[: store.span.closed_days][-RECENT_DAYS:]
    now = np.maximum(nowcast(store.of_days, before, store.demand.sold * sells, passed, worth(recent)), store.so_far)
    quantity[:, 0] = now
    quantiles[:, :, 0] = np.maximum(now + (quantiles[:, :, 0] - before) * np.sqrt(1 - passed), store.so_far)
    return replace(plain, quantity=quantity, quantiles=quantiles)


def adding_up(stores: list[Issued], whole: Issued) -> list[Issued]:
    """The stores' forecasts, scaled so that together they say what all of them are expected to sell."""
    sold = np.zeros((len(stores), *whole.forecast.quantity.shape))
    sold[:, :, 0] = [one.store.so_far for one in stores]
    ahead = np.maximum(np.stack([one.forecast.quantity for one in stores]) - sold, 0.0)
    wanted = np.maximum(whole.forecast.quantity - sold.sum(axis=0), 0.0)
    sums = ahead.sum(axis=0)
    factor = np.where(sums > 0, wanted / np.where(sums > 0, sums, 1.0), 1.0)
    shares = np.where(sums > 0, ahead * factor, wanted / len(stores))
    return [_scaled(*parts, factor) for parts in zip(stores, sold, shares, strict=True)]


def _scaled(one: Issued, sold: Floats, share: Floats, factor: Floats) -> Issued:
    quantiles = sold + np.maximum(one.forecast.quantiles - sold, 0.0) * factor
    before, after = np.cumsum(one.remaining, axis=1), np.cumsum(share, axis=1)
    growth = np.where(before > 0, after / np.where(before > 0, before, 1.0), 1.0)
    forecast = replace(one.forecast, quantity=sold + share, quantiles=quantiles)
    return replace(one, forecast=forecast, remaining=share, sums=one.sums * growth)

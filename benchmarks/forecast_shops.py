"""Shops by the day: the simulated one, whose true demand is known, and the year of 2019."""

import numpy as np

from benchmarks.figures import Figure, at_most, missing, told
from benchmarks.monthly_panels import HORIZON, Floats
from benchmarks.sales_2019 import Year, sales_of_2019
from benchmarks.shop_demand import ShopHistory
from ml.demand import monthly_demand
from ml.forecaster import PanelForecaster
from ml.nowcast import nowcast, worth
from ml.panel import Panel

ORIGINS = (6, 12, 18, 24)
# A product sells a few pieces a month: the luck of the draw, which nobody can forecast, hides what it lost.
JUDGED = ("category", "shop")
FIRST_MONTH, EARLY_DAYS = 6, 5  # July; days of a month that are known when it is nowcast


def stock_outs(shop: ShopHistory) -> list[Figure]:
    """Errors against true demand with and without what empty shelves teach, by how much is added up."""
    told_apart = [_errors(shop, censored=censored) for censored in (True, False)]
    found = []
    for level in ("product", "style", "category", "shop"):
        with_it, without = (errors[level] for errors in told_apart)
        gain = 100 * (with_it / without - 1)
        title = f"simulated shop, errors by {level} and month"
        found.append(told(f"{title} (peer: sales taken for demand)", 100 * with_it, "%", 100 * without))
        name = f"{title}, what handling stock-outs changes"
        judged = level in JUDGED
        found.append(at_most(name, gain, -10.0, "%") if judged else told(name, gain, "%"))
    return found


def _errors(shop: ShopHistory, *, censored: bool) -> dict[str, float]:
    demand = monthly_demand(shop.days, censored=censored).demand
    off: dict[str, list[float]] = {"product": [], "style": [], "category": [], "shop": []}
    for back in ORIGINS:
        end = demand.shape[1] - back
        panel = Panel(demand[:, :end], tuple(map(str, range(len(demand)))), shop.categories, variants=shop.variants)
        forecast = PanelForecaster(HORIZON).fit(panel).predict(HORIZON).quantity
        actual = shop.truth[:, end : end + HORIZON]
        there = ~np.isnan(actual).any(axis=1)
        for level, names in (
            ("product", tuple(map(str, range(len(demand))))),
            ("style", shop.variants.styles),
            ("category", shop.categories),
            ("shop", ("",) * len(demand)),
        ):
            off[level].append(_off(forecast[there], actual[there], np.array(names)[there]))
    return {level: float(np.mean(values)) for level, values in off.items()}


def _off(forecast: Floats, actual: Floats, names: np.ndarray[tuple[int], np.dtype[np.str_]]) -> float:
    """Sum of absolute errors over the sum of actuals, of the sums by name."""
    members = np.unique(names)[:, None] == names
    return float(np.abs(members @ (forecast - actual)).sum() / actual.sum())


def year_2019() -> list[Figure]:
    """Next month's forecast and the nowcast after five days, July to December; skipped without the files."""
    year = sales_of_2019()
    if year is None:
        print("  The files of 2019 are not here: their two figures are skipped.", flush=True)
        return [missing("2019: next month, nowcast", failed=False)]
    monthly = np.stack([year.sold[year.month == month].sum(axis=0) for month in np.unique(year.month)], axis=1)
    days = np.bincount(year.month - year.month[0]).astype(np.float64)
    ahead = off = total = 0.0
    for month in range(FIRST_MONTH, 12):
        panel = Panel(monthly[:, :month], year.products, trade=days[: month + 1])
        forecast = PanelForecaster().fit(panel).predict(1).quantity[:, 0]
        early = _early(year, month, forecast, monthly[:, :month])
        ahead += float(np.abs(forecast - monthly[:, month]).sum())
        off += float(np.abs(early - monthly[:, month]).sum())
        total += float(monthly[:, month].sum())
    naive = float(np.abs(np.diff(monthly[:, FIRST_MONTH - 1 :], axis=1)).sum()) / total
    return [
        at_most("2019: next month from July on, WAPE (peer: last month)", 100 * ahead / total, 20.6, "%", 100 * naive),
        at_most("2019: nowcast after five days, WAPE", 100 * off / total, 3.5, "%"),
    ]


def _early(year: Year, month: int, forecast: Floats, recent: Floats) -> Floats:
    """The nowcast after EARLY_DAYS of a month of 2019."""
    this, last = (year.sold[year.month == year.month[0] + number] for number in (month, month - 1))
    share = worth(last.sum(axis=1))
    return nowcast(this[:EARLY_DAYS].sum(axis=0), forecast, recent, EARLY_DAYS / len(this), share)

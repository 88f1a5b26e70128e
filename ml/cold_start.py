"""Products with 0 to 5 months of sales: what their category sells along a launch, and more and more their own.

Arrays are months x series. The age of a month is 0 in the month of a product's first sale.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

YOUNG = 6  # months of sales from which a product speaks for itself
OWN_WEIGHT = 2.0  # months of sales with which a product counts as much as its category
CURVE_PRIOR = 5.0  # launches that the flat curve counts as
LEAST_LAUNCHES = 3


def launch_curve(demand: Floats, seen: Floats, horizon: int) -> Floats:
    """By age, demand next to the product's mean of months 3 to 11; learned from launches within the history."""
    ages = YOUNG + horizon
    age = np.where(seen > 0, np.cumsum(seen, axis=0) - 1, -1).astype(np.int64)
    launched = (seen[0] == 0) & (seen.sum(axis=0) >= 2 * YOUNG)
    if launched.sum() < LEAST_LAUNCHES:
        return np.ones(ages)
    mature = (age >= 3) & (age < 2 * YOUNG)
    level = (demand * mature).sum(axis=0) / np.maximum(mature.sum(axis=0), 1)
    launched &= level > 0
    curve = np.ones(ages)
    for month in range(min(ages, 2 * YOUNG)):
        there = (age == month) & launched
        told = float((there * np.minimum(demand / np.maximum(level, 1e-9), 4.0)).sum())
        curve[month] = (told + CURVE_PRIOR) / (float(there.sum()) + CURVE_PRIOR)
    return curve


def young_forecast(
    demand: Floats, seen: Floats, profile: Floats, horizon: int, groups: Ints | None
) -> tuple[NDArray[np.bool_], Floats]:
    """Which series are young, and the forecast of all as if they were: horizon x series, in pieces.

    `profile`: the panel's season by phase and series. A product that never sold gets its category's mean.
    """
    count = seen.sum(axis=0)
    young = count < YOUNG
    forecast = np.zeros((horizon, demand.shape[1]))
    if not young.any():
        return young, forecast
    curve = launch_curve(demand, seen, horizon)
    months = len(demand)
    usual = profile[(np.arange(months) - months) % len(profile)]
    age = np.where(seen > 0, np.cumsum(seen, axis=0) - 1, 0).astype(np.int64)
    expected = usual * curve[np.minimum(age, len(curve) - 1)] * seen
    own = (demand * seen).sum(axis=0) / np.maximum(expected.sum(axis=0), 1e-9)
    level = _category_level(demand, seen, young, groups)
    share = count / (count + OWN_WEIGHT)
    level = np.where(np.isnan(level), own, share * own + (1 - share) * level)
    ahead = np.minimum(count.astype(np.int64) + np.arange(horizon)[:, None], len(curve) - 1)
    forecast = level * curve[ahead] * profile[np.arange(horizon) % len(profile)]
    return young, forecast


def _category_level(demand: Floats, seen: Floats, young: NDArray[np.bool_], groups: Ints | None) -> Floats:
    """The mean of the last year of the products of the category that are sold still; of the shop where it has none."""
    last = seen[-12:]
    level = (demand[-12:] * last).sum(axis=0) / np.maximum(last.sum(axis=0), 1.0)
    grown = ~young & (level > 0)
    shop = float(level[grown].mean()) if grown.any() else np.nan
    found = np.full(demand.shape[1], shop)
    if groups is not None:
        for group in np.unique(groups[young]):
            members = (groups == group) & grown
            if members.any():
                found[groups == group] = float(level[members].mean())
    return found

"""Forecasts that add up: what categories and the shop are expected to sell is what their products are expected to sell.

Categories and the shop are forecast by themselves too. Between that and the sum of the products lies, by inverse
variance, what both together say; the variances are those of both at earlier origins. The products are then scaled to
it, so that they stay non-negative and every level is the sum of the one below.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST, LEAST = 1.5, 1 / 1.5  # how far totals may scale products: beyond, one of the two forecasts is broken
ERRORS_PRIOR = (
    6.0  # errors with which the measured trust counts half, and half an even split that stays near the products
)
PRIOR_TRUST = 0.3


def summed(values: Floats, groups: Ints) -> Floats:
    """… x categories and, as the last one, the shop; from … x products."""
    members = (groups == np.arange(groups.max() + 1)[:, None]).astype(np.float64)
    found: Floats = values @ np.vstack([members, np.ones(len(groups))]).T
    return found


def trust_in_totals(sum_errors: list[Floats], own_errors: list[Floats]) -> Floats:
    """Horizon x totals: the weight of a total's own forecast next to the sum of its products.

    Errors are horizon x totals by origin, NaN where the actual is not known.
    """
    sums, own = np.stack(sum_errors), np.stack(own_errors)
    known = ~(np.isnan(sums) | np.isnan(own))
    count = known.sum(axis=0)
    sum_square = np.where(known, sums, 0.0) ** 2
    own_square = np.where(known, own, 0.0) ** 2
    total = sum_square.sum(axis=0) + own_square.sum(axis=0)
    measured = np.where(total > 0, sum_square.sum(axis=0) / np.where(total > 0, total, 1.0), PRIOR_TRUST)
    share = count / (count + ERRORS_PRIOR)
    found: Floats = share * measured + (1 - share) * PRIOR_TRUST
    return found


def scaling(sums: Floats, own: Floats, trust: Floats, groups: Ints) -> Floats:
    """Horizon x products: what to multiply the products' forecasts by. `sums`, `own`, `trust`: horizon x totals."""
    agreed = sums + trust * (own - sums)
    categories = agreed[:, :-1]
    bottom = categories.sum(axis=1)
    shop = bottom + trust[:, -1] * (own[:, -1] - bottom)
    agreed = categories * np.clip(shop / np.where(bottom > 0, bottom, 1.0), LEAST, MOST)[:, None]
    factor = np.where(sums[:, :-1] > 0, agreed / np.where(sums[:, :-1] > 0, sums[:, :-1], 1.0), 1.0)
    return np.clip(factor, LEAST, MOST)[:, groups]

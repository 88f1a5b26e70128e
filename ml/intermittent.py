"""Demand with many months of nothing: SBA, TSB and IMAPA, for many series at once.

Arrays are months x series as in `ml.smoothing`; the forecasts are flat, so one value by series comes back.
"""

import numpy as np
from numpy.typing import NDArray

from ml.smoothing import last_seen, start_level

Floats = NDArray[np.float64]

ALPHAS = (0.05, 0.1, 0.2)  # the literature's range; the forecasts of all are averaged
TWO_YEARS = 24
LEVELS = 6  # IMAPA adds up at most so many months


def sba(values: Floats, seen: Floats) -> Floats:
    """Croston's method with the correction of Syntetos and Boylan (2005)."""
    sizes, intervals = _first_size(values, seen), _mean_interval(values, seen)
    forecasts = []
    for alpha in ALPHAS:
        size, interval = sizes.copy(), intervals.copy()
        since = np.ones_like(size)
        for value, is_seen in zip(values, seen, strict=True):
            sold = (value > 0) & (is_seen > 0)
            size += np.where(sold, alpha * (value - size), 0.0)
            interval += np.where(sold, alpha * (since - interval), 0.0)
            since = np.where(sold, 1.0, since + is_seen)
        forecasts.append((1 - alpha / 2) * size / np.maximum(interval, 1.0))
    found: Floats = np.mean(forecasts, axis=0)
    return found


def tsb(values: Floats, seen: Floats) -> Floats:
    """Teunter, Syntetos and Babai (2011): the chance of a sale fades every month, so dead stock is seen to die."""
    sizes, chances = _first_size(values, seen), 1 / _mean_interval(values, seen)
    forecasts = []
    for alpha in ALPHAS:
        size, chance = sizes.copy(), chances.copy()
        for value, is_seen in zip(values, seen, strict=True):
            sold = (value > 0) & (is_seen > 0)
            size += np.where(sold, alpha * (value - size), 0.0)
            chance += np.where(is_seen > 0, alpha * (sold - chance), 0.0)
        forecasts.append(size * chance)
    found: Floats = np.mean(forecasts, axis=0)
    return found


def imapa(values: Floats, seen: Floats) -> Floats:
    """Petropoulos and Kourentzes (2015): the mean over sums of 1, 2, … months, up to the mean interval of sales."""
    longest = np.clip(np.round(_mean_interval(values, seen)), 1, LEVELS)
    total, number = np.zeros(values.shape[1]), np.zeros(values.shape[1])
    for months in range(1, LEVELS + 1):
        wanted = longest >= months
        if wanted.any():
            total[wanted] += _smoothed_sums(values[:, wanted], seen[:, wanted], months)
            number[wanted] += 1
    return total / np.maximum(number, 1.0)


def two_years(values: Floats, seen: Floats) -> Floats:
    """The mean of the last two years that were seen: what swings least from one month to the next."""
    last = last_seen(seen, TWO_YEARS)
    found: Floats = (values * last).sum(axis=0) / np.maximum(last.sum(axis=0), 1.0)
    return found


def _smoothed_sums(values: Floats, seen: Floats, months: int) -> Floats:
    """SES over the means of blocks of months that end with the last month."""
    missing = -len(values) % months
    shape = (-1, months, values.shape[1])
    there = np.pad(seen, ((missing, 0), (0, 0))).reshape(shape).sum(axis=1)
    sums = np.pad(values * seen, ((missing, 0), (0, 0))).reshape(shape).sum(axis=1)
    means, whole = sums / np.maximum(there, 1.0), (there > months / 2).astype(np.float64)
    start = start_level(means, whole)
    forecasts = []
    for alpha in ALPHAS:
        level = start.copy()
        for value, is_seen in zip(means, whole, strict=True):
            level += alpha * is_seen * (value - level)
        forecasts.append(level)
    found: Floats = np.mean(forecasts, axis=0)
    return found


def _first_size(values: Floats, seen: Floats) -> Floats:
    sold = ((values > 0) & (seen > 0)).astype(np.float64)
    return start_level(values, sold)


def _mean_interval(values: Floats, seen: Floats) -> Floats:
    sold = ((values > 0) & (seen > 0)).sum(axis=0)
    found: Floats = np.maximum(seen.sum(axis=0) / np.maximum(sold, 1.0), 1.0)
    return found

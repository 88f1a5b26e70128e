"""The season of every series, shrunk twice: to what the panel shares, and to nothing where the data do not show it.

Arrays are months x series; phase 0 is the month after the last one, so `(column - months) % 12` is a column's phase. A
season is 12 factors around 1 by phase and series.

1. Ratios to a trend (a centred 12-month mean, then a short mean of the deseasonalised values), as in X-11; months far
   back count less.
2. The panel's profile is the mean deviation by phase. How far it is shared is measured by leaving each series out: the
   slope of the series' own deviations on the profile of all others. Unaligned or unlike series give a slope near 0.
3. What a series deviates from its share of the profile is kept by James and Stein's positive part: the more it stands
   out of the noise of its own ratios, the more of it. The same formula takes category to shop, and product to category.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, polygamma

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SEASON = 12
YEARLY_FADING = 0.7  # weight of a year's ratios next to the year after it
FREE = SEASON - 1  # a season has 12 factors of mean 1
MOST_ZEROS = 0.3  # above, ratios say nothing about a season
LEAST_MONTHS = (
    15  # three phases seen twice: the least that tells a season from noise, and only for the panel as a whole
)
OWN_MONTHS = 24  # the least for a season of a series' own at full strength
LEAST_PRIOR, MOST_PRIOR = 0.5, 50.0
FEW_VARIANCE = 0.05
LARGEST_RATIO = 6.0


class Season(NamedTuple):
    """`factors`: series' own seasons; `profile`: what the panel tells alone. `kept`: how much of its own each kept."""

    factors: Floats
    profile: Floats
    kept: Floats


def seasons(values: Floats, seen: Floats, groups: Ints | None = None) -> Season:
    """The seasons of a panel's series (months x series, positive and negative values, scaled to a mean near 1)."""
    number = values.shape[1]
    count = seen.sum(axis=0)
    zeros = ((values <= 0) & (seen > 0)).sum(axis=0) / np.maximum(count, 1.0)
    usable = (count >= LEAST_MONTHS) & (zeros <= MOST_ZEROS)
    ones = np.ones((SEASON, number))
    if not usable.any():
        return Season(ones, ones, np.zeros(number))
    deviation, weight, noise = _ratios(values, seen * usable)
    shared = _shared(deviation, weight, noise, usable)
    if groups is not None:
        shared = _of_groups(deviation, weight, noise, usable, shared, groups)
    kept = _kept(deviation - shared, weight, noise) * usable
    own = _normal(1 + shared + kept * (deviation - shared))
    profile = _normal(1 + shared)
    fits = zeros <= MOST_ZEROS
    return Season(np.where(fits, own, 1.0), np.where(fits, profile, 1.0), kept)


def _ratios(values: Floats, seen: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean deviation from 1 by phase and series, the weight (in ratios) behind it, and the variance of one ratio."""
    trend = _long_trend(values, seen)
    deviation, _, _ = _by_phase(values, seen, trend)
    factors = np.maximum(_tiled(_normal(1 + deviation), len(values)), 0.05)
    trend = _short_trend(values / factors, seen)
    return _by_phase(values, seen, trend)


def _by_phase(values: Floats, seen: Floats, trend: Floats) -> tuple[Floats, Floats, Floats]:
    ratio = np.clip(values / np.maximum(trend, 0.02), 0.0, LARGEST_RATIO)
    ratios, there = _years(ratio), _years(seen)
    fading = YEARLY_FADING ** np.arange(len(ratios) - 1, -1, -1)[:, None, None]
    weights = there * fading
    total = weights.sum(axis=0)
    mean = (weights * ratios).sum(axis=0) / np.maximum(total, 1e-9)
    mean = np.where(total > 0, mean, 1.0)
    squares = (there * (ratios - mean) ** 2).sum(axis=(0, 1))
    count = there.sum(axis=(0, 1))
    free = np.maximum(count - (total > 0).sum(axis=0), 0.0)
    effective = total**2 / np.maximum((weights**2).sum(axis=0), 1e-9)
    return mean - 1, effective, _pooled_variance(squares, free, count)


def _pooled_variance(squares: Floats, free: Floats, count: Floats) -> Floats:
    """A series' variance of ratios, drawn to the panel's as far as the panel is of one kind (Smyth 2004, section 6)."""
    known = (free >= 3) & (squares > 0)
    if known.sum() < 3:
        return np.where(count > 0, (squares + 3 * FEW_VARIANCE) / (free + 3), np.nan)
    half = free[known] / 2
    logs = np.log(squares[known] / free[known]) - digamma(half) + np.log(half)
    excess = logs.var(ddof=1) - polygamma(1, half).mean()
    prior = np.clip(2 * _inverse_trigamma(excess), LEAST_PRIOR, MOST_PRIOR) if excess > 0 else MOST_PRIOR
    typical = np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2))
    return np.where(count > 0, (squares + prior * typical) / (free + prior), np.nan)


def _inverse_trigamma(value: float) -> float:
    """By bisection on the logarithm."""
    low, high = -6.0, 12.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if polygamma(1, np.exp(middle)) > value else (low, middle)
    return float(np.exp(low))


def _shared(deviation: Floats, weight: Floats, noise: Floats, usable: NDArray[np.bool_]) -> Floats:
    """By phase (the same for all series): the panel's profile times the slope that leaving series out gives it."""
    number = int(usable.sum())
    if number < 3:
        return np.zeros_like(deviation)
    precision = np.where(usable & (weight > 0), weight / np.maximum(noise, 1e-6), 0.0)
    precision /= np.maximum(precision.sum(axis=1, keepdims=True), 1e-12)
    precision = np.minimum(precision, 5 / number)  # no series stands for the panel
    total = precision.sum(axis=1, keepdims=True)
    profile = (precision * deviation).sum(axis=1, keepdims=True) / total
    others = (profile * total - precision * deviation) / np.maximum(total - precision, 1e-9)
    worth = np.where(usable & (weight > 0), 1.0, 0.0)
    slope = (worth * deviation * others).sum() / max(float((worth * others**2).sum()), 1e-12)
    shared: Floats = np.clip(slope, 0.0, 1.0) * profile * np.ones_like(deviation)
    return shared


def _of_groups(
    deviation: Floats, weight: Floats, noise: Floats, usable: NDArray[np.bool_], shop: Floats, groups: Ints
) -> Floats:
    """The shop's profile, moved to each category's as far as that stands out of the noise of its mean."""
    shared = shop.copy()
    for group in np.unique(groups):
        members = groups == group
        inside = members & usable
        number = int(inside.sum())
        if number < 2:
            continue
        own = (deviation - shop)[:, inside]
        mean = own.mean(axis=1, keepdims=True)
        spread = own.var(axis=1, ddof=1).mean() / number
        stands_out = 1 - (FREE - 2) * spread / max(float((mean**2).sum()), 1e-12)
        shared[:, members] += max(0.0, stands_out) * mean
    return shared


def _kept(own: Floats, weight: Floats, noise: Floats) -> Floats:
    """James and Stein's positive part by series."""
    by_chance = noise * np.where(weight > 0, 1 / np.maximum(weight, 1e-9), 0.0).mean(axis=0)
    signal = (own**2).sum(axis=0)
    kept = 1 - (FREE - 2) * by_chance / np.maximum(signal, 1e-12)
    found: Floats = np.nan_to_num(np.clip(kept, 0.0, 1.0))
    return found


def _long_trend(values: Floats, seen: Floats) -> Floats:
    """A centred 12-month mean, carried on to both ends with half of its last slope."""
    kernel = np.ones(SEASON + 1)
    kernel[[0, -1]] = 0.5
    total, count = _convolved(values * seen, kernel), _convolved(seen, kernel)
    full = count >= SEASON - 0.5
    trend = np.where(full, total / np.maximum(count, 1.0), np.nan)
    return _carried_on(trend, values, seen)


def _carried_on(trend: Floats, values: Floats, seen: Floats) -> Floats:
    months, number = trend.shape
    known = ~np.isnan(trend)
    any_known = known.any(axis=0)
    first = np.argmax(known, axis=0)
    last = months - 1 - np.argmax(known[::-1], axis=0)
    columns = np.arange(number)
    steps = np.arange(months)[:, None]
    span = np.clip(last - first, 1, 6)
    slope_end = (trend[last, columns] - trend[np.maximum(last - span, 0), columns]) / span
    slope_start = (trend[np.minimum(first + span, months - 1), columns] - trend[first, columns]) / span
    at_end = trend[last, columns] + SLOPE_KEPT * np.nan_to_num(slope_end) * (steps - last)
    at_start = trend[first, columns] + SLOPE_KEPT * np.nan_to_num(slope_start) * (steps - first)
    mean = (values * seen).sum(axis=0) / np.maximum(seen.sum(axis=0), 1.0)
    filled = np.where(steps > last, at_end, np.where(steps < first, at_start, trend))
    filled = np.where(np.isnan(filled), mean, filled)
    found: Floats = np.where(any_known, np.maximum(filled, 0.2 * mean), mean)
    return found


SLOPE_KEPT = 0.7


def _short_trend(values: Floats, seen: Floats) -> Floats:
    """A centred, triangular mean over 9 months, cut off at the ends."""
    kernel = np.array([1, 2, 3, 4, 5, 4, 3, 2, 1], dtype=np.float64)
    total, count = _convolved(values * seen, kernel), _convolved(seen, kernel)
    return total / np.maximum(count, 1e-9)


def _convolved(values: Floats, kernel: Floats) -> Floats:
    half = len(kernel) // 2
    padded = np.pad(values, ((half, half), (0, 0)))
    total = np.zeros_like(values)
    for step, share in enumerate(kernel):
        total += share * padded[step : step + len(values)]
    return total


def _years(values: Floats) -> Floats:
    """Years x phases x series, filled up with 0 at the beginning."""
    missing = -len(values) % SEASON
    return np.pad(values, ((missing, 0), (0, 0))).reshape(-1, SEASON, values.shape[1])


def _tiled(season: Floats, months: int) -> Floats:
    return season[(np.arange(months) - months) % SEASON]


def _normal(season: Floats) -> Floats:
    positive = np.maximum(season, 0.02)
    found: Floats = positive / positive.mean(axis=0)
    return found

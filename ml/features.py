"""What tells how far a forecast may be off: the series' own past up to its origin, and how far the pool agrees."""

import numpy as np
from numpy.typing import NDArray

from ml.intervals import Case
from ml.origins import Origin

Floats = NDArray[np.float64]

LEAST = 0.01  # of the series' scale


def month_case(origin: Origin, forecast: Floats, weights: Floats) -> Case:
    """Of every month of the horizon."""
    return Case(forecast, origin.actual, _features(origin, forecast, origin.forecasts, weights))


def sum_case(origin: Origin, forecast: Floats, weights: Floats) -> Case:
    """Of the sums of the first 1, 2, … months of the horizon."""
    forecasts = np.cumsum(origin.forecasts, axis=1)
    return Case(
        np.cumsum(forecast, axis=0), np.cumsum(origin.actual, axis=0),
        _features(origin, np.cumsum(forecast, axis=0), forecasts, weights),
    )  # fmt: skip


def _features(origin: Origin, forecast: Floats, forecasts: Floats, weights: Floats) -> Floats:
    horizon, number = forecast.shape
    steps = np.repeat(np.log(np.arange(1.0, horizon + 1))[:, None], number, axis=1)
    by_series = [
        np.log(np.maximum(origin.noise, LEAST)),
        -0.5 * np.log(np.maximum(origin.scale, LEAST)),  # counts of pieces spread like their square root
        np.log1p(origin.months),
        origin.zeros,
        1 - origin.season.kept,
    ]
    wide = [np.repeat(feature[None], horizon, axis=0) for feature in by_series]
    apart = np.log(_disagreement(forecast, forecasts, weights) + LEAST)
    size = np.log(forecast + LEAST)
    return np.stack([*wide, steps, apart, size, wide[0] * steps])


def _disagreement(forecast: Floats, forecasts: Floats, weights: Floats) -> Floats:
    """The weighted mean distance of the members from what they say together."""
    there = ~np.isnan(forecasts)
    share = weights[:, None] * there
    apart = np.abs(np.nan_to_num(forecasts) - forecast)
    found: Floats = (share * apart).sum(axis=0) / np.maximum(share.sum(axis=0), 1e-300)
    return found

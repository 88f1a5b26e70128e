"""Exponential smoothing of many series at once: a few hundred vector operations instead of a fit per series.

Arrays are months x series, the oldest month first. `seen` is 1.0 where a value counts and 0.0 where there is none,
before the first sale as well as in a gap; a month that is not seen leaves the state as it was. Every function runs a
small grid of parameters and averages their forecasts by how well each predicted the next month so far (the likelihood
of normal errors), which loses little to the best of a grid and is far steadier on short series than choosing one.
"""

from collections.abc import Callable
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ALPHAS = np.array([0.02, 0.06, 0.12, 0.2, 0.3, 0.45, 0.65, 0.85, 1.0])
TREND_GRID = np.array(list(product((0.1, 0.25, 0.5, 0.8), (0.05, 0.2), (0.85, 0.95))))  # alpha, beta, phi
SEASON_GRID = np.array(list(product((0.08, 0.25, 0.5, 0.8), (0.1,), (0.9, 0.98), (0.05, 0.2))))  # and gamma
CHUNK = 16_384  # numbers that one operation works on: a few such vectors stay in a core's second cache
SEASON = 12
START_MONTHS, START_SHARE = 6, 4
PANEL_MONTHS, LONG_MONTHS = 24.0, 24.0
BURN_IN = 6  # first values of a series that do not judge parameters: they are judged on what the start was taken from


def last_seen(seen: Floats, months: int) -> Floats:
    """`seen`, but for all that is before the last `months` that were seen."""
    back = np.cumsum(seen[::-1], axis=0)[::-1]
    found: Floats = seen * (back <= months)
    return found


class Smoothed(NamedTuple):
    """Forecasts by horizon x series, and the one-step mean squared error of the averaged parameters by series."""

    forecast: Floats
    error: Floats


def simple(values: Floats, seen: Floats, slope: Floats, horizon: int) -> tuple[Smoothed, Smoothed]:
    """Simple exponential smoothing, and Theta: the same levels with half of the `slope` per month as drift.

    Theta after Hyndman and Billah (2003): the mean of the trend line and of a smoothed line with doubled curvature.
    """
    level, squares = _by_chunks(_simple, len(ALPHAS), values, seen)
    weights, error = _weighed(squares, seen)
    flat = (weights * level).sum(axis=0)
    alpha = ALPHAS[:, None]
    lag = (1 - alpha) / alpha * (1 - (1 - alpha) ** seen.sum(axis=0))
    steps = np.arange(1, horizon + 1)[:, None]
    drifted = flat + slope / 2 * (steps + (weights * lag).sum(axis=0))
    return Smoothed(np.repeat(flat[None], horizon, axis=0), error), Smoothed(drifted, error)


def damped_trend(values: Floats, seen: Floats, horizon: int) -> Smoothed:
    """Holt's linear trend, damped (Gardner and McKenzie 1985)."""
    level, trend, squares = _by_chunks(_damped_trend, len(TREND_GRID), values, seen)
    weights, error = _weighed(squares, seen)
    phi = TREND_GRID[:, 2, None]
    forecast = [(weights * (level + trend * ahead)).sum(axis=0) for ahead in _damping(phi, horizon)]
    return Smoothed(np.stack(forecast), error)


def damped_seasonal(values: Floats, seen: Floats, season: Floats, horizon: int) -> Smoothed:
    """Holt and Winters with a damped trend and multiplicative seasons that start at `season` (12 x series)."""
    level, trend, squares, *seasons = _by_chunks(_damped_seasonal, len(SEASON_GRID), values, seen, season)
    weights, error = _weighed(squares, seen)
    phi = SEASON_GRID[:, 2, None]
    forecast = [
        (weights * np.maximum(level + trend * ahead, 0.0) * seasons[step % SEASON]).sum(axis=0)
        for step, ahead in enumerate(_damping(phi, horizon))
    ]
    return Smoothed(np.stack(forecast), error)


def start_level(values: Floats, seen: Floats) -> Floats:
    """The mean of the first quarter of each series, at most START_MONTHS of it; 0 where there is none."""
    months = np.clip(seen.sum(axis=0) // START_SHARE, 1, START_MONTHS)
    first = seen * (np.cumsum(seen, axis=0) <= months)
    level: Floats = (values * first).sum(axis=0) / np.maximum(first.sum(axis=0), 1.0)
    return level


def grid_weights(squares: Floats, count: Floats) -> Floats:
    """Weights of parameters x series from their sums of squared errors over `count` months.

    A series of a few months cannot tell: there what suits the panel's short series counts as well, as PANEL_MONTHS
    months.
    """
    logs = np.log(squares + 1e-12)
    logs -= logs.min(axis=0)
    lacking = np.maximum(1 - count / LONG_MONTHS, 0.0) * (count > 0)
    panel = (logs * lacking).sum(axis=1, keepdims=True) / max(float(lacking.sum()), 1e-9)
    support = -0.5 * (count * logs + PANEL_MONTHS * lacking * panel)
    weights = np.exp(support - support.max(axis=0))
    found: Floats = weights / weights.sum(axis=0)
    return found


def _weighed(squares: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """The weights of a grid, and the mean squared error with them."""
    count = _judged(seen).sum(axis=0)
    weights = grid_weights(squares, count)
    return weights, (weights * squares).sum(axis=0) / np.maximum(count, 1.0)


def _by_chunks(run: Callable[..., tuple[Floats, ...]], grid: int, *arrays: Floats) -> list[Floats]:
    """Runs on slices of the series (the last axis) and joins what comes back."""
    size = max(64, CHUNK // grid)
    starts = range(0, max(arrays[0].shape[-1], 1), size)
    parts = [run(*(np.ascontiguousarray(array[..., at : at + size]) for array in arrays)) for at in starts]
    return [np.concatenate(pieces, axis=-1) for pieces in zip(*parts, strict=True)]


def _judged(seen: Floats) -> Floats:
    burn_in = np.minimum(BURN_IN, seen.sum(axis=0) // 3)
    found: Floats = seen * (np.cumsum(seen, axis=0) > burn_in)
    return found


def _simple(values: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Last levels and sums of squared errors: parameters x series."""
    alpha, judged = ALPHAS[:, None], _judged(seen)
    level = np.repeat(start_level(values, seen)[None], len(ALPHAS), axis=0)
    squares, error = np.zeros_like(level), np.empty_like(level)
    for value, is_seen, is_judged in zip(values, seen, judged, strict=True):
        np.subtract(value, level, out=error)
        error *= is_seen
        squares += error * error * is_judged
        error *= alpha
        level += error
    return level, squares


def _damped_trend(values: Floats, seen: Floats) -> tuple[Floats, Floats, Floats]:
    alpha, beta, phi = (column[:, None] for column in TREND_GRID.T)
    judged, gain = _judged(seen), alpha * beta
    level = np.repeat(start_level(values, seen)[None], len(alpha), axis=0)
    trend, squares, error = np.zeros_like(level), np.zeros_like(level), np.empty_like(level)
    for value, is_seen, is_judged in zip(values, seen, judged, strict=True):
        trend *= phi
        level += trend
        np.subtract(value, level, out=error)
        error *= is_seen
        squares += error * error * is_judged
        level += alpha * error
        trend += gain * error
    return level, trend, squares


def _damped_seasonal(values: Floats, seen: Floats, season: Floats) -> tuple[Floats, ...]:
    """Levels, trends, sums of squared errors, and the seasons by phase."""
    alpha, beta, phi, gamma = (column[:, None] for column in SEASON_GRID.T)
    judged, gain = _judged(seen), alpha * beta
    phases = (np.arange(len(values)) - len(values)) % SEASON
    usual = np.maximum(season[phases], 0.05)
    level = np.repeat(start_level(values / usual, seen)[None], len(alpha), axis=0)
    seasons = np.repeat(np.maximum(season, 0.05)[:, None], len(alpha), axis=1)
    trend, squares = np.zeros_like(level), np.zeros_like(level)
    for value, is_seen, is_judged, phase in zip(values, seen, judged, phases, strict=True):
        trend *= phi
        level += trend
        now = seasons[phase]
        error = (value - level * now) * is_seen
        squares += error * error * is_judged
        change = error / now
        now += gamma * error / np.maximum(level, 0.05)
        np.maximum(now, 0.02, out=now)
        level += alpha * change
        trend += gain * change
    return level, trend, squares, *seasons


def _damping(phi: Floats, horizon: int) -> list[Floats]:
    """By horizon, how many times today's trend has been added."""
    powers = [phi**step for step in range(1, horizon + 1)]
    return [np.sum(powers[: step + 1], axis=0) for step in range(horizon)]

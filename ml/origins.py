"""The panel as it looked some months ago, and what the pool would have said then."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.pool import pool
from ml.seasonality import Season, seasons
from ml.smoothing import last_seen

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

YEAR = 12
LEAST_SEEN = 3  # months of sales without which an origin teaches nothing about a series
SPIKE = 6.0  # times the third largest month
SPIKE_MONTHS = 8


class Origin(NamedTuple):
    """What is known `back` months before the end. In units of `scale`, each series' mean of its last 12 months.

    `forecasts`: members x horizon x series. `actual`: horizon x series, NaN where it is not known yet or never will be.
    """

    back: int
    scale: Floats
    season: Season
    forecasts: Floats
    actual: Floats
    noise: Floats  # one-step error of SES within the history, by series
    zeros: Floats  # share of months without a sale
    months: Floats  # of history


def origin(demand: Floats, seen: Floats, back: int, horizon: int, groups: Ints | None) -> Origin:
    """The origin `back` months before the end of `demand` (months x series). Only `actual` looks beyond it."""
    months = len(demand) - back
    known = seen[:months]
    raw = _without_spikes(demand[:months], known)
    scale = _scale(raw, known)
    values = raw / scale
    season = seasons(values, known, groups)
    found = pool(values, known, season, horizon)
    known_months = known.sum(axis=0)
    zeros = ((values <= 0) & (known > 0)).sum(axis=0) / np.maximum(known_months, 1.0)
    actual = _actual(demand, seen, back, horizon) / scale
    actual[:, known_months < LEAST_SEEN] = np.nan
    return Origin(back, scale, season, found.forecasts, actual, np.sqrt(found.error), zeros, known_months)


def known_then(one: Origin, back: int) -> Floats:
    """The actuals that were known `back` months before the end."""
    steps = np.arange(len(one.actual))[:, None]
    return np.where(steps < one.back - back, one.actual, np.nan)


def _actual(demand: Floats, seen: Floats, back: int, horizon: int) -> Floats:
    actual = np.full((horizon, demand.shape[1]), np.nan)
    ahead = slice(len(demand) - back, min(len(demand), len(demand) - back + horizon))
    actual[: ahead.stop - ahead.start] = np.where(seen[ahead] > 0, demand[ahead], np.nan)
    return actual


def _scale(demand: Floats, seen: Floats) -> Floats:
    """The mean of the last year that was seen; of all months where that is 0; 1 where nothing was ever sold."""
    last = last_seen(seen, YEAR)
    year = (demand * last).sum(axis=0) / np.maximum(last.sum(axis=0), 1.0)
    ever = (demand * seen).sum(axis=0) / np.maximum(seen.sum(axis=0), 1.0)
    return np.where(year > 0, year, np.where(ever > 0, ever, 1.0))


def _without_spikes(demand: Floats, seen: Floats) -> Floats:
    """A slip of the till or one bulk order is cut: nothing is above SPIKE times the third largest month."""
    if len(demand) < SPIKE_MONTHS:
        return demand
    third = np.partition(demand, len(demand) - 3, axis=0)[len(demand) - 3]
    counts = (seen.sum(axis=0) >= SPIKE_MONTHS) & (third > 0)
    return np.where(counts & (demand > SPIKE * third), SPIKE * third, demand)

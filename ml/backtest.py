"""The panel at its last month and at earlier ones, forecast in the same way: all that is learned comes from here."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml import totals
from ml.cold_start import young_forecast
from ml.corrector import corrections
from ml.curves import Variants, shares, style_demand
from ml.honesty import Worth, worth
from ml.origins import Origin, origin
from ml.pool import INTERMITTENT, MEMBERS
from ml.seasonality import OWN_MONTHS
from ml.weights import honest_forecasts, member_weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_HISTORY = 3  # months before the earliest origin
LUMPY = 0.3  # share of months without a sale from which on a series has no season, and
LUMPY_SAY = 0.8  # the methods for such series have this part of what to expect; with fewer, in proportion
NAIVE, STYLE = MEMBERS.index("seasonal naive"), MEMBERS.index("share of style")


class Backtest(NamedTuple):
    """`origins[0]` is the last month; `forecasts` are horizon x series in units of each origin's scale."""

    origins: list[Origin]
    weights: Floats  # members x series
    forecasts: list[Floats]
    young: NDArray[np.bool_]
    worth: Worth | None  # None without an earlier origin


class How(NamedTuple):
    """How to look: months ahead, earlier origins, categories that add up, styles, whether errors are learned from."""

    horizon: int
    backs: int
    groups: Ints | None = None
    variants: Variants | None = None
    corrector: bool = False
    seed: int = 0


def backtest(demand: Floats, seen: Floats, how: How) -> Backtest:
    """Looks at the panel (months x series) from its last month and from up to `how.backs` earlier ones."""
    backs = max(0, min(how.backs, len(demand) - LEAST_HISTORY))
    origins = [origin(demand, seen, back, how.horizon, how.groups) for back in range(backs + 1)]
    if how.variants is not None:
        origins = _with_styles(demand, seen, origins, how.variants)
    weights = member_weights(origins)
    forecasts = honest_forecasts(origins, weights)
    fair = _comparable(origins)
    extra = corrections(fair, forecasts, weights, how.seed) if how.corrector else None
    if extra is not None:
        forecasts = [np.maximum(one + more, 0.0) for one, more in zip(forecasts, extra, strict=True)]
    young, forecasts = _with_young(demand, seen, origins, forecasts, how.groups)
    found = _worth(demand, seen, fair, forecasts, ~young) if backs else None
    if found is not None:
        forecasts = _with_naive(demand, seen, origins, forecasts, found)
    if how.groups is not None:
        forecasts = _adding_up(demand, seen, origins, forecasts, how.groups)
    return Backtest(origins, weights, forecasts, young, found)


def _with_styles(demand: Floats, seen: Floats, origins: list[Origin], variants: Variants) -> list[Origin]:
    """The origins with what each product is expected to sell as its share of its style."""
    styles = variants.style_numbers
    whole, known = style_demand(demand, seen, styles)
    found = backtest(whole, known, How(len(origins[0].actual), len(origins) - 1))
    with_styles = []
    for one, style, forecast in zip(origins, found.origins, found.forecasts, strict=True):
        months = len(demand) - one.back
        share = shares(demand[:months], seen[:months], variants)
        forecasts = one.forecasts.copy()
        forecasts[STYLE] = (forecast * style.scale)[:, styles] * share / one.scale
        with_styles.append(one._replace(forecasts=forecasts))
    return with_styles


def _comparable(origins: list[Origin]) -> list[Origin]:
    """The origins without the actuals of series whose season could not be known then, and can now."""
    knows_now = origins[0].months >= OWN_MONTHS
    return [one._replace(actual=np.where(knows_now & (one.months < OWN_MONTHS), np.nan, one.actual)) for one in origins]


def _with_young(
    demand: Floats, seen: Floats, origins: list[Origin], forecasts: list[Floats], groups: Ints | None
) -> tuple[NDArray[np.bool_], list[Floats]]:
    """Puts the forecasts of young products in their places; gives which are young at the last month."""
    found, now = [], np.zeros(demand.shape[1], dtype=np.bool_)
    for one, forecast in zip(origins, forecasts, strict=True):
        months = len(demand) - one.back
        young, launch = young_forecast(demand[:months], seen[:months], one.season.profile, len(forecast), groups)
        now = young if one.back == 0 else now
        found.append(np.where(young, launch / one.scale, forecast))
    return now, found


def _last_month(demand: Floats, seen: Floats, one: Origin) -> Floats:
    """The last month that was seen, in units of scale."""
    known = seen[: len(demand) - one.back]
    last = len(known) - 1 - np.argmax(known[::-1] > 0, axis=0)
    found: Floats = demand[last, np.arange(demand.shape[1])] * known.any(axis=0) / one.scale
    return found


def with_average(one: Origin, forecast: Floats, able: NDArray[np.bool_], most: float = LUMPY_SAY) -> Floats:
    """What to expect where `able`, drawn to the mean of the methods for series with many months of nothing.

    What lies in the middle of the errors of a slow mover is far below what it sells on average. `most`: what those
    methods have of the say about series that are lumpy.
    """
    average = one.forecasts[[MEMBERS.index(name) for name in INTERMITTENT]].mean(axis=0)
    say = np.where(able & ~np.isnan(average), most * lumpiness(one), 0.0)
    found: Floats = (1 - say) * forecast + say * np.nan_to_num(average)
    return found


def lumpiness(one: Origin) -> Floats:
    """0 for a series that sells every month, 1 from LUMPY on."""
    return np.minimum(one.zeros / LUMPY, 1.0)


def _worth(
    demand: Floats, seen: Floats, origins: list[Origin], forecasts: list[Floats], old: NDArray[np.bool_]
) -> Worth:
    said = [
        (with_average(one, forecast, old), one.forecasts[NAIVE], _last_month(demand, seen, one))
        for one, forecast in zip(origins[1:], forecasts[1:], strict=True)
    ]
    errors = [
        [way - one.actual for one, way in zip(origins[1:], ways, strict=True)] for ways in zip(*said, strict=True)
    ]
    return worth(np.array(errors), origins[0].zeros > LUMPY)


def _with_naive(
    demand: Floats, seen: Floats, origins: list[Origin], forecasts: list[Floats], found: Worth
) -> list[Floats]:
    """The naive forecast where it is no worse."""
    return [
        np.where(
            found.method == 1,
            one.forecasts[NAIVE],
            np.where(found.method == 2, _last_month(demand, seen, one), forecast),
        )
        for one, forecast in zip(origins, forecasts, strict=True)
    ]


def _adding_up(
    demand: Floats, seen: Floats, origins: list[Origin], forecasts: list[Floats], groups: Ints
) -> list[Floats]:
    """Forecasts scaled so that categories and the shop say what they are expected to sell."""
    filled = _filled(demand, seen)
    summed = totals.summed(filled, groups)
    own = backtest(
        summed, (np.cumsum(summed > 0, axis=0) > 0).astype(np.float64), How(len(origins[0].actual), len(origins) - 1)
    )
    sums = [totals.summed(forecast * one.scale, groups) for one, forecast in zip(origins, forecasts, strict=True)]
    tops = [forecast * one.scale for one, forecast in zip(own.origins, own.forecasts, strict=True)]
    actuals = [one.actual * one.scale for one in own.origins]
    trust = totals.trust_in_totals(
        [s - a for s, a in zip(sums[1:], actuals[1:], strict=True)] or [np.full_like(sums[0], np.nan)],
        [t - a for t, a in zip(tops[1:], actuals[1:], strict=True)] or [np.full_like(sums[0], np.nan)],
    )
    return [
        forecast * totals.scaling(s, t, trust, groups) for forecast, s, t in zip(forecasts, sums, tops, strict=True)
    ]


def _filled(demand: Floats, seen: Floats) -> Floats:
    """Demand with the gaps of each series, but for the time before it was sold, filled by its last month."""
    filled = demand.copy()
    for month in range(1, len(demand)):
        filled[month] = np.where(seen[month] > 0, demand[month], filled[month - 1])
    return filled

"""The month in progress: what has been sold so far, carried on at the pace of the shop.

The shop's total runs at a rate that a few days tell well; how it divides among products they do not, but the months
before do. So the rest of the month is the shop's run-rate (drawn to the forecast while there are few days) times the
products' shares (the months before, drawn to this month's as it fills), plus what has been sold already.
"""

import numpy as np
from numpy.typing import NDArray

from tillstream.errors import TerminalError

Floats = NDArray[np.float64]

SHARE_MONTHS = 12  # months whose sales tell the shares
USUAL_ERROR = 0.2  # of a forecast of the shop's month made before it began
LEAST_PIECES, MOST_PIECES = 100.0, 100_000.0


def nowcast(so_far: Floats, forecast: Floats, recent: Floats, passed: float, forecast_worth: float = 0.01) -> Floats:
    """What each product will have sold when the month is over, in pieces.

    `so_far`: pieces of this month by product. `forecast`: the whole month as forecast before it began. `recent`:
    products by the last months, NaN where not known. `passed`: the share of the month's trade that lies behind, 0 to
    1. `forecast_worth`: the share of a month that tells as much of the shop's total as the forecast does, see `worth`.
    """
    if not 0 <= passed <= 1:
        raise TerminalError(f"{passed} of a month cannot have passed.", "Give a share from 0 to 1.")
    sold = np.maximum(np.nan_to_num(so_far), 0.0)
    if passed >= 1:
        return sold
    before = max(forecast_worth, 1e-6)
    rate = (float(sold.sum()) + before * float(forecast.sum())) / (passed + before)
    return sold + rate * (1 - passed) * _shares(sold, np.maximum(forecast, 0.0), np.maximum(np.nan_to_num(recent), 0.0))


def worth(days: Floats, forecast_error: float = USUAL_ERROR) -> float:
    """The share of a month that tells as much of its total as a forecast that errs by `forecast_error` of it.

    `days`: the shop's sales of recent days next to what each was expected to bring. A run-rate over d days errs by
    their variation over the root of d.
    """
    if len(days) < 2 or days.mean() <= 0 or forecast_error <= 0:
        return 1 / 30
    variation = float(days.std(ddof=1) / days.mean())
    return (variation / forecast_error) ** 2 / 30


def _shares(sold: Floats, forecast: Floats, recent: Floats) -> Floats:
    """Of each product its part of the shop's sales; they sum to 1, or to 0 where nothing sells."""
    months = recent[:, -SHARE_MONTHS:]
    usual, ahead = _parts(months.sum(axis=1)), _parts(forecast)
    prior = _parts(usual + ahead)
    return _parts(sold + _pieces(months, usual) * prior)


def _parts(values: Floats) -> Floats:
    total = float(values.sum())
    return values / total if total > 0 else np.zeros_like(values)


def _pieces(months: Floats, usual: Floats) -> float:
    """How many pieces the shares of the months before count as: the steadier they were beyond chance, the more."""
    totals = months.sum(axis=0)
    if (totals > 0).sum() < 2:
        return LEAST_PIECES
    expected = usual[:, None] * totals
    chance = expected * (1 - usual[:, None])
    excess = float(((months - expected) ** 2 - chance).sum() / max(float((chance * totals).sum()), 1e-9))
    return float(np.clip(1 / max(excess, 1e-9), LEAST_PIECES, MOST_PIECES))

"""Demand in whole pieces: how a month in which a few pieces are expected may end.

Quantiles of past errors (`ml.intervals`) know how far a panel errs, but not that nobody buys half a piece. A law of
counts knows that, and little about errors. Half-way between the two errs less than either: the fewer pieces, the more
so, and few ones in whole numbers. The law is the negative binomial: sales that come by chance, at a rate that is not
quite known.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import nbinom

from ml.intervals import Case

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MANY = 10.0  # pieces a month: about so many the law has half its say; quantiles of more are not rounded
LEAST_SAY = 0.02  # with less it is not asked
LEAST_EXCESS = 0.01
LEAST_FORECAST = 1e-6


class Pieces:
    """The law of a panel's months, learned from what its forecasts at earlier origins came to."""

    def __init__(self, cases: list[Case], scales: list[Floats], whole: Bools, many: float = MANY) -> None:
        """`cases`: the origins, in units of `scales`, each by series. `whole`: series of whole pieces."""
        self._whole, self._many = whole, many
        forecast = np.stack([case.forecast * scale for case, scale in zip(cases, scales, strict=True)])
        actual = np.stack([case.actual * scale for case, scale in zip(cases, scales, strict=True)])
        usable = whole & ~np.isnan(actual) & (forecast > 0) & (forecast <= self._many)
        self._excess = _excess(np.where(usable, forecast, 0.0), np.where(usable, actual, 0.0))

    def quantiles(self, plain: Floats, forecast: Floats, known: Bools, levels: Floats, most: Floats) -> Floats:
        """Levels x horizon x series, in pieces: `plain` quantiles of errors about a forecast, drawn to the law.

        `known`: series whose season is known; what is not known makes the others' months wider than any law.
        `most`: what the law has of the say about next to nothing, by series.
        """
        say = np.where(self._whole & known, most * self._many / (self._many + forecast), 0.0)
        asked = say >= LEAST_SAY
        found = plain.copy()
        excess = np.broadcast_to(self._excess[: len(forecast), None], forecast.shape)[asked]
        law = _law(levels, forecast[asked], excess)
        found[:, asked] = say[asked] * law + (1 - say[asked]) * plain[:, asked]
        return found

    def rounded(self, found: Floats, forecast: Floats) -> Floats:
        """Quantiles of few pieces in whole ones."""
        return np.where(self._whole & (forecast <= self._many), np.round(found), found)


def whole_pieces(demand: Floats) -> Bools:
    """Of which series (rows) most months are whole numbers: a month of empty shelves may be an estimate."""
    there = ~np.isnan(demand)
    share = ((demand == np.round(demand)) & there).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    found: Bools = share > 0.5
    return found


def _excess(forecast: Floats, actual: Floats) -> Floats:
    """By horizon, a in the variance m + a m² of a month in which m pieces are expected, by the method of moments."""
    more = ((actual - forecast) ** 2 - forecast).sum(axis=(0, 2))
    found: Floats = more / np.maximum((forecast**2).sum(axis=(0, 2)), LEAST_FORECAST)
    return np.maximum(found, LEAST_EXCESS)


def _law(levels: Floats, forecast: Floats, excess: Floats) -> Floats:
    mean, number = np.maximum(forecast, LEAST_FORECAST), 1 / excess
    found: Floats = nbinom.ppf(levels[:, None], number, number / (number + mean))
    return found

"""Errors of forecasts, each on the scale of what its series did before: small functions of arrays."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

YEAR = 12


def mase(forecast: Floats, actual: Floats, histories: Sequence[Floats]) -> float:
    """Mean absolute error over that of the seasonal naive forecast within the history (Hyndman and Koehler 2006)."""
    scale = np.array([np.abs(x[YEAR:] - x[:-YEAR]).mean() if len(x) > YEAR else 0.0 for x in histories])
    return _scaled(np.abs(forecast - actual).mean(axis=1), scale)


def rmsse(forecast: Floats, actual: Floats, histories: Sequence[Floats]) -> float:
    """Root mean squared error over that of the last month's value within the history, as in the M5 competition."""
    scale = np.array([np.sqrt((np.diff(x) ** 2).mean()) for x in histories])
    return _scaled(np.sqrt(((forecast - actual) ** 2).mean(axis=1)), scale)


def pinball(quantiles: Floats, levels: Sequence[float], actual: Floats, histories: Sequence[Floats]) -> float:
    """Mean quantile loss over the mean absolute change from month to month within the history."""
    scale = np.array([np.abs(np.diff(x)).mean() for x in histories])
    level = np.asarray(levels)[:, None, None]
    error = actual - quantiles
    return _scaled(np.maximum(level * error, (level - 1) * error).mean(axis=(0, 2)), scale)


def coverage(low: Floats, high: Floats, actual: Floats) -> float:
    """In percent, how often the actual lies between two quantiles, or on one of them."""
    return 100 * float(((actual >= low) & (actual <= high)).mean())


def _scaled(errors: Floats, scale: Floats) -> float:
    return float((errors[scale > 0] / scale[scale > 0]).mean())

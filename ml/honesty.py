"""What a forecast is worth: its errors at earlier origins beside those of two forecasts that anybody can make."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

METHODS = ("pool", "seasonal naive", "last month")
LEAST_ORIGINS = 6  # fewer say nothing about which is better
PRIOR_ORIGINS = (
    36.0  # origins with which a product speaks half for itself: a horizon of them is but one independent error
)


class Worth(NamedTuple):
    """Mean errors by series in units of its scale, NaN where there was no origin; `method` indexes METHODS.

    Errors are absolute, or the root of squares where absolute ones would praise a forecast of nothing.
    """

    own: Floats
    naive: Floats
    last: Floats
    method: Ints


def worth(errors: Floats, lumpy: Bools) -> Worth:
    """From errors (METHODS x origins x horizon x series, NaN where the actual is not known).

    A product's own record is drawn to the panel's (the ratio of the errors of all), as it is short and noisy. Where a
    naive forecast is still no worse than the pool's, the naive one is to be used. `lumpy` series, which sell nothing
    in many months, are judged by squared errors: by absolute ones the best forecast of them says nothing.
    """
    known = ~np.isnan(errors)
    measured = np.where(known, np.where(lumpy, errors**2, np.abs(errors)), 0.0)
    number = known.sum(axis=(1, 2))
    means = np.where(number > 0, measured.sum(axis=(1, 2)) / np.maximum(number, 1), np.nan)
    origins = known[0].any(axis=1).sum(axis=0)
    share = origins / (origins + PRIOR_ORIGINS)
    drawn = np.where(lumpy, _drawn(means, share, lumpy), _drawn(means, share, ~lumpy))
    naive = drawn[1:].min(axis=0) <= drawn[0]
    method = np.where((origins >= LEAST_ORIGINS) & naive, 1 + drawn[1:].argmin(axis=0), 0)
    own, of_naive, of_last = np.where(lumpy, np.sqrt(means), means)
    return Worth(own, of_naive, of_last, method)


def _drawn(means: Floats, share: Floats, alike: Bools) -> Floats:
    """Means (METHODS x series), of which each series has its `share`, and the series that are `alike` the rest."""
    panel = np.array([_mean(mean[alike]) for mean in means])
    plain = np.nan_to_num(means)
    found: Floats = share * plain + (1 - share) * plain.mean(axis=0) * (panel / max(panel.mean(), 1e-12))[:, None]
    return found


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else 1.0

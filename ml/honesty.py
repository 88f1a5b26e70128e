"""What a forecast is worth: its errors at earlier origins beside those of two forecasts that anybody can make."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

METHODS = ("pool", "seasonal naive", "last month")
LEAST_ORIGINS = 6  # fewer say nothing about which is better
PRIOR_ORIGINS = (
    36.0  # origins with which a product speaks half for itself: a horizon of them is but one independent error
)


class Worth(NamedTuple):
    """Mean absolute errors by series in units of its scale, NaN where there was no origin; `method` indexes METHODS."""

    own: Floats
    naive: Floats
    last: Floats
    method: Ints


def worth(own: list[Floats], naive: list[Floats], last: list[Floats]) -> Worth:
    """From absolute errors by origin (horizon x series, NaN where the actual is not known).

    A product's own record is drawn to the panel's (the ratio of the errors of all), as it is short and noisy. Where a
    naive forecast is still no worse than the pool's, the naive one is to be used.
    """
    means, panel = zip(*(_mean_errors(errors) for errors in (own, naive, last)), strict=True)
    count = np.sum([(~np.isnan(errors)).any(axis=0) for errors in own], axis=0)
    share = count / (count + PRIOR_ORIGINS)
    level = np.mean(np.nan_to_num(np.stack(means)), axis=0)
    drawn = np.stack(
        [
            share * np.nan_to_num(mean) + (1 - share) * level * ratio
            for mean, ratio in zip(means, _ratios(panel), strict=True)
        ]
    )
    naive = drawn[1:].min(axis=0) <= drawn[0]
    method = np.where((count >= LEAST_ORIGINS) & naive, 1 + drawn[1:].argmin(axis=0), 0)
    return Worth(means[0], means[1], means[2], method)


def _mean_errors(errors: list[Floats]) -> tuple[Floats, float]:
    stacked = np.stack(errors)
    known = ~np.isnan(stacked)
    count = known.sum(axis=(0, 1))
    mean = np.where(known, stacked, 0.0).sum(axis=(0, 1)) / np.maximum(count, 1)
    found = np.where(count > 0, mean, np.nan)
    return found, float(np.nanmean(found)) if (count > 0).any() else 1.0


def _ratios(panel: tuple[float, ...]) -> list[float]:
    mean = max(float(np.mean(panel)), 1e-12)
    return [value / mean for value in panel]

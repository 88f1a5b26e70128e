"""What lay on the shelf each evening, and from when to when a product was on sale. Arrays are days x products."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CLEARANCE_DAYS = 90  # after it is discontinued, a product is sold off, then gone


def closing(moved: Floats, counted: Floats) -> Floats:
    """On hand in the evening by the books: the last count, or the first arrival, and what moved since.

    `moved`: pieces in less pieces out. `counted`: at the opening of the day, NaN without a count. NaN before anything
    is known, and where the books say less than nothing: what they lack was there.
    """
    found = np.empty_like(moved)
    there = np.full(moved.shape[1], np.nan)
    for day in range(len(moved)):
        there = np.where(np.isnan(counted[day]), there, counted[day])
        there = np.where(np.isnan(there) & (moved[day] > 0), 0.0, there) + moved[day]
        found[day] = there
    found[found < 0] = np.nan
    return found


def on_hand(moved: Floats, counted: Floats) -> Floats:
    """By the books now, by product: the last count and what moved since its morning; all that moved without a count."""
    days = np.arange(len(moved))[:, None]
    last = np.where(np.isnan(counted), -1, days).max(axis=0, initial=-1)
    since: Floats = (moved * (days >= last)).sum(axis=0)
    count = counted[np.maximum(last, 0), np.arange(moved.shape[1])] if len(moved) else np.zeros(moved.shape[1])
    return np.where(last >= 0, count, 0.0) + since


def on_sale(touched: Bools, gone: Ints) -> Bools:
    """From the first day with any record on (`touched`), up to the day on which it is `gone` (its number)."""
    begun = np.cumsum(touched, axis=0) > 0
    found: Bools = begun & (np.arange(len(touched))[:, None] < gone)
    return found

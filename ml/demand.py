"""Days to months: what customers wanted in each month, where the till only knows what the shelf let them have.

- A day on which the shelf was empty is missing, not a zero. The days that were seen speak for it, by how busy they
  were.
- A day on which the last piece went is a lower bound: the mean of what is at least that much counts (a Poisson law).
- What comes back is no negative demand: pieces are counted on the day they were sold, returns elsewhere.
- A month of which less than LEAST_SEEN was seen says nothing.

Every month is reckoned from its own days and the months before it, so a later day never changes an earlier month.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST_SEEN = 0.1
PRIOR_EVENTS = 3.0  # how many pieces the months before count as, for the days that were not seen
MEMORY = 0.7  # weight of the rate so far, when a month is added to it
TRAFFIC_PRIOR = 10.0  # pieces a day; a small shop's total says little about how busy a day was
ROUNDS = 8


@dataclass(frozen=True)
class Days:
    """A shop's days, days x products. `sold`: pieces sold, returns not subtracted.

    `closing`: on hand in the evening by the books, NaN where nobody knows. `on_sale`: False before the launch and after
    the withdrawal. `month`: of each day, counted from the year 0 (`year * 12 + month - 1`), in order.
    """

    month: NDArray[np.int64]
    sold: Floats
    closing: Floats
    on_sale: Bools


@dataclass(frozen=True)
class MonthlyDemand:
    """Products x months. `demand`: pieces wanted, NaN where nothing is known. `sold`: pieces sold.

    `seen`: the share of the month's trade in which the product was on the shelf.
    """

    first_month: int
    demand: Floats
    sold: Floats
    seen: Floats

    @property
    def lost(self) -> Floats:
        """Pieces that empty shelves cost, by estimate; 0 where nothing is known."""
        return np.maximum(np.nan_to_num(self.demand) - self.sold, 0.0) * ~np.isnan(self.demand)


def monthly_demand(days: Days, *, censored: bool = True) -> MonthlyDemand:
    """The demand of each month. `censored=False` takes sales for demand, to measure what the difference is worth."""
    out, ran_out = _shelf(days)
    months = np.unique(days.month)
    rate = np.full(days.sold.shape[1], np.nan)
    demand, sold, seen = (np.empty((len(months), days.sold.shape[1])) for _ in range(3))
    for number, month in enumerate(months):
        inside = days.month == month
        there = days.on_sale[inside] & ~out[inside]
        weight = _traffic(days.sold[inside], there) * days.on_sale[inside]
        parts = weight, days.sold[inside], out[inside], ran_out[inside]
        sold[number] = parts[1].sum(axis=0)
        offered = parts[0].sum(axis=0)
        if censored:
            demand[number], rate, seen[number] = _month(*parts, rate)
        else:
            demand[number], seen[number] = np.where((offered > 0) | (sold[number] > 0), sold[number], np.nan), 1.0
    return MonthlyDemand(int(months[0]), demand.T, sold.T, seen.T)


def _month(weight: Floats, sold: Floats, out: Bools, ran_out: Bools, before: Floats) -> tuple[Floats, Floats, Floats]:
    """Demand, the rate so far (pieces per weight), and the share seen. `before` is NaN where there was no month yet."""
    offered = weight.sum(axis=0)
    seen = (weight * ~out).sum(axis=0)
    whole = np.where(out | ran_out, 0.0, sold).sum(axis=0)
    some = np.where(ran_out, sold, 0.0)
    first = (whole + some.sum(axis=0)) / np.maximum(seen, 1e-9)
    rate = first
    for _ in range(ROUNDS):
        rate = (whole + _at_least(some, rate * weight, ran_out).sum(axis=0)) / np.maximum(seen, 1e-9)
    wanted = rate * seen
    usual = np.where(np.isnan(before), rate, before)
    prior = PRIOR_EVENTS / np.maximum(usual, 1e-6)
    unseen_rate = np.where(usual > 0, (wanted + PRIOR_EVENTS) / (seen + prior), rate)
    share = seen / np.maximum(offered, 1e-9)
    total = wanted + unseen_rate * np.maximum(offered - seen, 0.0)
    told = (offered > 0) & (share >= LEAST_SEEN)
    settled = np.where(np.isnan(before), rate, MEMORY * before + (1 - MEMORY) * rate)
    sold_anyway = sold.sum(axis=0)
    demand = np.where(told, np.maximum(total, sold_anyway), np.where(sold_anyway > 0, sold_anyway, np.nan))
    return demand, np.where(told, settled, before), np.where(offered > 0, share, 0.0)


def _at_least(sold: Floats, mean: Floats, ran_out: Bools) -> Floats:
    """The mean demand of a day given that it was at least `sold`, for a Poisson law; 0 for other days."""
    # P(D >= s) = 1 - P(D <= s - 1), and P(D <= k) is the regularised upper gamma function of k + 1.
    found = np.zeros_like(sold)
    sold, mean = sold[ran_out], np.maximum(mean[ran_out], 1e-9)
    reached = 1 - gammaincc(np.maximum(sold, 1.0), mean)
    before = np.where(sold > 1, 1 - gammaincc(np.maximum(sold - 1, 1.0), mean), 1.0)
    expected = np.where(reached > 1e-9, mean * before / np.maximum(reached, 1e-12), sold)
    found[ran_out] = np.clip(expected, sold, 4 * sold + 4)
    return found


def _shelf(days: Days) -> tuple[Bools, Bools]:
    """Days on which the shelf was empty from morning to evening, and days on which the last piece went."""
    empty = days.closing <= 0  # NaN is not
    return empty & (days.sold <= 0), empty & (days.sold > 0)


def _traffic(sold: Floats, there: Bools) -> Floats:
    """How busy the shop was on each day of a month for all but the product itself: 1 is a usual day, 0 a closed one.

    What the other products sold next to what those of them that were on the shelf sell on a day.
    """
    pace = sold.sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    total, usual = sold.sum(axis=1, keepdims=True), (there * pace).sum(axis=1, keepdims=True)
    traffic = (total - sold + TRAFFIC_PRIOR) / (usual - there * pace + TRAFFIC_PRIOR)
    return np.where((total <= 0) & (usual >= TRAFFIC_PRIOR), 0.0, traffic)

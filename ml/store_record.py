"""A store's days, and what they say: demand by month, what this month has brought so far, what is on the shelf."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ml import shelf
from ml.curves import Variants
from ml.demand import Days, MonthlyDemand, monthly_demand
from tillstream import months

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Catalogue:
    """The products. `gone`: the day (an ordinal) from which on nothing of a product is on sale any more."""

    ids: tuple[str, ...]
    categories: tuple[str, ...]
    variants: Variants | None
    gone: Ints


@dataclass(frozen=True)
class Span:
    """The days of a record: from the first of a month up to `today`, which has just begun."""

    first: date
    today: date

    @property
    def closed_days(self) -> int:
        """How many days there are of months that are over."""
        return (self.today.replace(day=1) - self.first).days

    @property
    def closed_months(self) -> int:
        """How many months are over."""
        return months.number_of(self.today) - months.number_of(self.first)

    @property
    def days(self) -> int:
        """How many days there are, today's included."""
        return (self.today - self.first).days + 1


@dataclass(frozen=True)
class Record:
    """Days x products. `sold`: pieces, returns not subtracted. `moved`: pieces in less pieces out. `counted`: NaN
    without a count. `stocked`: products of whose stock anything was ever recorded.
    """

    span: Span
    sold: Floats
    moved: Floats
    counted: Floats
    stocked: Bools


@dataclass(frozen=True)
class Store:
    """What is known of one store, or of all of them together; by product but for `totals`, its pieces by day.

    `demand`: of the months that are over. `of_days`: pieces sold of whole days of the month in progress; `so_far`: with
    those of today. `on_hand`: by the books. `quiet_since`: the ordinal of the last day with a sale, else of the first
    with any record.
    """

    span: Span
    demand: MonthlyDemand
    totals: Floats
    of_days: Floats
    so_far: Floats
    on_hand: Floats
    stocked: Bools
    quiet_since: Ints


def store(record: Record, catalogue: Catalogue) -> Store:
    """What a record says."""
    over = record.span.closed_days
    touched = (record.sold > 0) | (record.moved != 0) | ~np.isnan(record.counted)
    running = record.sold[over:]
    return Store(
        span=record.span,
        demand=_demand(record, touched, catalogue),
        totals=record.sold.sum(axis=1),
        of_days=running[:-1].sum(axis=0),
        so_far=running.sum(axis=0),
        on_hand=shelf.on_hand(record.moved, record.counted),
        stocked=record.stocked,
        quiet_since=record.span.first.toordinal() + _quiet_since(record.sold > 0, touched),
    )


def together(stores: list[Store]) -> Store:
    """All stores as one. A store that knows nothing of a month adds nothing; where none does, nothing is known."""
    demand = np.stack([one.demand.demand for one in stores])
    known = ~np.isnan(demand)
    whole = np.where(known.any(axis=0), np.where(known, demand, 0.0).sum(axis=0), np.nan)
    sold = np.sum([one.demand.sold for one in stores], axis=0)
    seen = np.max([one.demand.seen for one in stores], axis=0)
    return Store(
        span=stores[0].span,
        demand=MonthlyDemand(stores[0].demand.first_month, whole, sold, seen),
        totals=np.sum([one.totals for one in stores], axis=0),
        of_days=np.sum([one.of_days for one in stores], axis=0),
        so_far=np.sum([one.so_far for one in stores], axis=0),
        on_hand=np.sum([one.on_hand for one in stores], axis=0),
        stocked=np.any([one.stocked for one in stores], axis=0),
        quiet_since=np.max([one.quiet_since for one in stores], axis=0),
    )


def _demand(record: Record, touched: Bools, catalogue: Catalogue) -> MonthlyDemand:
    over, first = record.span.closed_days, record.span.first
    if not over:
        none = np.zeros((record.sold.shape[1], 0))
        return MonthlyDemand(months.number_of(first), none, none, none)
    numbers = [months.number_of(date.fromordinal(first.toordinal() + day)) for day in range(over)]
    there = shelf.on_sale(touched, catalogue.gone - first.toordinal())[:over]
    evening = shelf.closing(record.moved[:over], record.counted[:over])
    return monthly_demand(Days(np.array(numbers, dtype=np.int64), record.sold[:over], evening, there))


def _quiet_since(sold: Bools, touched: Bools) -> Ints:
    last = len(sold) - 1 - np.argmax(sold[::-1], axis=0)
    first = np.where(touched.any(axis=0), np.argmax(touched, axis=0), len(sold) - 1)
    found: Ints = np.where(sold.any(axis=0), last, first)
    return found

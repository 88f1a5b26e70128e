"""The owner, who orders by feel: once a week, from what was sold lately, with a hunch for the season.

An (s, S) policy per product with misjudged levels, packs, minimum orders and late suppliers, so that some products run
out and others pile up.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sources.assortment import Assortment
from sources.catalogue import SUPPLIERS, Category
from sources.demand import Demand
from sources.seeds import Purpose, stream

COVER_WEEKS = 5.0  # how long an order should last, above the reorder level
OPENING_WEEKS = 6.0
LAUNCH_WEEKS = 7.0
NEWEST_WEEK = 0.3  # how much the latest week counts in the owner's idea of weekly sales
SEASON_HUNCH = 0.6  # 1: the owner knows the season to come; 0: has never heard of one
SEEN_AHEAD_DAYS = 28
LATENESS = 0.15  # mean delay of a delivery, in parts of its lead time

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Delivery(NamedTuple):
    """Pieces by product that arrive together."""

    order_id: str
    lines: list[tuple[int, int]]


class Owner:
    """Looks at the shelf and orders. `next_open`: the first open day from a day on."""

    def __init__(self, seed: int, stock: Assortment, demand: Demand, next_open: Callable[[int], int]) -> None:
        self._seed, self._stock, self._demand, self._next_open = seed, stock, demand, next_open
        categories = [stock.styles[product.style].sheet.category for product in stock.products]
        self._lead = np.array([category.supplier.lead_time_days for category in categories])
        self._pack = np.array([category.pack_size for category in categories])
        self._minimum = self._pack * np.array([category.minimum_packs for category in categories])
        self._supplier = np.array([SUPPLIERS.index(category.supplier) for category in categories])
        self._own_level = np.array([_own_level(category) for category in categories])
        self._feel = np.array([product.feel for product in stock.products])
        self._first_order = np.array([product.first_order for product in stock.products])
        self._last_order = np.array([_last_order(stock, product.style) for product in stock.products]) - self._lead
        self._season = np.vstack([np.zeros((1, len(stock.styles))), np.cumsum(demand.season, axis=0)])
        self._weekly = demand.ordinary_units(0) * 7 * self._feel
        self._on_order = np.zeros(len(stock.products), dtype=np.int64)
        self._coming: defaultdict[int, list[Delivery]] = defaultdict(list)
        self._order_first_pieces()

    def opening_stock(self) -> Ints:
        """What is on the shelves when the history begins."""
        weeks = OPENING_WEEKS + self._lead / 7
        wanted = self._demand.ordinary_units(0) * 7 * weeks * self._outlook(0) * self._first_order
        return np.where(self._stock.launched() < 0, self._in_packs(wanted), 0)

    def deliveries(self, day_no: int) -> list[Delivery]:
        """What arrives on a day."""
        arrived = self._coming.pop(day_no, [])
        for delivery in arrived:
            for product, quantity in delivery.lines:
                self._on_order[product] -= quantity
        return arrived

    def review(self, day_no: int, day: str, on_hand: Ints, sold_in_week: Ints, ran_out: NDArray[np.bool_]) -> None:
        """Once a week, after closing: learns from the week's sales and orders. `day` names the orders."""
        learnt = (1 - NEWEST_WEEK) * self._weekly + NEWEST_WEEK * sold_in_week
        # What was not there could not be sold: the owner at least does not think less of it.
        self._weekly = np.where(ran_out, np.maximum(self._weekly, learnt), learnt)
        coming_weekly = self._weekly * self._outlook(day_no) * self._feel
        by_feel = coming_weekly * (self._lead / 7 + 1)
        level = np.where(self._own_level > 0, self._own_level, by_feel)
        available = on_hand + self._on_order
        orderable = (self._stock.launched() <= day_no) & (day_no < self._last_order)
        wanted = np.where(orderable & (available <= level), level + coming_weekly * COVER_WEEKS - available, 0.0)
        self._place_orders(day_no, day, self._in_packs(wanted))

    def _place_orders(self, day_no: int, day: str, quantities: Ints) -> None:
        delays = stream(self._seed, Purpose.ORDERS, day_no).random(len(SUPPLIERS))
        for number, supplier in enumerate(SUPPLIERS):
            wanted = np.flatnonzero((self._supplier == number) & (quantities > 0)).tolist()
            if wanted:
                delay = int(-np.log1p(-delays[number]) * supplier.lead_time_days * LATENESS)
                lines = [(product, int(quantities[product])) for product in wanted]
                arrival = self._next_open(day_no + supplier.lead_time_days + delay)
                self._send(arrival, Delivery(f"D{day}-{number + 1}", lines))

    def _order_first_pieces(self) -> None:
        for position, style in enumerate(self._stock.styles):
            if style.launched >= 0:
                weekly = self._demand.ordinary_units(style.launched) * 7
                pieces = self._in_packs(weekly * LAUNCH_WEEKS * self._first_order)
                members = np.flatnonzero(self._stock.style_of == position).tolist()
                self._weekly[members] = weekly[members] * self._first_order[members]
                lines = [(product, int(pieces[product])) for product in members]
                self._send(style.launched, Delivery(f"N{style.code}", lines))

    def _send(self, day_no: int, delivery: Delivery) -> None:
        self._coming[day_no].append(delivery)
        for product, quantity in delivery.lines:
            self._on_order[product] += quantity

    def _outlook(self, day_no: int) -> Floats:
        """How much busier the owner thinks the weeks to come are than the last ones, by product."""
        style_of = self._stock.style_of
        first, last = day_no + 1, day_no + 1 + self._lead + SEEN_AHEAD_DAYS
        ahead = (self._season[last, style_of] - self._season[first, style_of]) / (last - first)
        start = max(0, first - SEEN_AHEAD_DAYS)
        behind = (self._season[first, style_of] - self._season[start, style_of]) / (first - start)
        usual = behind if day_no > 0 else np.ones(len(style_of))
        ratio: Floats = np.clip(ahead / np.maximum(usual, 0.05), 0.3, 4.0) ** SEASON_HUNCH
        return ratio

    def _in_packs(self, wanted: Floats) -> Ints:
        """Whole packs, at least the minimum order, where anything is wanted."""
        # Rounded for the same reason as the demand: no last bit may decide about a pack.
        packs = np.ceil(np.round(wanted / self._pack, 9)).astype(np.int64) * self._pack
        return np.where(packs > 0, np.maximum(packs, self._minimum), 0)


def _own_level(category: Category) -> int:
    return category.reorder_level or 0


def _last_order(stock: Assortment, style: int) -> int:
    discontinued = stock.styles[style].discontinued
    return discontinued if discontinued is not None else np.iinfo(np.int32).max

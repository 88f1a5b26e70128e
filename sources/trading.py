"""A day in the shop, from the opening to the owner's evening."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sources.assortment import Assortment
from sources.catalogue import SOCKS, UNDERWEAR
from sources.demand import Demand
from sources.owner import Owner
from sources.prices import discount_per_piece
from sources.receipts import Basket, Line, baskets
from sources.returns import Return, Returns
from sources.seeds import Purpose, stream
from sources.stockroom import Stockroom

KNOWN_LOSSES, UNKNOWN_LOSSES = 0.25, 0.35  # pieces per day

Ints = NDArray[np.int64]


class Movement(NamedTuple):
    """One line of the stock book: a delivery, a loss or a count. The product by position."""

    kind: str
    order_id: str
    line_no: int
    product: int
    quantity: int
    time: str


@dataclass
class DayBook:
    """What happened on a day. `demand` and `sold`: pieces by product. `vanished`: products of pieces nobody missed."""

    demand: Ints
    sold: Ints
    lines: list[Line] = field(default_factory=list)
    movements: list[Movement] = field(default_factory=list)
    vanished: list[int] = field(default_factory=list)

    def book(self, kind: str, order_id: str, product: int, quantity: int, time: str) -> None:
        """Writes one line into the stock book, numbered within its order."""
        last = self.movements[-1] if self.movements else None
        line_no = last.line_no + 1 if last is not None and last.order_id == order_id else 1
        self.movements.append(Movement(kind, order_id, line_no, product, quantity, time))


class Shop:
    """The shop's state from one day to the next. `prices` by month and style in kyat, `discounts` by day and style."""

    def __init__(
        self,
        seed: int,
        stock: Assortment,
        demand: Demand,
        prices: list[list[int]],
        discounts: Ints,
        next_open: Callable[[int], int],
    ) -> None:
        self._seed, self._stock, self._demand = seed, stock, demand
        self._prices, self._discounts = prices, discounts
        self._style_of: list[int] = stock.style_of.tolist()
        returnable = [stock.styles[style].sheet.category not in (SOCKS, UNDERWEAR) for style in self._style_of]
        self._returns = Returns(seed, next_open, returnable)
        self._owner = Owner(seed, stock, demand, next_open)
        self._withdrawals = {style.withdrawn for style in stock.styles}
        self.stockroom = Stockroom(self._owner.opening_stock())
        self._forget_the_week()

    def trade(self, day_no: int, day: date, month_no: int, last_of_month: int) -> DayBook:
        """Lives through a day and gives what happened. Days must come one after the other.

        `last_of_month`: number of the month's last day; products launched until then are in the month's count.
        """
        products, quantities = self._demand.lines(day_no)
        wanted = np.bincount(products, weights=quantities, minlength=len(self._style_of)).astype(np.int64)
        book = DayBook(demand=wanted, sold=np.zeros_like(wanted))
        if day.day == 1:
            self._count(book, day, last_of_month)
        self._receive(book, day_no)
        self._serve(book, baskets(self._seed, day_no, products, quantities), day_no, day, month_no)
        self._close(book, day_no, day)
        return book

    def _count(self, book: DayBook, day: date, last_of_month: int) -> None:
        for product in np.flatnonzero(self._stock.launched() <= last_of_month).tolist():
            book.book("count", f"C{day:%Y%m%d}", product, self.stockroom.count(product), "08:10:00")

    def _receive(self, book: DayBook, day_no: int) -> None:
        for delivery in self._owner.deliveries(day_no):
            for product, quantity in delivery.lines:
                self.stockroom.add(product, quantity)
                book.book("delivery", delivery.order_id, product, quantity, "08:45:00")

    def _serve(self, book: DayBook, customers: list[Basket], day_no: int, day: date, month_no: int) -> None:
        """Customers and returns in the order of time; a piece brought back is on the shelf again next morning."""
        back = self._returns.due(day_no)
        visits: list[Basket | Return] = sorted([*customers, *back], key=lambda visit: visit.second)
        orders = 0
        for visit in visits:
            order_id = f"{day:%y%m%d}-{orders + 1:03}"
            if isinstance(visit, Basket):
                lines = self._sell(visit, order_id, day_no, month_no)
            else:
                lines = [_returned(visit, order_id)]
            orders += bool(lines)
            book.lines += lines
        for line in book.lines:
            if line.kind == "sale":
                book.sold[line.product] += line.quantity
        self._returns.decide(day_no, book.lines)
        self._shelve(book, back, day)

    def _sell(self, basket: Basket, order_id: str, day_no: int, month_no: int) -> list[Line]:
        lines: list[Line] = []
        for product, wanted, bargain in basket.wanted:
            taken = self.stockroom.take(product, wanted)
            if not taken:
                continue
            style = self._style_of[product]
            price, percent = self._prices[month_no][style], int(self._discounts[day_no, style])
            off = discount_per_piece(price, percent) if percent else bargain * (price >= 10_000)
            number, (second, till_id, _, home) = len(lines) + 1, basket
            lines.append(Line("sale", order_id, number, till_id, product, taken, price, off, second, home))
        return lines

    def _shelve(self, book: DayBook, back: list[Return], day: date) -> None:
        for piece in back:
            self.stockroom.add(piece.sold.product, piece.quantity)
        for piece in back:
            if piece.faulty:
                self._lose(book, day, piece.sold.product, piece.quantity)

    def _close(self, book: DayBook, day_no: int, day: date) -> None:
        """The evening: what broke, what was stolen, what leaves the shop for good, and on Mondays the orders."""
        draws = stream(self._seed, Purpose.LOSSES, day_no)
        known, unknown = draws.poisson((KNOWN_LOSSES, UNKNOWN_LOSSES)).tolist()
        for number in range(known + unknown):
            product = self.stockroom.random_product(draws)
            if product is not None and number < known:
                self._lose(book, day, product, 1)
            elif product is not None:
                self.stockroom.vanish(product)
                book.vanished.append(product)
        self._withdraw(book, day_no, day)
        self._sold_in_week += book.sold
        self._ran_out |= self.stockroom.physical == 0
        if day.weekday() == 0:
            self._owner.review(day_no, f"{day:%Y%m%d}", self.stockroom.physical, self._sold_in_week, self._ran_out)
            self._forget_the_week()

    def _withdraw(self, book: DayBook, day_no: int, day: date) -> None:
        """The last pieces of a style that was cleared are given away."""
        if day_no + 1 in self._withdrawals:
            for product, style in enumerate(self._style_of):
                if self._stock.styles[style].withdrawn == day_no + 1 and self.stockroom.physical[product] > 0:
                    self._lose(book, day, product, int(self.stockroom.physical[product]))

    def _lose(self, book: DayBook, day: date, product: int, quantity: int) -> None:
        book.book("loss", f"L{day:%Y%m%d}", product, self.stockroom.take(product, quantity), "20:20:00")

    def _forget_the_week(self) -> None:
        self._sold_in_week = np.zeros(len(self._style_of), dtype=np.int64)
        self._ran_out = np.zeros(len(self._style_of), dtype=np.bool_)


def _returned(back: Return, order_id: str) -> Line:
    second, till_id, sold, quantity, _ = back
    paid = sold.unit_price, sold.discount_per_piece
    return Line("return", order_id, 1, till_id, sold.product, quantity, *paid, second, None)

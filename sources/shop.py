"""The history of a men's clothing shop in Yangon, with the true demand that a real shop never learns."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sources.assortment import Assortment, assortment
from sources.demand import Demand
from sources.history import HistoryFiles
from sources.prices import discount_percents, list_prices
from sources.seasons import closed_days, public_holidays
from sources.trading import DayBook, Shop
from tillstream.errors import TerminalError
from tillstream.months import YEAR, first_day, number_of
from tillstream.shop_calendar import days_between, month

MAX_MONTHS = 120
FIRST_YEAR, LAST_YEAR = 2000, 2079  # the moon festivals of these years are known
DAYS_AHEAD = 120  # how far the owner sees: longest lead time, its delays, and four weeks


@dataclass(frozen=True)
class ShopSummary:
    """What was written. Units are pieces, returned ones not subtracted; `revenue` in whole kyat, returns subtracted."""

    out: Path
    first_day: date
    last_day: date
    products: int
    receipts: int
    sale_lines: int
    return_lines: int
    stock_events: int
    units_demanded: int
    units_sold: int
    revenue: int


def simulate_shop(
    months: int,
    seed: int,
    out: Path,
    start: str = "2023-01",
    report: Callable[[str], None] = lambda _: None,
    until: date | None = None,
) -> ShopSummary:
    """Writes the history of a shop into the empty or new folder `out`; see `sources.history` for its files.

    The same months, seed and start give the same bytes; a longer history begins with the months of a shorter one.
    `until`: the last day, if it is not the last month's. `report` is called with one line of text per month. Raises
    TerminalError for arguments that make no history.
    """
    days = _history_days(months, seed, start)
    traded = _until(days, until)
    stock = assortment(seed, days)
    files = HistoryFiles(out, stock.products)
    year_holidays = public_holidays(days[0].year - 1, days[-1].year + 2)
    seen_days = days + days_between(days[-1] + timedelta(1), days[-1] + timedelta(DAYS_AHEAD))
    discounts = discount_percents(stock.styles, seen_days, year_holidays)
    demand = Demand(seed, stock, seen_days, year_holidays, discounts)
    prices = list_prices(seed, stock.styles, days)
    closed = {(day - days[0]).days for day in closed_days(year_holidays)}

    def next_open(day_no: int) -> int:
        while day_no in closed:
            day_no += 1
        return day_no

    shop = Shop(seed, stock, demand, prices, discounts, next_open)
    tally = _Tally()
    for books in _months(shop, traded):
        files.write_month(books, _on_sale(stock, days[0], books))
        tally.add(books)
        report(f"{month(books[0][0])}: {sum(len(book.lines) for _, book in books):,} receipt lines")
    files.write_products(stock, len(traded) - 1, days[0], prices[number_of(traded[-1]) - number_of(days[0])])
    files.write_stock(shop.stockroom)
    return tally.summary(out, traded, len(stock.products))


class _Tally:
    """Adds up what was written."""

    def __init__(self) -> None:
        self._lines = {"sale": 0, "return": 0}
        self._receipts = self._stock_events = self._demanded = self._sold = self._revenue = 0

    def add(self, books: list[tuple[date, DayBook]]) -> None:
        for _, book in books:
            self._stock_events += len(book.movements)
            self._demanded += int(book.demand.sum())
            self._sold += int(book.sold.sum())
            for line in book.lines:
                self._lines[line.kind] += 1
                self._receipts += line.line_no == 1
                paid = (line.unit_price - line.discount_per_piece) * line.quantity
                self._revenue += paid if line.kind == "sale" else -paid

    def summary(self, out: Path, days: list[date], products: int) -> ShopSummary:
        return ShopSummary(
            out=out,
            first_day=days[0],
            last_day=days[-1],
            products=products,
            receipts=self._receipts,
            sale_lines=self._lines["sale"],
            return_lines=self._lines["return"],
            stock_events=self._stock_events,
            units_demanded=self._demanded,
            units_sold=self._sold,
            revenue=self._revenue,
        )


def _history_days(months: int, seed: int, start: str) -> list[date]:
    try:
        first = datetime.strptime(start, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise TerminalError(f"'{start}' is not a month.", "Write it as YYYY-MM, for example 2023-01.") from error
    if not 1 <= months <= MAX_MONTHS:
        raise TerminalError(f"A history of {months} months is not possible.", f"Choose 1 to {MAX_MONTHS}.")
    if seed < 0:
        raise TerminalError(f"{seed} is not a seed.", "Choose a whole number from 0 on.")
    last = number_of(first) + months - 1
    if first.year < FIRST_YEAR or last // YEAR > LAST_YEAR:
        raise TerminalError(
            f"{months} months from {start} are not possible.", f"Choose months of {FIRST_YEAR} to {LAST_YEAR}."
        )
    return days_between(first, first_day(last + 1) - timedelta(days=1))


def _until(days: list[date], last: date | None) -> list[date]:
    if last is None:
        return days
    if last < days[0]:
        raise TerminalError(f"A history from {days[0]} until {last} has no day.", "Choose a later last day.")
    return days[: (last - days[0]).days + 1]


def _months(shop: Shop, days: list[date]) -> Iterator[list[tuple[date, DayBook]]]:
    """The books of the shop, a month at a time; the last month may be cut short."""
    for month_no, (number, members) in enumerate(groupby(enumerate(days), key=lambda numbered: number_of(numbered[1]))):
        last_of_month = (first_day(number + 1) - days[0]).days - 1
        yield [(day, shop.trade(day_no, day, month_no, last_of_month)) for day_no, day in members]


def _on_sale(stock: Assortment, first_day: date, books: list[tuple[date, DayBook]]) -> NDArray[np.int64]:
    """Positions of the products that were on sale on at least one day of the month."""
    first, last = (books[0][0] - first_day).days, (books[-1][0] - first_day).days
    withdrawn = [stock.styles[product.style].withdrawn for product in stock.products]
    still_there = np.array([day_no is None or day_no > first for day_no in withdrawn])
    return np.flatnonzero((stock.launched() <= last) & still_there)

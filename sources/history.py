"""The files of a simulated history: sales and stock by month, products, and the truth that no real shop knows.

UTF-8, LF, one header line. Money in whole kyat. `truth/` holds what only the simulator can see, in pieces:
`lost_demand.csv` (days on which a customer met an empty shelf), `true_demand.csv` (by month, for every product on sale
in it; returns are not subtracted), `shrinkage.csv` (vanished unseen) and `stock.csv` (at the end of the history).
"""

import csv
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from sources.assortment import Assortment, Product
from sources.prices import unit_cost
from sources.receipts import Line
from sources.stockroom import Stockroom
from sources.trading import DayBook, Movement
from tillstream.errors import TerminalError
from tillstream.shop_calendar import month
from tillstream.tables import PRODUCTS

CURRENCY, STORE_ID, STOCK_TILL_ID = "MMK", "yangon-1", "stock"
UTC_OFFSET = "+06:30"  # Asia/Yangon has had no other since 1945
LINE_HEADER = ("kind", "order_id", "line_no", "till_id", "store_id", "product_id", "product_name", "quantity")
SALES_HEADER = (*LINE_HEADER, "unit_price", "discount", "currency", "sold_at", "city", "region", "address")
STOCK_HEADER = (*LINE_HEADER, "day", "recorded_at")
TRUTH_HEADERS = {
    "lost_demand": ("day", "store_id", "product_id", "demand", "sold", "lost"),
    "true_demand": ("month", "store_id", "product_id", "demand", "sold"),
    "shrinkage": ("day", "store_id", "product_id", "quantity"),
    "stock": ("store_id", "product_id", "on_hand_by_records", "on_hand_physical"),
}

Row = Iterable[str | int]
Ints = NDArray[np.int64]


class HistoryFiles:
    """Writes a history into an empty folder, month by month. Raises TerminalError when the folder is not empty."""

    def __init__(self, out: Path, products: tuple[Product, ...]) -> None:
        self._out = out
        self._products = products
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise TerminalError(f"{out} is not an empty folder.", "Name a new folder, or empty this one first.")
        for folder in ("sales", "stock", "truth"):
            (out / folder).mkdir(parents=True)
        for name, header in TRUTH_HEADERS.items():
            self._append_truth(name, [header])

    def write_month(self, books: list[tuple[date, DayBook]], on_sale: Ints) -> None:
        """One month: the books of all its days. `on_sale`: the products of the month, by position."""
        name = month(books[0][0])
        with _new_csv(self._out / "sales" / f"{name}.csv") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(SALES_HEADER)
            writer.writerows(self._sale(day, line) for day, book in books for line in book.lines)
        with _new_csv(self._out / "stock" / f"{name}.csv") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(STOCK_HEADER)
            writer.writerows(self._movement(day, movement) for day, book in books for movement in book.movements)
        self._append_truth("lost_demand", (row for day, book in books for row in self._lost(day, book)))
        self._append_truth("shrinkage", (row for day, book in books for row in self._vanished(day, book)))
        self._append_truth("true_demand", self._true_demand(name, [book for _, book in books], on_sale))

    def write_products(self, stock: Assortment, last_day_no: int, first_day: date, prices: list[int]) -> None:
        """The reference data as the owner has them on the last day. `prices` by style; they tell the costs."""
        with _new_csv(self._out / "products.csv") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(column.name for column in PRODUCTS.columns)
            for product in self._products:
                writer.writerow(_reference(stock, product, last_day_no, first_day, prices[product.style]))

    def write_stock(self, stockroom: Stockroom) -> None:
        """What is there after the last day, by the records and in truth."""
        rows = zip(self._products, stockroom.records.tolist(), stockroom.physical.tolist(), strict=True)
        self._append_truth("stock", ((STORE_ID, product.product_id, *pieces) for product, *pieces in rows))

    def _sale(self, day: date, line: Line) -> Row:
        product = self._products[line.product]
        discount = line.discount_per_piece * line.quantity
        sold_at = f"{day}T{_clock_time(line.second)}{UTC_OFFSET}"
        return (
            line.kind, line.order_id, line.line_no, line.till_id, STORE_ID, product.product_id, product.name,
            line.quantity, line.unit_price, discount or "", CURRENCY, sold_at, *(line.address or ("", "", "")),
        )  # fmt: skip

    def _movement(self, day: date, movement: Movement) -> Row:
        product = self._products[movement.product]
        return (
            movement.kind, movement.order_id, movement.line_no, STOCK_TILL_ID, STORE_ID, product.product_id,
            product.name, movement.quantity, f"{day}", f"{day}T{movement.time}{UTC_OFFSET}",
        )  # fmt: skip

    def _lost(self, day: date, book: DayBook) -> Iterator[Row]:
        for product in np.flatnonzero(book.demand > book.sold).tolist():
            demand, sold = int(book.demand[product]), int(book.sold[product])
            yield f"{day}", STORE_ID, self._products[product].product_id, demand, sold, demand - sold

    def _vanished(self, day: date, book: DayBook) -> Iterator[Row]:
        for product in sorted(set(book.vanished)):
            yield f"{day}", STORE_ID, self._products[product].product_id, book.vanished.count(product)

    def _true_demand(self, name: str, books: list[DayBook], on_sale: Ints) -> Iterator[Row]:
        demand = np.sum([book.demand for book in books], axis=0)
        sold = np.sum([book.sold for book in books], axis=0)
        for product in on_sale.tolist():
            yield name, STORE_ID, self._products[product].product_id, int(demand[product]), int(sold[product])

    def _append_truth(self, name: str, rows: Iterable[Row]) -> None:
        with (self._out / "truth" / f"{name}.csv").open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)


@contextmanager
def _new_csv(path: Path) -> Iterator[TextIO]:
    with path.open("x", encoding="utf-8", newline="") as file:
        yield file


def _clock_time(second: int) -> str:
    return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"


def _reference(stock: Assortment, product: Product, last_day_no: int, first_day: date, price: int) -> Row:
    style = stock.styles[product.style]
    category = style.sheet.category
    gone = style.discontinued is not None and style.discontinued <= last_day_no
    discontinued_on = f"{first_day + timedelta(days=style.discontinued or 0)}" if gone else ""
    return (
        product.product_id, product.name, category.name, style.name, product.size, product.colour,
        category.supplier.name, unit_cost(price, category), CURRENCY, category.supplier.lead_time_days,
        category.pack_size, category.pack_size * category.minimum_packs, category.reorder_level or "", discontinued_on,
    )  # fmt: skip

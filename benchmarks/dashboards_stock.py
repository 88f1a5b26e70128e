"""The files of a shop's owner: the products that `shop_events` sells, and the book of their stock."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.shop_events import PRODUCTS, product_id, product_name

PRODUCT_HEADER = (
    "product_id", "product_name", "category", "supplier", "unit_cost", "cost_currency", "lead_time_days", "pack_size",
)  # fmt: skip
STOCK_HEADER = (
    "kind", "order_id", "line_no", "till_id", "store_id", "product_id", "product_name", "quantity", "day",
    "recorded_at",
)  # fmt: skip
CATEGORIES, SUPPLIERS = 12, 7
A_LINE = 1.2  # pieces, returns subtracted


def write_products(path: Path, number: int = PRODUCTS) -> None:
    """So many products, each with a category, a supplier and a cost."""
    _write(
        path,
        PRODUCT_HEADER,
        (
            (
                product_id(n), product_name(n), f"Shirts {n % CATEGORIES + 1}", f"Mill {n % SUPPLIERS + 1}",
                5_000 + 100 * (n % 90), "MMK", 14, 3,
            )
            for n in range(number)
        ),
    )  # fmt: skip


def write_stock(path: Path, store: str, months: Sequence[str], lines_a_month: float) -> None:
    """Each product counted on every month's first day, and delivered on the second what it sells, about."""
    _write(path, STOCK_HEADER, _movements(store, months, max(1, round(lines_a_month * A_LINE))))


def _movements(store: str, months: Sequence[str], delivered: int) -> Iterator[tuple[object, ...]]:
    for at, month in enumerate(months):
        for n in range(PRODUCTS):
            counted = 10 + (7 * n + 3 * at) % 20 + delivered // 4
            for kind, day, quantity in (("count", f"{month}-01", counted), ("delivery", f"{month}-02", delivered)):
                yield (
                    kind, f"{kind}-{month}", n + 1, "stock", store, product_id(n), product_name(n), quantity, day,
                    f"{day}T08:10:00+06:30",
                )  # fmt: skip


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)

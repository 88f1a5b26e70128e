"""The simulated shop as the forecast sees it, and its true demand, read from the files of its history."""

import csv
import tempfile
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ml.curves import Variants
from ml.demand import Days
from ml.shelf import CLEARANCE_DAYS, closing, on_sale
from sources.shop import simulate_shop
from tillstream.months import number_of

Floats = NDArray[np.float64]

NEVER = np.iinfo(np.int64).max
START = "2021-01"


class ShopHistory(NamedTuple):
    """`truth`: products x months of what customers wanted, NaN where the product was not on sale."""

    days: Days
    truth: Floats
    categories: tuple[str, ...]
    variants: Variants


def simulated(months: int, seed: int) -> ShopHistory:
    """Simulates a shop in a temporary folder and reads it."""
    with tempfile.TemporaryDirectory() as folder:
        return read(simulate_shop(months, seed, Path(folder) / "shop", START).out)


def read(out: Path) -> ShopHistory:
    """Reads the files of a history."""
    products = list(_rows(out / "products.csv"))
    place = {row["product_id"]: number for number, row in enumerate(products)}
    first = date.fromisoformat(f"{START}-01")
    months = len(list((out / "sales").glob("*.csv")))
    calendar = [first + timedelta(days=n) for n in range(31 * months)]
    month = np.array([number_of(day) for day in calendar], dtype=np.int64)
    calendar, month = (
        [d for d, m in zip(calendar, month, strict=True) if m < month[0] + months],
        month[month < month[0] + months],
    )
    sold, moved = (np.zeros((len(calendar), len(products))) for _ in range(2))
    counted = np.full(sold.shape, np.nan)
    _add_sales(out, first, place, sold, moved)
    _add_stock(out, first, place, moved, counted)
    touched = (sold > 0) | (moved != 0) | ~np.isnan(counted)
    labels = [tuple(row[name] for row in products) for name in ("style", "category", "size", "colour")]
    truth = np.full((len(products), months), np.nan)
    for row in _rows(out / "truth" / "true_demand.csv"):
        number = int(row["month"][:4]) * 12 + int(row["month"][5:]) - 1 - int(month[0])
        truth[place[row["product_id"]], number] = int(row["demand"])
    days = Days(month, sold, closing(moved, counted), on_sale(touched, _gone(products, first)))
    return ShopHistory(days, truth, labels[1], Variants(labels[0], labels[1], labels[2], labels[3]))


def _add_sales(out: Path, first: date, place: dict[str, int], sold: Floats, moved: Floats) -> None:
    for path in sorted((out / "sales").glob("*.csv")):
        for row in _rows(path):
            day, product = _key(row["sold_at"][:10], row, first, place)
            pieces = int(row["quantity"])
            moved[day, product] += pieces if row["kind"] == "return" else -pieces
            sold[day, product] += pieces if row["kind"] == "sale" else 0


def _add_stock(out: Path, first: date, place: dict[str, int], moved: Floats, counted: Floats) -> None:
    for path in sorted((out / "stock").glob("*.csv")):
        for row in _rows(path):
            day, product = _key(row["day"], row, first, place)
            if row["kind"] == "count":
                counted[day, product] = int(row["quantity"])
            else:
                moved[day, product] += int(row["quantity"]) * (1 if row["kind"] == "delivery" else -1)


def _key(day: str, row: dict[str, str], first: date, place: dict[str, int]) -> tuple[int, int]:
    return (date.fromisoformat(day) - first).days, place[row["product_id"]]


def _gone(products: list[dict[str, str]], first: date) -> NDArray[np.int64]:
    """The number of the day from which on nothing of a product is left."""
    return np.array([
        (date.fromisoformat(row["discontinued_on"]) - first).days + CLEARANCE_DAYS if row["discontinued_on"] else NEVER
        for row in products
    ])  # fmt: skip


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)

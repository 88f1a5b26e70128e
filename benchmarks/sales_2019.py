"""The twelve files of 2019 as days x products, where they are at hand: pieces sold, exact duplicates dropped."""

import csv
import gzip
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tillstream.months import number_of

FOLDER = Path(__file__).parents[2] / "shared" / "data" / "sales_2019"
FIRST, LAST = date(2019, 1, 1), date(2019, 12, 31)


class Year(NamedTuple):
    """`sold`: days x products. `month`: of each day, from the year 0."""

    products: tuple[str, ...]
    sold: NDArray[np.float64]
    month: NDArray[np.int64]


def sales_of_2019(folder: Path = FOLDER) -> Year | None:
    """None where the files are not there."""
    files = sorted(folder.glob("Sales_*_2019.csv*"))
    if len(files) != 12:
        return None
    lines = {line for path in files for line in _lines(path)}
    products = tuple(sorted({product for _, product, _, _, _, _ in lines}))
    number = {product: at for at, product in enumerate(products)}
    sold = np.zeros(((LAST - FIRST).days + 1, len(products)))
    for _, product, quantity, _, sold_at, _ in lines:
        day = datetime.strptime(sold_at, "%m/%d/%y %H:%M").date()  # noqa: DTZ007 the files know no time zone
        if FIRST <= day <= LAST:
            sold[(day - FIRST).days, number[product]] += int(quantity)
    days = [date.fromordinal(FIRST.toordinal() + n) for n in range(len(sold))]
    return Year(products, sold, np.array([number_of(day) for day in days], dtype=np.int64))


def _lines(path: Path) -> list[tuple[str, ...]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file) if len(row) == 6 and row[0] and row[0] != "Order ID"]

"""A shop's features written by hand, and the rows that a forecast makes of them, each of them looked at."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from jobs.batch.forecast_candidate import candidate
from jobs.batch.forecast_features import Features
from jobs.batch.forecast_rows import rows_of
from ml.store_record import Span
from tillstream import tables
from tillstream.settings import Settings
from tillstream.stores.ordering import Order, Product, Revenue
from tillstream.stores.shop_days import Entries, ShopDays
from tillstream.stores.uplifts import Uplift
from tillstream.tables import Table

Row = dict[str, Any]


@dataclass
class Shop:
    """Sales and stock by (day, store, product), as the published truth has them. `today`: the day that has begun."""

    today: date
    sold: dict[tuple[date, str, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    moved: dict[tuple[date, str, str], int] = field(default_factory=lambda: defaultdict(int))
    counted: dict[tuple[date, str, str], int] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    orders: list[Order] = field(default_factory=list)
    uplifts: list[Uplift] = field(default_factory=list)
    revenues: list[Revenue] = field(default_factory=list)

    def sell(self, day: date, quantity: int, product: str = "shirt", store: str = "main", back: int = 0) -> None:
        """Pieces sold, and pieces that came back."""
        figures = self.sold[day, store, product]
        figures[0] += quantity
        figures[1] += quantity - back

    def sell_daily(self, first: date, last: date, quantity: int, product: str = "shirt", store: str = "main") -> None:
        """So many each day, both days included."""
        for number in range((last - first).days + 1):
            self.sell(first + timedelta(days=number), quantity, product, store)

    def deliver(self, day: date, quantity: int, product: str = "shirt", store: str = "main") -> None:
        """A delivery; below 0 a loss."""
        self.moved[day, store, product] += quantity

    def features(self) -> Features:
        """What would be read of it."""
        keys = [*self.sold, *self.moved, *self.counted]
        stores = tuple(dict.fromkeys(store for _, store, _ in keys))
        products = tuple(dict.fromkeys(product for _, _, product in keys))
        first = min([key[0] for key in keys], default=self.today).replace(day=1)
        ids = tuple(sorted({*products, *self.products}))
        days = ShopDays(
            stores,
            products,
            _entries({key: tuple(figures) for key, figures in self.sold.items()}, 2, stores, products),
            _entries({key: (change,) for key, change in self.moved.items()}, 1, stores, products),
            _entries({key: (count,) for key, count in self.counted.items()}, 1, stores, products),
        )
        places = {product: place for place, product in enumerate(ids)}
        return Features(
            Span(first, self.today), ids, places, days, self.products, self.orders, self.uplifts, self.revenues
        )

    def made(self, timezone: str = "Asia/Yangon", currency: str = "MMK") -> "Made":
        """The rows of its forecast and plan."""
        features = self.features()
        found = candidate(features, Settings(timezone=timezone, currency=currency))
        made: dict[Table, list[Row]] = {table: [] for table in ROWS}
        for table, some in rows_of(found, features):
            made[table] += [_named(table, row) for row in some]
        return Made(made)


ROWS = (
    tables.FORECAST_MONTHS, tables.FORECAST_MODELS, tables.PLAN_LINES, tables.PLAN_MONTHS, tables.SIZE_RUNS,
)  # fmt: skip


@dataclass
class Made:
    """Rows by table, each of which fits its columns, is finite and says what may be said."""

    rows: dict[Table, list[Row]]

    def months(self, product: str = "shirt", store: str = "") -> list[Row]:
        """The months of a product's forecast."""
        return [
            row for row in self.rows[tables.FORECAST_MONTHS] if (row["store_id"], row["product_id"]) == (store, product)
        ]

    def line(self, product: str = "shirt", store: str = "main") -> Row:
        """A product's line."""
        [found] = [
            row for row in self.rows[tables.PLAN_LINES] if (row["store_id"], row["product_id"]) == (store, product)
        ]
        return found

    def refills(self, product: str = "shirt", store: str = "main") -> list[Row]:
        """A product's refills."""
        return [
            row for row in self.rows[tables.PLAN_MONTHS] if (row["store_id"], row["product_id"]) == (store, product)
        ]


def _entries(
    some: Mapping[tuple[date, str, str], tuple[int, ...]],
    width: int,
    stores: tuple[str, ...],
    products: tuple[str, ...],
) -> Entries:
    keys = np.array(
        [(day.toordinal(), stores.index(store), products.index(product)) for day, store, product in some] or
        np.empty((0, 3)), dtype=np.int32,
    )  # fmt: skip
    figures = np.array(list(some.values()), dtype=np.int64).reshape(-1, width)
    return Entries(keys[:, 0], keys[:, 1], keys[:, 2], tuple(figures.T))


def _named(table: Table, row: tuple[Any, ...]) -> Row:
    """A row by column; fails for one that the table would not take."""
    columns = table.columns[1:]
    assert len(row) == len(columns), table.name
    for column, value in zip(columns, row, strict=True):
        assert column.nullable or value is not None, (table.name, column.name)
        assert not isinstance(value, float) or math.isfinite(value), (table.name, column.name, value)
        assert not isinstance(value, np.generic), (table.name, column.name)
        assert not isinstance(value, Decimal) or value.is_finite()
    found = dict(zip([column.name for column in columns], row, strict=True))
    if table is tables.FORECAST_MONTHS:
        assert 0 <= found["p10"] <= found["p50"] <= found["p90"]
        assert found["quantity"] >= 0
    if table is tables.PLAN_LINES:
        assert found["quantity"] >= 0
        assert found["quantity"] % found["pack_size"] == 0
        assert found["reason"].endswith(".")
    return found

"""A store of any number of products whose three years are published truth, written as a night would have left them."""

from collections.abc import Iterator
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.command_line import tillstream
from benchmarks.dashboards_stock import write_products
from benchmarks.monthly_panels import slow_movers
from benchmarks.shop_events import product_id
from tillstream import months, tables
from tillstream.settings import Settings
from tillstream.stores import truth
from tillstream.stores.mysql import Connection, Cursor, connect, transaction

MONTHS = 36
TYPICAL = 5.0  # pieces a month of the median product
SEED = 20
NEVER_SOLD = 1.2  # so many are drawn for one that is wanted: some never sell
STORE, CURRENCY = "store-1", "MMK"
SPARE = 10  # pieces that no month sells
CUT_DAY = date(2025, 1, 1)
Pieces = NDArray[np.int64]


def publish(settings: Settings, products: int) -> int:
    """Publishes a shop of so many products in the place of what was published; gives its days of sales."""
    described = settings.home / "products.csv"
    write_products(described, products)
    tillstream(settings, "products", "import", described)
    connection = connect(settings, "migrate")
    try:
        with transaction(connection) as cursor:
            generation = _begin(cursor)
        days = sum(_write(connection, generation, month, pieces) for month, pieces in _history(products))
        with transaction(connection) as cursor:
            _show(cursor, generation)
    finally:
        connection.close()
    return days


def _history(products: int) -> Iterator[tuple[date, Pieces]]:
    """Of each month its first day, and what each product sold on each day."""
    demand = slow_movers(SEED, int(products * NEVER_SOLD), TYPICAL)[:products, -MONTHS:]
    draws = np.random.default_rng(SEED)
    for step, wanted in enumerate(np.nan_to_num(demand).T):
        month = months.first_day(months.number_of(CUT_DAY) - MONTHS + step)
        length = (months.first_day(months.number_of(month) + 1) - month).days
        yield month, draws.poisson((wanted / length)[:, None], (len(wanted), length))


def _write(connection: "Connection[Cursor]", generation: int, month: date, pieces: Pieces) -> int:
    """The truth of a month: sales by day and by month, and a count of every product on its first day."""
    product, day = np.nonzero(pieces)
    calendar = pa.array([month + timedelta(days=number) for number in range(pieces.shape[1])])
    by_day = _sales(month, product, pieces[product, day]).append_column("day", calendar.take(pa.array(day)))
    in_month = pieces.sum(axis=1)
    sold = np.flatnonzero(in_month)
    tables_of_month = {
        tables.TRUTH_SALES_BY_DAY: by_day,
        tables.TRUTH_SALES_BY_MONTH: _sales(month, sold, in_month[sold]),
        tables.TRUTH_COUNTS: _counts(month, in_month + SPARE),
    }
    truth.write(connection, generation, tables_of_month)
    return len(day)


def _sales(month: date, product: Pieces, pieces: Pieces) -> pa.Table:
    revenue, nothing = pieces * (5_000 + 100 * (product % 90)), np.zeros(len(pieces), dtype=np.int64)
    figures = {
        "units": pieces, "returned_units": nothing, "lines": pieces, "receipts": pieces, "gross": revenue,
        "discount": nothing, "revenue": revenue,
    }  # fmt: skip
    return pa.table(_keys(month, product) | {"currency": pa.repeat(CURRENCY, len(pieces))} | figures)


def _counts(month: date, quantity: Pieces) -> pa.Table:
    product = np.arange(len(quantity))
    ids = [f"count-{month}-{number}" for number in product]
    return pa.table(
        _keys(month, product)
        | {"day": pa.repeat(month, len(ids)), "recorded_at": pa.repeat(month, len(ids)).cast(pa.timestamp("ms"))}
        | {"event_id": ids, "quantity": quantity}
    )


def _keys(month: date, product: Pieces) -> dict[str, pa.Array]:
    ids = pa.array([product_id(number) for number in range(int(product.max(initial=0)) + 1)])
    return {
        "month": pa.repeat(f"{month:%Y-%m}", len(product)),
        "store_id": pa.repeat(STORE, len(product)),
        "product_id": ids.take(pa.array(product)),
    }


def _begin(cursor: Cursor) -> int:
    """A cut on CUT_DAY, a generation that stands on it, and its publication: the number of all three but for one."""
    cursor.execute("SELECT COALESCE(MAX(`generation`), 0) + 1 FROM `generations`")
    [(generation,)] = cursor.fetchall()
    cursor.execute("INSERT INTO `epochs` (`epoch`, `opened_at`) VALUES (%s, %s)", (generation + 1, CUT_DAY))
    cursor.execute(
        "INSERT INTO `generations` (`generation`, `epoch`, `run_id`, `kind`, `base_epoch`, `code_version`, "
        "`created_at`, `published_at`) VALUES (%s, %s, %s, 'full', 1, 'benchmark', %s, %s)",
        (generation, generation + 1, f"benchmark-{generation}", CUT_DAY, CUT_DAY),
    )
    return int(generation)


def _show(cursor: Cursor, generation: int) -> None:
    cursor.execute(
        "INSERT INTO `publications` (`publication`, `generation`, `epoch`, `origin`, `kind`, `published_at`) "
        "VALUES (%s, %s, %s, %s, 'full', %s)",
        (generation, generation, generation + 1, generation, CUT_DAY),
    )
    cursor.execute("UPDATE `layers` SET `current_epoch` = %s, `published_epoch` = %s", (generation + 1,) * 2)
    cursor.execute("DELETE FROM `published_months`")
    last = months.number_of(CUT_DAY)
    cursor.executemany(
        "INSERT INTO `published_months` (`month`, `generation`, `closed`) VALUES (%s, %s, 1)",
        [(months.key(number), generation) for number in range(last - MONTHS, last)],
    )

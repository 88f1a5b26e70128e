"""The published truth by day, as arrays: what a forecast learns from. Few of its rows are Python objects at a time."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pymysql.cursors import SSCursor

from tillstream.stores.mysql import Connection, Cursor, rows, translated

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]  # there are millions of them

PORTION = 20_000  # rows that are Python objects at a time
DAY_ZERO = 365  # MySQL's TO_DAYS less Python's ordinal


class Entries(NamedTuple):
    """Rows of one kind: day (an ordinal), numbers of store and product, and figures as the query has them."""

    day: Numbers
    store: Numbers
    product: Numbers
    figures: tuple[Ints, ...]


class ShopDays(NamedTuple):
    """`sales`: pieces sold, and less returns; `moves`: deliveries less losses; `counts`: a day has one."""

    stores: tuple[str, ...]
    products: tuple[str, ...]
    sales: Entries
    moves: Entries
    counts: Entries


class _Names:
    """Numbers of names, in the order in which they are first met."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def __call__(self, name: str) -> int:
        return self.numbers.setdefault(name, len(self.numbers))


_SALES = (
    "SELECT TO_DAYS(`day`), `store_id`, `product_id`, CAST(SUM(`units` + `returned_units`) AS SIGNED), "
    "CAST(SUM(`units`) AS SIGNED) FROM `truth_sales_by_day` WHERE `generation` = %s AND `month` = %s AND `day` <= %s "
    "GROUP BY `day`, `store_id`, `product_id`"
)
_MOVES = (
    "SELECT TO_DAYS(`day`), `store_id`, `product_id`, `delivered` - `lost` FROM `truth_stock` "
    "WHERE `generation` = %s AND `month` = %s AND `day` <= %s"
)
# Of several counts of one day, the one written down last holds: it comes last here.
_COUNTS = (
    "SELECT TO_DAYS(`day`), `store_id`, `product_id`, `quantity` FROM `truth_counts` "
    "WHERE `generation` = %s AND `month` = %s AND `day` <= %s "
    "ORDER BY `day`, `store_id`, `product_id`, `recorded_at`, `event_id`"
)


def read(cursor: Cursor, months: Sequence[tuple[str, int]], last: date) -> ShopDays:
    """The days of some published months (with the generation of each) up to `last`, within the cursor's transaction."""
    stores, products = _Names(), _Names()
    kinds = ((_SALES, 2), (_MOVES, 1), (_COUNTS, 1))
    sales, moves, counts = (_entries(cursor, query, width, months, last, stores, products) for query, width in kinds)
    return ShopDays(tuple(stores.numbers), tuple(products.numbers), sales, moves, counts)


def published_months(cursor: Cursor) -> list[tuple[str, int]]:
    """The months that readers see, in order, each with its generation."""
    found = rows(cursor, "SELECT `month`, `generation` FROM `published_months` ORDER BY `month`")
    return [(month, generation) for month, generation in found]


def last_day(cursor: Cursor, months: Sequence[tuple[str, int]], clock: date) -> date | None:
    """The last day up to `clock` of which anything is on record in some published months, which are in order."""
    for month, generation in reversed(months):
        days: list[date] = [
            day for table in _TABLES for (day,) in rows(cursor, _LAST[table], (generation, month, clock)) if day
        ]
        if days:
            return max(days)
    return None


_TABLES = ("truth_sales_by_day", "truth_stock", "truth_counts")
_LAST = {
    table: f"SELECT MAX(`day`) FROM `{table}` WHERE `generation` = %s AND `month` = %s AND `day` <= %s"
    for table in _TABLES
}


def _entries(
    cursor: Cursor,
    query: str,
    width: int,
    months: Sequence[tuple[str, int]],
    last: date,
    stores: _Names,
    products: _Names,
) -> Entries:
    keys: list[list[Numbers]] = [[np.empty(0, dtype=np.int32)] for _ in range(3)]
    figures: list[list[Ints]] = [[np.empty(0, dtype=np.int64)] for _ in range(width)]
    for month, generation in months:
        for portion in _portions(cursor.connection, query, (generation, month, last)):
            day, store, product, *values = zip(*portion, strict=True)
            keys[0].append(np.array(day, dtype=np.int32) - DAY_ZERO)
            keys[1].append(np.fromiter(map(stores, store), np.int32, len(store)))
            keys[2].append(np.fromiter(map(products, product), np.int32, len(product)))
            for part, value in zip(figures, values, strict=True):
                part.append(np.array(value, dtype=np.int64))
    joined = [np.concatenate(part) for part in keys]
    return Entries(joined[0], joined[1], joined[2], tuple(np.concatenate(part) for part in figures))


def _portions(
    connection: "Connection[Any]", query: str, arguments: Sequence[object]
) -> Iterator[tuple[tuple[Any, ...], ...]]:
    """The rows of a query as the server sends them: none are held but those of a portion."""
    with translated("the MySQL server"), connection.cursor(SSCursor) as cursor:
        cursor.execute(query, arguments)
        while portion := cursor.fetchmany(PORTION):
            yield tuple(portion)

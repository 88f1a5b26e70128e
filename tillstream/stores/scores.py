"""What became of issued forecasts: their months that are over, beside what the newest forecast knows of them.

Idempotent by key: what is scored already is left out, and a row that is written again takes its own place.
"""

from collections import defaultdict
from datetime import date, timedelta

import msgspec

from tillstream import tables
from tillstream.forecast_models import Known
from tillstream.stores import forecasts
from tillstream.stores.mysql import Connection, Cursor, rows, transaction
from tillstream.tables import replacing_upsert

PORTION = 2_000  # products of one transaction
LONGEST = timedelta(days=300)  # a forecast that was issued earlier speaks of no month that is just over

Due = dict[tuple[str, str], list[tuple[int, str]]]


class Scored(msgspec.Struct, frozen=True):
    """How many rows were written, and of how many forecasts."""

    rows: int
    forecasts: int


def score(connection: "Connection[Cursor]") -> Scored:
    """Scores each month of the published forecasts that is over and that the newest one knows."""
    with transaction(connection) as cursor:
        newest = forecasts.current(cursor)
        due = {} if newest is None else _due(cursor, newest.issued_on)
    if newest is None:
        return Scored(0, 0)
    number, touched, keys = 0, set[int](), sorted(due)
    for start in range(0, len(keys), PORTION):
        written = _written(connection, newest.forecast, {key: due[key] for key in keys[start : start + PORTION]})
        number += len(written)
        touched |= set(written)
    return Scored(number, len(touched))


def _written(connection: "Connection[Cursor]", newest: int, due: Due) -> list[int]:
    """Writes the scores of some products, which are in order; gives the forecast of each."""
    with transaction(connection) as cursor:
        histories = _histories(cursor, newest, next(iter(due)), next(reversed(due)))
        [(now,)] = rows(cursor, "SELECT UTC_TIMESTAMP(3)")
        found = [
            (forecast, *key, month, known.demand, known.sold, now)
            for key, spoken in due.items()
            for forecast, month in spoken
            if (known := histories.get(key, {}).get(month)) is not None and known.demand is not None
        ]
        if found:
            cursor.executemany(replacing_upsert(tables.FORECAST_SCORES), found)
    return [row[0] for row in found]


def _due(cursor: Cursor, newest: date) -> Due:
    """What is over and not scored, by store and product: forecast and month."""
    found: Due = defaultdict(list)
    for store, product, forecast, month in rows(
        cursor,
        "SELECT m.`store_id`, m.`product_id`, m.`forecast`, m.`month` FROM `forecasts` f "
        "JOIN `forecast_months` m ON m.`forecast` = f.`forecast` "
        "LEFT JOIN `forecast_scores` s ON s.`forecast` = m.`forecast` AND s.`store_id` = m.`store_id` "
        "AND s.`product_id` = m.`product_id` AND s.`month` = m.`month` "
        "WHERE f.`published_at` IS NOT NULL AND f.`issued_on` > %s AND m.`month` < %s AND s.`forecast` IS NULL",
        (newest - LONGEST, f"{newest:%Y-%m}"),
    ):
        found[store, product].append((forecast, month))
    return found


def _histories(
    cursor: Cursor, forecast: int, first: tuple[str, str], last: tuple[str, str]
) -> dict[tuple[str, str], dict[str, Known]]:
    """What a forecast knows of the past of some products, from one key to another."""
    found = rows(
        cursor,
        "SELECT `store_id`, `product_id`, `history` FROM `forecast_models` WHERE `forecast` = %s "
        "AND (`store_id` > %s OR (`store_id` = %s AND `product_id` >= %s)) "
        "AND (`store_id` < %s OR (`store_id` = %s AND `product_id` <= %s))",
        (forecast, first[0], *first, last[0], *last),
    )
    return {(store, product): msgspec.json.decode(history, type=dict[str, Known]) for store, product, history in found}

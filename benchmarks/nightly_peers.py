"""What others need to add up the same events: mongod where they lie, DuckDB over a file of them."""

import time
from itertools import pairwise

import duckdb
import pyarrow.parquet as pq

from benchmarks.load import ends
from benchmarks.stream_run import say
from jobs.batch.raw_reading import SCHEMA, event_rows
from tillstream.events import SALES
from tillstream.settings import Settings
from tillstream.stores.mongo import events
from tillstream.stores.zone_map import Range

PIECE = 100_000  # offsets read at once for the export


def mongod_seconds(settings: Settings) -> float:
    """mongod's own `$group` to hour, store, product and currency; its rows stay in mongod."""
    hour = {"$dateTrunc": {"date": "$sold_at", "unit": "hour", "timezone": settings.timezone}}
    sign = {"$cond": [{"$eq": ["$kind", "return"]}, -1, 1]}
    price, off = {"$toDecimal": "$unit_price"}, {"$toDecimal": {"$ifNull": ["$discount", "0"]}}
    amount = {"$subtract": [{"$multiply": ["$quantity", price]}, off]}
    group = {
        "_id": [hour, "$store_id", "$product_id", "$currency"],
        "units": {"$sum": {"$multiply": [sign, "$quantity"]}},
        "revenue": {"$sum": {"$multiply": [sign, amount]}},
    }
    begun = time.monotonic()
    [found] = events(settings, "operator").aggregate([{"$group": group}, {"$count": "rows"}], allowDiskUse=True)
    seconds = time.monotonic() - begun
    say(f"mongod: {found['rows']:,} rows in {seconds:.1f} s")
    return seconds


def duckdb_seconds(settings: Settings) -> float:
    """Hours, days and months of the events in a Parquet file; the export is not part of the time."""
    export = settings.home / "events.parquet"
    begun = time.monotonic()
    with pq.ParquetWriter(export, SCHEMA) as writer:
        for partition, end in ends(settings).items():
            for first, last in pairwise([*range(0, end, PIECE), end]):
                writer.write_table(event_rows(settings, Range(SALES, partition, first, last), 0))
    say(f"exported for DuckDB in {time.monotonic() - begun:.1f} s")
    sign = "CASE WHEN kind = 'return' THEN -1 ELSE 1 END"
    sums = (
        f"sum({sign} * quantity) AS units, count(*) AS lines, "
        f"sum({sign} * (quantity * unit_price - coalesce(discount, 0))) AS revenue"
    )
    again = "sum(units) AS units, sum(lines) AS lines, sum(revenue) AS revenue"
    place = "store_id, product_id, currency"
    begun = time.monotonic()
    with duckdb.connect() as connection:
        connection.execute(f"SET TimeZone = '{settings.timezone}'")
        for table, period, source, figures in (
            ("hours", "date_trunc('hour', happened_at)", f"'{export}'", sums),
            ("days", "date_trunc('day', period)", "hours", again),
            ("months", "date_trunc('month', period)", "days", again),
        ):
            connection.execute(
                f"CREATE TABLE {table} AS SELECT {period} AS period, {place}, {figures} FROM {source} GROUP BY ALL"
            )
        [(number,)] = connection.execute("SELECT count(*) FROM hours").fetchall()
    seconds = time.monotonic() - begun
    say(f"DuckDB: {number:,} rows of hours in {seconds:.1f} s")
    return seconds

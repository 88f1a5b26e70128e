"""A fold in plain Python of what `jobs.transforms.additions` groups: for tests without Spark."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa

from jobs.batch.raw_reading import event_rows
from tillstream import tables
from tillstream.settings import Settings
from tillstream.stores import truth
from tillstream.stores.generations import Generation
from tillstream.stores.live_batch import LiveBatch, Tally
from tillstream.stores.mysql import connect
from tillstream.stores.zone_map import Range


def added_up(batches: Iterable[pa.RecordBatch], timezone: str) -> LiveBatch:
    """The rows of a micro-batch for the live tables, and its tallies."""
    events, tallies = [], []
    names: dict[tuple[str, str], datetime] = {}
    for row in (row for batch in batches for row in batch.to_pylist()):
        if row["tally"] is not None:
            tallies += msgspec.json.decode(row["tally"], type=list[Tally])
        else:
            events.append(row)
            name, at = (row["product_id"], row["product_name"]), row["happened_at"].replace(tzinfo=None)
            names[name] = max(at, names.get(name, at))
    found: dict[tables.Table, list[tuple[Any, ...]]] = {
        tables.LIVE_SALES: [(*key, *sums) for key, sums in sales_by_hour(events, timezone).items()],
        tables.LIVE_STOCK: [(*key, *sums) for key, sums in stock_by_day(events).items()],
        tables.LIVE_COUNTS: [(*key, quantity) for key, quantity in counts(events).items()],
    }
    return LiveBatch({table: as_columns(table, rows) for table, rows in found.items() if rows}, names, tallies)


def sales_by_hour(events: Iterable[dict[str, Any]], timezone: str) -> dict[tuple[Any, ...], list[Any]]:
    """(hour, store_id, product_id, currency) to the figures of sales, in the order of `tables.SALES_FIGURES`."""
    totals: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, 0, 0, 0, Decimal(0), Decimal(0), Decimal(0)])
    for row in events:
        if row["kind"] in ("sale", "return"):
            sign = -1 if row["kind"] == "return" else 1
            gross = sign * row["quantity"] * row["unit_price"]
            discount = sign * (row["discount"] or Decimal(0))
            returned = row["quantity"] if sign < 0 else 0
            line = (sign * row["quantity"], returned, 1, int(row["line_no"] == 1), gross, discount, gross - discount)
            key = (local_hour(row["happened_at"], timezone), row["store_id"], row["product_id"], row["currency"])
            totals[key] = [one + other for one, other in zip(totals[key], line, strict=True)]
    return totals


def stock_by_day(events: Iterable[dict[str, Any]]) -> dict[tuple[Any, ...], list[int]]:
    """(day, store_id, product_id) to pieces delivered and lost."""
    totals: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0])
    for row in events:
        if row["kind"] in ("delivery", "loss"):
            totals[row["day"], row["store_id"], row["product_id"]][row["kind"] == "loss"] += row["quantity"]
    return totals


def counts(events: Iterable[dict[str, Any]]) -> dict[tuple[Any, ...], int]:
    """(day, store_id, product_id, recorded_at, event_id) to pieces counted."""
    return {
        (row["day"], row["store_id"], row["product_id"], row["happened_at"].replace(tzinfo=None), row["event_id"]):
            row["quantity"]
        for row in events
        if row["kind"] == "count"
    }  # fmt: skip


def folded(settings: Settings, night: Generation, months: Sequence[str], ranges: Sequence[Range]) -> int:
    """A candidate without Spark: read by the executors' reader, folded here, written by the executors' writer."""
    events = [row for each in ranges for row in event_rows(settings, each, night.epoch).to_pylist()]
    connection = connect(settings, "batch")
    try:
        return truth.write(connection, night.generation, truth_rows(events, settings.timezone, months))
    finally:
        connection.close()


def truth_rows(
    events: Sequence[dict[str, Any]], timezone: str, months: Collection[str]
) -> dict[tables.Table, pa.Table]:
    """Rows of the truth tables, without their generation."""
    hours = sales_by_hour(events, timezone)
    found: dict[tables.Table, list[tuple[Any, ...]]] = {
        tables.TRUTH_SALES_BY_HOUR: [(month_of(hour), hour, *rest, *s) for (hour, *rest), s in hours.items()],
        tables.TRUTH_SALES_BY_DAY: _rolled(hours, lambda hour: (month_of(hour), hour.date())),
        tables.TRUTH_SALES_BY_MONTH: _rolled(hours, lambda hour: (month_of(hour),)),
        tables.TRUTH_STOCK: [(month_of(day), day, *rest, *s) for (day, *rest), s in stock_by_day(events).items()],
        tables.TRUTH_COUNTS: [(month_of(day), day, *rest, number) for (day, *rest), number in counts(events).items()],
    }
    kept = {table: [row for row in rows if row[0] in months] for table, rows in found.items()}
    return {table: as_columns(table, rows) for table, rows in kept.items() if rows}


def month_of(day: date) -> str:
    """The business month of a day or an hour."""
    return f"{day:%Y-%m}"


def _rolled(
    hours: dict[tuple[Any, ...], list[Any]], period: Callable[[datetime], tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    totals: dict[tuple[Any, ...], list[Any]] = {}
    for (hour, *rest), sums in hours.items():
        key = (*period(hour), *rest)
        totals[key] = [one + other for one, other in zip(totals[key], sums, strict=True)] if key in totals else sums
    return [(*key, *sums) for key, sums in totals.items()]


def as_columns(table: tables.Table, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Rows of a table, each without the generation or epoch in its first column."""
    names = [column.name for column in table.columns[1:]]
    return pa.table({name: pa.array(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)})


def local_hour(instant: datetime, timezone: str) -> datetime:
    """Start of the hour on the shop's clock."""
    return instant.astimezone(ZoneInfo(timezone)).replace(minute=0, second=0, microsecond=0, tzinfo=None)

"""A fold in plain Python of what `jobs.transforms.additions` groups: for tests without Spark."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa

from tillstream.stores.live import LiveBatch, Tally


def added_up(batches: Iterable[pa.RecordBatch], timezone: str) -> LiveBatch:
    """The rows of a micro-batch for the live tables, and its tallies."""
    done = LiveBatch(sales=[], stock=[], counts=[], names={}, tallies=[])
    events = []
    for row in (row for batch in batches for row in batch.to_pylist()):
        if row["tally"] is not None:
            done.tallies.extend(msgspec.json.decode(row["tally"], type=list[Tally]))
        else:
            events.append(row)
            name, at = (row["product_id"], row["product_name"]), row["happened_at"].replace(tzinfo=None)
            done.names[name] = max(at, done.names.get(name, at))
    done.sales.extend((*key, *sums) for key, sums in sales_by_hour(events, timezone).items())
    done.stock.extend((*key, *sums) for key, sums in stock_by_day(events).items())
    done.counts.extend((*key, quantity) for key, quantity in counts(events).items())
    return done


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


def local_hour(instant: datetime, timezone: str) -> datetime:
    """Start of the hour on the shop's clock."""
    return instant.astimezone(ZoneInfo(timezone)).replace(minute=0, second=0, microsecond=0, tzinfo=None)

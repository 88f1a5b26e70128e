"""Several writers at once on the live figures: how long a transaction takes, and whether any fails."""

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from benchmarks.load import processes
from benchmarks.shop_events import PRODUCTS, STORES
from tillstream import tables
from tillstream.errors import TillstreamError
from tillstream.settings import Settings
from tillstream.stores import live, live_batch
from tillstream.stores.live_batch import FloorMovedError, LiveBatch, Tally
from tillstream.stores.mysql import connect

WRITERS, ROWS = 4, 500
HOURS = 2  # few enough that the writers meet in the same rows
TOPIC = "benchmark"
START_SECONDS = 4.0  # until all have come up


@dataclass(frozen=True)
class Written:
    """Seconds of each transaction, from its beginning to the server's answer to the commit; and those that failed."""

    seconds: list[float]
    retried: int
    failed: int


def written_at_once(settings: Settings, transactions: int) -> Written:
    """WRITERS processes, each with a partition of its own, do so many transactions of ROWS upserts each."""
    begin = time.time() + START_SECONDS
    with processes(WRITERS) as pool:
        futures = [pool.submit(_write, settings, number, transactions, begin) for number in range(WRITERS)]
        done = [future.result() for future in futures]
    return Written(
        [seconds for each in done for seconds in each.seconds],
        sum(each.retried for each in done),
        sum(each.failed for each in done),
    )


def _write(settings: Settings, writer: int, transactions: int, begin: float) -> Written:
    source = (TOPIC, writer)
    connection = connect(settings, "stream")
    live.register(connection, [source])
    draw = random.Random(writer)  # noqa: S311 the same rows in every run
    seconds: list[float] = []
    retried, failed, offset = 0, 0, 0
    time.sleep(max(0.0, begin - time.time()))
    while len(seconds) + failed < transactions:
        batch = _batch(draw, writer, offset)
        begun = time.monotonic()
        try:
            live_batch.apply(connection, batch, {source: offset})
        except FloorMovedError:
            retried += 1
            continue
        except TillstreamError as error:
            print(f"  a transaction failed: {error}", flush=True)
            failed += 1
            if not connection.open:
                connection = connect(settings, "stream")
            continue
        seconds.append(time.monotonic() - begun)
        offset += ROWS
    connection.close()
    return Written(seconds, retried, failed)


def _batch(draw: random.Random, writer: int, offset: int) -> LiveBatch:
    keys = draw.sample(range(HOURS * len(STORES) * PRODUCTS), ROWS)
    tally = Tally(TOPIC, writer, offset, offset + ROWS, ROWS, newest_ms=int(time.time() * 1000))
    return LiveBatch({tables.LIVE_SALES: pa.Table.from_pylist([_row(key) for key in keys])}, {}, [tally])


def _row(key: int) -> dict[str, Any]:
    rest, product = divmod(key, PRODUCTS)
    hour, store = divmod(rest, len(STORES))
    amount = Decimal("25000.00")
    moment = datetime(2025, 1, 6, 9) + timedelta(hours=hour)  # noqa: DTZ001 the shop's own clock
    key_columns = {"hour": moment, "store_id": STORES[store], "product_id": f"SHIRT-{product:04d}", "currency": "MMK"}
    pieces = {"units": 1, "returned_units": 0, "lines": 1, "receipts": 1}
    return key_columns | pieces | {"gross": amount, "discount": Decimal("0.00"), "revenue": amount}

"""One micro-batch: raw record first, on the executors; figures second, in one MySQL transaction of the driver."""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from jobs.streaming.recording import Recording, recorded
from jobs.table_rows import live_rows
from jobs.transforms import EVENT_COLUMNS, additions
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.stores import live, live_batch
from tillstream.stores.kafka import Source
from tillstream.stores.live_batch import FloorMovedError, LiveBatch, Tally
from tillstream.stores.mysql import Connection, Cursor, connect

CARRIED = ("product_name", "tally")
# Below this many records one task is faster than two: it needs no shuffle.
SMALL_BATCH = 20_000
PATIENCE_SECONDS = 300  # a restart of the database is waited for; the supervisor takes over after that
LONGEST_PAUSE_SECONDS = 5.0
JUDGED_RECORDS = 1_000  # the share of bad records is judged over at least so many


class MicroBatches:
    """Runs micro-batches one after the other. Not shared between threads."""

    def __init__(self, settings: Settings, stopping: threading.Event) -> None:
        self._settings = settings
        self._stopping = stopping
        self._connection: Connection[Cursor] | None = None
        self._previous_size = SMALL_BATCH  # the first batch may be a backlog
        self._recent: deque[tuple[int, int]] = deque()

    def run(self, records: DataFrame) -> None:
        """Records what Kafka gave and adds it up; runs again from the start whenever another stream was faster.

        Raises TerminalError when most records are bad or Kafka skipped some, TransientError when MySQL stays away.
        """
        while True:
            floor = self._patiently(live.counted_offsets)
            batch = self._added_up(records, floor)
            self._refuse_garbage(batch.tallies)
            try:
                self._patiently(partial(self._apply, batch=batch, floor=floor))
            except FloorMovedError:
                continue
            self._previous_size = sum(tally.records for tally in batch.tallies)
            return

    def close(self) -> None:
        """Gives the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None and connection.open:  # pymysql will not close what a lost server has closed
            connection.close()

    def _added_up(self, records: DataFrame, floor: dict[Source, int]) -> LiveBatch:
        tasks = 1 if self._previous_size < SMALL_BATCH else records.sparkSession.sparkContext.defaultParallelism
        task = partial(recorded, recording=Recording(self._settings, floor))
        counting = records.coalesce(tasks).mapInArrow(task, f"{EVENT_COLUMNS}, tally string")
        return as_live_batch(additions(counting, self._settings.timezone, carry=CARRIED).toArrow())

    def _apply(self, connection: "Connection[Cursor]", *, batch: LiveBatch, floor: dict[Source, int]) -> None:
        unknown = [tally.source for tally in batch.tallies if tally.source not in floor]
        if unknown:
            live.register(connection, unknown)
        live_batch.apply(connection, batch, floor)

    def _patiently(self, work: "Callable[[Connection[Cursor]], Any]") -> Any:
        """Does work on the connection, again after each passing failure, for PATIENCE_SECONDS or until `stopping`."""
        deadline, pause = time.monotonic() + PATIENCE_SECONDS, 0.05
        while True:
            try:
                if self._connection is None or not self._connection.open:
                    self._connection = connect(self._settings, "stream")
                return work(self._connection)
            except TransientError as error:
                self.close()
                if time.monotonic() > deadline or self._stopping.is_set():
                    raise
                print(f"{error.what} Trying again.", flush=True)
                self._stopping.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311 jitter
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _refuse_garbage(self, tallies: Sequence[Tally]) -> None:
        new, bad = sum(tally.new for tally in tallies), sum(tally.bad for tally in tallies)
        self._recent.append((new, bad))
        while sum(number for number, _ in self._recent) - self._recent[0][0] >= JUDGED_RECORDS:
            self._recent.popleft()
        seen, rejected = (sum(column) for column in zip(*self._recent, strict=True))
        if bad and seen >= JUDGED_RECORDS and rejected > seen * self._settings.reject_limit:
            raise TerminalError(
                f"{rejected} of the last {seen} records were bad, more than {self._settings.reject_limit:.0%}: "
                "the stream has stopped before counting them. They are in the quarantine.",
                "See `tillstream rejects list`. To go on all the same: `TILLSTREAM_REJECT_LIMIT=1 tillstream up`.",
            )


def as_live_batch(added: pa.Table) -> LiveBatch:
    """The rows of `transforms.additions`, carrying CARRIED, as rows of the live tables."""
    has_figure = pc.is_valid(added["figure"])
    figures, tallies = added.filter(has_figure), added.filter(pc.invert(has_figure))["tally"]
    names = figures.group_by(["product_id", "product_name"], use_threads=False).aggregate([("last_at", "max")])
    return LiveBatch(
        rows=live_rows(figures),
        names={
            (row["product_id"], row["product_name"]): row["last_at_max"].replace(tzinfo=None)
            for row in names.to_pylist()
        },
        tallies=[tally for text in tallies.to_pylist() for tally in msgspec.json.decode(text, type=list[Tally])],
    )

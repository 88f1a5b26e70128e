"""Readers of dashboards that ask without a pause, and how long each answer took."""

import threading
import time
from datetime import datetime
from types import TracebackType

from tillstream.settings import Settings
from tillstream.stores.mysql import connect, rows, snapshot

READERS = 2
BEFORE_SECONDS, AFTER_SECONDS = 2.0, 1.0

# One product's day, out of the same view as everything else, and how fresh the figures are.
FIGURE = "SELECT `revenue` FROM `sales_by_day` WHERE `day` = %s AND `store_id` = 'store-1' AND `product_id` = %s"
FRESHNESS = "SELECT `published_at` FROM `freshness`"


class Readers:
    """Ask while the block runs, and a little before and after it."""

    def __init__(self, settings: Settings, opening: datetime) -> None:
        self._settings = settings
        self._day = opening.date()
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._read, daemon=True) for _ in range(READERS)]
        self.waits: list[float] = []

    def __enter__(self) -> "Readers":
        for thread in self._threads:
            thread.start()
        time.sleep(BEFORE_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        time.sleep(AFTER_SECONDS)
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        connection = connect(self._settings, "bi")
        while not self._enough.is_set():
            begun = time.monotonic()
            with snapshot(connection) as cursor:
                rows(cursor, FIGURE, (self._day, "SHIRT-0007"))
                rows(cursor, FRESHNESS)
            self.waits.append(time.monotonic() - begun)
        connection.close()

"""Watches what the stream commits: when each offset of the sales became part of the figures."""

import threading
import time
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from benchmarks.load import Ends
from tillstream.events import SALES
from tillstream.settings import Settings
from tillstream.stores.live import floors
from tillstream.stores.mysql import connect

STILL_SECONDS = 120.0
REPORT_SECONDS = 10.0

Times = NDArray[np.float64]


class Commits:
    """Looks at the committed offsets every `interval` seconds, in a thread, while the block runs.

    A commit is dated when the look that shows it has come back, so up to one interval too late, never too early.
    """

    def __init__(self, settings: Settings, interval: float) -> None:
        self._settings = settings
        self._interval = interval
        self._seen: list[tuple[float, Ends]] = []
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Commits":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.join()

    @property
    def total(self) -> int:
        """Records committed so far."""
        return sum(self._seen[-1][1].values()) if self._seen else 0

    def wait_for(self, wanted: Ends) -> None:
        """Returns when all below `wanted` is committed. Raises TimeoutError when nothing moves for a long time."""
        target = sum(wanted.values())
        best, since, told = -1, time.monotonic(), time.monotonic()
        while self.total < target:
            now = time.monotonic()
            if self.total > best:
                best, since = self.total, now
            elif now - since > STILL_SECONDS or not self._thread.is_alive():
                raise TimeoutError(f"the stream stands still with {target - best:,} records to count")
            if now - told > REPORT_SECONDS:
                print(f"  {best:,} of {target:,} records are in the figures", flush=True)
                told = now
            self._enough.wait(0.1)

    def totals(self) -> tuple[Times, Times]:
        """The time of each commit, and the records committed by then."""
        seen = self._seen.copy()
        return np.array([at for at, _ in seen]), np.array([float(sum(floor.values())) for _, floor in seen])

    def times(self, partition: int, first: int, number: int) -> Times:
        """When each of `number` records from offset `first` on was committed."""
        seen = self._seen.copy()
        floor = np.array([offsets.get(partition, 0) for _, offsets in seen])
        at: Times = np.array([at for at, _ in seen])
        return at[np.searchsorted(floor, np.arange(first, first + number), side="right")]

    def _watch(self) -> None:
        connection = connect(self._settings, "operator")
        connection.autocommit(True)
        with connection.cursor() as cursor:
            while not self._enough.is_set():
                found = {partition: offset for (topic, partition), offset in floors(cursor).items() if topic == SALES}
                if not self._seen or found != self._seen[-1][1]:
                    self._seen.append((time.time(), found))
                time.sleep(self._interval)
        connection.close()

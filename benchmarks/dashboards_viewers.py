"""The stream's latency while people look at the dashboard Today, which refreshes itself."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from types import TracebackType

import numpy as np

from benchmarks.figures import Figure, at_most, told
from benchmarks.load import new_till
from benchmarks.stream_latency import STEADY_SECONDS, steady
from benchmarks.stream_run import Run
from stack.superset_api import Superset
from stack.superset_check import VIEWER, query
from stack.superset_configuration import USERS
from tillstream.settings import Settings

RATE, VIEWERS, REFRESH_SECONDS = 1_000, 10, 10.0
CONNECTIONS = 6  # of a browser to one server
SLUG = "today"


def viewers(run: Run) -> list[Figure]:
    """The same load without viewers and with them."""
    alone = _p99(run, "alone")
    with Viewers(run.settings) as looking:
        watched = _p99(run, "watched")
    name = f"{RATE:,} events/s, produced to committed, p99"
    return [
        told(name, alone, "s"),
        told(f"{name}, with {VIEWERS} viewers", watched, "s"),
        at_most(f"{name}, with {VIEWERS} viewers over without", watched / alone, 1.25, "times"),
        told(f"a viewer's refresh of '{SLUG}', median", median(looking.waits), "s"),
    ]


def _p99(run: Run, till: str) -> float:
    latencies, _ = steady(run, new_till(till), RATE, lambda: time.sleep(run.seconds(STEADY_SECONDS)))
    return float(np.percentile(latencies, 99))


class Viewers:
    """Ask for all charts of the page every ten seconds, each at his own moment, while the block runs.

    They draw nothing: a viewer's browser runs on his own machine.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._look, args=(n,), daemon=True) for n in range(VIEWERS)]
        self.waits: list[float] = []

    def __enter__(self) -> "Viewers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _look(self, number: int) -> None:
        session = Superset(self._settings, VIEWER, self._settings.secret(USERS[VIEWER]))
        asked = [query(chart) for chart in session.charts(SLUG)]
        self._enough.wait(number * REFRESH_SECONDS / VIEWERS)
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            while not self._enough.is_set():
                begun = time.monotonic()
                list(pool.map(session.data, asked))
                waited = time.monotonic() - begun
                self.waits.append(waited)
                self._enough.wait(max(0.0, REFRESH_SECONDS - waited))

"""The stream's latency while people look at the dashboard Today, which refreshes itself."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.figures import Figure, at_most, told
from benchmarks.load import TICK_SECONDS, beside, new_till
from benchmarks.stream_latency import STEADY_SECONDS, steady
from benchmarks.stream_run import Run
from stack.superset_api import Superset
from stack.superset_check import VIEWER, query
from stack.superset_configuration import USERS
from tillstream.settings import Settings

RATE, VIEWERS, REFRESH_SECONDS = 1_000, 10, 10.0
CONNECTIONS = 6  # of a browser to one server
SLUG = "today"
STANDING_BACK = 19  # niceness


def viewers(run: Run) -> list[Figure]:
    """The same load without viewers and with them."""
    alone = _p99(run, "alone")
    with beside(run.settings.home / "viewers.enough", _look_on, run.settings) as looked:
        watched = _p99(run, "watched")
    name = f"{RATE:,} events/s, produced to committed, p99"
    return [
        told(name, alone, "s"),
        told(f"{name}, with {VIEWERS} viewers", watched, "s"),
        at_most(f"{name}, with {VIEWERS} viewers over without", watched / alone, 1.25, "times"),
        told(f"a viewer's refresh of '{SLUG}', median", median(looked.result()), "s"),
    ]


def _p99(run: Run, till: str) -> float:
    latencies, _ = steady(run, new_till(till), RATE, lambda: time.sleep(run.seconds(STEADY_SECONDS)))
    return float(np.percentile(latencies, 99))


def _look_on(settings: Settings, enough: Path) -> list[float]:
    """Viewers ask for all charts of the page every ten seconds, each at his own moment; the seconds of each refresh.

    They draw nothing, and stand back for everybody: a viewer's browser runs on his own machine.
    """
    os.nice(STANDING_BACK)
    with ThreadPoolExecutor(VIEWERS) as pool:
        return [wait for waits in pool.map(partial(_look, settings, enough), range(VIEWERS)) for wait in waits]


def _look(settings: Settings, enough: Path, number: int) -> list[float]:
    session = Superset(settings, VIEWER, settings.secret(USERS[VIEWER]))
    asked = [query(chart) for chart in session.charts(SLUG)]
    waits: list[float] = []
    begun = time.monotonic() + number * REFRESH_SECONDS / VIEWERS
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        while not enough.exists():
            if time.monotonic() < begun:
                time.sleep(TICK_SECONDS)
                continue
            list(pool.map(session.data, asked))
            waits.append(time.monotonic() - begun)
            begun = max(begun + REFRESH_SECONDS, time.monotonic())
    return waits

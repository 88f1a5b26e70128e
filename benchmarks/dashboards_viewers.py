"""The stream's latency while people look at the dashboard Today, which refreshes itself."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.figures import Figure, at_most, told
from benchmarks.load import beside, new_till
from benchmarks.stream_latency import steady
from benchmarks.stream_run import Run
from stack.superset_api import Superset
from stack.superset_check import VIEWER, query
from stack.superset_configuration import USERS
from tillstream.settings import Settings

RATE, VIEWERS, REFRESH_SECONDS = 1_000, 10, 10.0
COMPILED_SECONDS = 210.0  # until Spark has compiled what it runs all the time: before, no two minutes are alike
TURN_SECONDS, TURNS = 30.0, 20
ENDING_SECONDS = 1.0  # what viewers have asked for at the end of their turn is still being answered
CONNECTIONS = 6  # of a browser to one server
SLUG = "today"
STANDING_BACK = 19  # niceness
WAIT_SECONDS = 0.1


def viewers(run: Run) -> list[Figure]:
    """One load, in turns without viewers and with them: what else a machine does in its minutes meets both alike."""
    turn = run.seconds(TURN_SECONDS)
    with beside(run.settings.home / "viewers.enough", _look_on, run.settings, turn) as looked:
        met = steady(
            run, new_till("watched"), RATE, lambda: time.sleep(run.seconds(TURNS * TURN_SECONDS)), COMPILED_SECONDS
        )
    watched = is_watched(met.sent_at, turn)
    alone = ~watched & (met.sent_at % turn >= ENDING_SECONDS)
    without, beheld = (float(np.percentile(met.seconds[which], 99)) for which in (alone, watched))
    name = f"{RATE:,} events/s, produced to committed, p99"
    return [
        told(name, without, "s"),
        told(f"{name}, with {VIEWERS} viewers", beheld, "s"),
        at_most(f"{name}, with {VIEWERS} viewers over without", beheld / without, 1.25, "times"),
        told(f"a viewer's refresh of '{SLUG}', median", median(looked.result()), "s"),
    ]


def is_watched(moments: ArrayLike, turn: float) -> NDArray[np.bool_]:
    """Whether each moment, in epoch seconds, is in a turn of so many seconds in which viewers look: every other one."""
    watched: NDArray[np.bool_] = np.floor_divide(moments, turn) % 2 == 1
    return watched


def _look_on(settings: Settings, turn: float, enough: Path) -> list[float]:
    """In their turns viewers ask for all charts of the page every ten seconds, each at his own moment.

    Gives the seconds of each refresh. They draw nothing, and stand back for everybody: a viewer's browser runs on his
    own machine.
    """
    os.nice(STANDING_BACK)
    with ThreadPoolExecutor(VIEWERS) as pool:
        return [wait for waits in pool.map(partial(_look, settings, turn, enough), range(VIEWERS)) for wait in waits]


def _look(settings: Settings, turn: float, enough: Path, number: int) -> list[float]:
    session = Superset(settings, VIEWER, settings.secret(USERS[VIEWER]))
    asked = [query(chart) for chart in session.charts(SLUG)]
    waits: list[float] = []
    due = time.time() + number * REFRESH_SECONDS / VIEWERS
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        while not enough.exists():
            if (wait := due - time.time()) > 0:
                time.sleep(min(wait, WAIT_SECONDS))
                continue
            if is_watched(due, turn):
                list(pool.map(session.data, asked))
                waits.append(time.time() - due)
            due = max(due + REFRESH_SECONDS, time.time())
    return waits

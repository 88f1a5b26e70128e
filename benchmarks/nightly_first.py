"""A month of a busy chain and its first night; its publication under readers; the stream beside a night."""

import time
from datetime import datetime
from functools import partial

import numpy as np

from benchmarks.figures import Figure, at_least, at_most, told
from benchmarks.nightly_peers import duckdb_seconds, mongod_seconds
from benchmarks.nightly_readers import Readers
from benchmarks.nightly_run import STEPS, bring, night, step
from benchmarks.stream_latency import steady
from benchmarks.stream_run import Run, say
from expectations.suites import STAGES, required
from tillstream.settings import Settings
from tillstream.stores.generations import of_run
from tillstream.stores.mysql import connect, reading, rows
from tillstream.stores.publication import publish
from tillstream.stores.truth import TRUTH

EVENTS, A_DAY = 1_000_000, 30_000
OPENING = datetime.fromisoformat("2025-01-01T09:00:00+06:30")
LATE, LATE_A_DAY = 100_000, 3_000  # over the same days: most of them change a row of their own
CHANGED = 100_000  # rows
BESIDE_RATE = 1_000


def trade(run: Run) -> list[Figure]:
    """What all other parts stand on."""
    bring(run.settings, run.records(EVENTS), "first", OPENING, run.records(A_DAY))
    return []


def spark(run: Run) -> list[Figure]:
    """The Spark part alone, from the start of its process to the last row of the candidate."""
    for task in ("open_cut", "profile_slice"):
        step(run.settings, task, "benchmark-spark")
    begun = time.monotonic()
    step(run.settings, "recount", "benchmark-spark")
    return [at_most("Spark part of the first night, session start included", time.monotonic() - begun, 20.0, "s")]


def first(run: Run) -> list[Figure]:
    """The first night, and what others need to add up the same events."""
    peers = [
        told("the same events added up by mongod's own $group", mongod_seconds(run.settings), "s"),
        told("the same events, exported, added up by DuckDB", duckdb_seconds(run.settings), "s"),
    ]
    done = night(run.settings)
    tasks = [told(f"first night, task {name}", seconds, "s") for name, seconds in done.tasks.items()]
    return [at_most("first night, DAG start to published, gate included", done.seconds, 75.0, "s"), *tasks, *peers]


def publication(run: Run) -> list[Figure]:
    """The transaction that readers see, after events of days that were published before."""
    settings, run_id = run.settings, "benchmark-publication"
    bring(settings, run.records(LATE), "late", OPENING, run.records(LATE_A_DAY))
    for task in STEPS:
        step(settings, task, run_id)
    connection = connect(settings, "batch")
    checks = required(*STAGES)
    with Readers(settings, OPENING) as readers:
        begun = time.monotonic()
        done = publish(connection, run_id, checks, settings.timezone)
        seconds = time.monotonic() - begun
    connection.close()
    say(f"{done.restated:,} figures of closed months restated; readers asked {len(readers.waits):,} times")
    return [
        at_most("publication transaction", seconds, 1.0, "s"),
        at_least("publication, rows that readers see instead of others", _rows(settings, run_id), CHANGED, "rows"),
        at_most("publication, a reader's longest query meanwhile", 1000 * max(readers.waits), 100.0, "ms"),
        told("publication, a reader's median query", 1000 * float(np.median(readers.waits)), "ms"),
    ]


def beside(run: Run) -> list[Figure]:
    """The stream's latency while a night recounts everything."""
    latencies = steady(run, "beside", BESIDE_RATE, partial(night, run.settings, full=True)).seconds
    name = f"{BESIDE_RATE:,} events/s while a night runs, produced to committed"
    return [
        at_most(f"{name}, p99", float(np.percentile(latencies, 99)), 3.0, "s"),
        told(f"{name}, p50", float(np.percentile(latencies, 50)), "s"),
    ]


def _rows(settings: Settings, run_id: str) -> int:
    generation = of_run(settings, run_id).generation
    counts = " + ".join(f"(SELECT COUNT(*) FROM `{table.name}` WHERE `generation` = %s)" for table in TRUTH)
    with reading(settings, "operator") as cursor:
        [(number,)] = rows(cursor, f"SELECT {counts}", (generation,) * len(TRUTH))
    return int(number)

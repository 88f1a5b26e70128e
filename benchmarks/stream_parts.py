"""The parts of the stream's benchmark: each takes some of the figures, on the stack that the parts before have left."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.command_line import tillstream
from benchmarks.commits import Commits
from benchmarks.figures import Figure, at_most, missing
from benchmarks.load import ends
from benchmarks.process_tree import idle_load
from benchmarks.stream_drain import drain
from benchmarks.stream_latency import latency_1000, latency_5000
from benchmarks.stream_recovery import kill
from benchmarks.stream_run import DRAIN_LOOK_SECONDS, LOOK_SECONDS, Run, say
from benchmarks.writers import written_at_once
from reports.verify import verify
from stack.lifecycle import stop_service

SETTLE_SECONDS, IDLE_SECONDS = 8.0, 30.0
TRANSACTIONS = 200  # of each writer
SALES_2019 = Path(__file__).resolve().parents[2] / "shared" / "data" / "sales_2019"


def idle(run: Run) -> list[Figure]:
    """With nothing to do."""
    seconds = run.seconds(IDLE_SECONDS)
    say(f"nothing to do for {seconds:.0f} s")
    time.sleep(SETTLE_SECONDS)
    return [at_most("idle stream", 100 * idle_load(run.settings, seconds), 8.0, "% of a core")]


def import_2019(run: Run) -> list[Figure]:
    """The public sales data of 2019, as a user imports them."""
    names = "import of the 2019 files into Kafka", "import of the 2019 files until visible"
    if not SALES_2019.is_dir():
        say(f"{SALES_2019} is missing: skipped")
        return [missing(name, failed=False) for name in names]
    copies = run.settings.home / "sales_2019"  # refused lines would be written beside the files
    shutil.copytree(SALES_2019, copies)
    say("importing the sales of 2019")
    with Commits(run.settings, LOOK_SECONDS) as commits:
        begun = time.monotonic()
        tillstream(run.settings, "import", copies)
        sent = time.monotonic() - begun
        commits.wait_for(ends(run.settings))
        seen = time.monotonic() - begun
    return [at_most(names[0], sent, 10.0, "s"), at_most(names[1], seen, 30.0, "s")]


def exactness(run: Run) -> list[Figure]:
    """After all that: is every figure right?"""
    with Commits(run.settings, DRAIN_LOOK_SECONDS) as commits:
        commits.wait_for(ends(run.settings))
    say("recounting the raw record")
    begun = time.monotonic()
    verdict = verify(run.settings)
    say(f"{verdict.events:,} events, {verdict.figures:,} figures compared in {time.monotonic() - begun:.0f} s")
    return [at_most("figures that differ from an independent recount", verdict.differing, 0, "figures")]


def writers(run: Run) -> list[Figure]:
    """Four writers on the same rows, without the stream. Last, for no event stands behind what they add."""
    stop_service(run.settings, "stream", say)
    number = max(20, int(TRANSACTIONS * run.scale))
    say(f"four writers, {number} transactions each")
    written = written_at_once(run.settings, number)
    say(f"median {1000 * np.median(written.seconds):.0f} ms, {written.retried} done again, {written.failed} failed")
    return [
        at_most("MySQL transaction, four writers, p95", 1000 * float(np.percentile(written.seconds, 95)), 100.0, "ms"),
        at_most("MySQL transaction, four writers, failed", written.failed, 0, "transactions"),
    ]


# In the order in which they run; `memory` is measured while `drain` runs.
PARTS: dict[str, Callable[[Run], list[Figure]]] = {
    "drain": drain,
    "latency-1000": latency_1000,
    "latency-5000": latency_5000,
    "idle": idle,
    "import": import_2019,
    "kill": kill,
    "exact": exactness,
    "writers": writers,
}
NAMES = (*PARTS, "memory")

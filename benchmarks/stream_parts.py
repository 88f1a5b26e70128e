"""The parts of the stream's benchmark: each takes some of the figures, on the stack that the parts before have left."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.commits import Commits, Times
from benchmarks.figures import Figure, at_least, at_most, missing
from benchmarks.load import Ends, ends, processes, send_backlog, sending_times, steady_load
from benchmarks.plain_consumer import drained
from benchmarks.process_tree import MemoryWatch, idle_load
from benchmarks.writers import written_at_once
from reports.verify import verify
from stack.lifecycle import stop_service, up
from stack.status import status
from tillstream.events import SALES
from tillstream.settings import Settings
from tillstream.stores.live import floors
from tillstream.stores.mysql import Cursor, connect, rows, transaction

# Records read before anything counts: the JVM compiles what is hot for half a minute. Python needs none of that.
WARM, PEER_WARM = 1_000_000, 200_000
DRAINED, REMEMBERED = 3_000_000, 10_000_000
WARM_SECONDS, STEADY_SECONDS, LEAST_SECONDS = 30.0, 300.0, 6.0
LOOK_SECONDS, DRAIN_LOOK_SECONDS = 0.015, 0.05
SETTLE_SECONDS, IDLE_SECONDS = 8.0, 30.0
KILL_RATE = 200
KILL_PATIENCE_SECONDS = 120.0
TRANSACTIONS = 200  # of each writer
SALES_2019 = Path(__file__).resolve().parents[2] / "shared" / "data" / "sales_2019"


def say(line: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


@dataclass(frozen=True)
class Run:
    """One run: its stack, its size as a share of the full one, and the parts that are wanted."""

    settings: Settings
    scale: float
    parts: Sequence[str]

    def records(self, number: int) -> int:
        """So many records, at the scale of this run."""
        return max(1_000, int(number * self.scale))

    def seconds(self, number: float) -> float:
        """So many seconds, at the scale of this run."""
        return max(LEAST_SECONDS, number * self.scale)


def drain(run: Run) -> list[Figure]:
    """A backlog, read by the peer and then by the stream, which stays up for the parts that follow."""
    judged = "drain" in run.parts
    warm, number = run.records(WARM), run.records(DRAINED)
    size = run.records(REMEMBERED) if "memory" in run.parts else warm + number if judged else warm
    say(f"sending a backlog of {size:,} records, with the stream down")
    begun = time.monotonic()
    send_backlog(run.settings, size)
    say(f"sent in {time.monotonic() - begun:.0f} s")
    peer = _peer_rate(run, number) if judged else 0.0
    say("the stream comes up and drains the backlog")
    with ExitStack() as watches:
        commits = watches.enter_context(Commits(run.settings, DRAIN_LOOK_SECONDS))
        memory = watches.enter_context(MemoryWatch(run.settings))
        up(run.settings, say)
        commits.wait_for(ends(run.settings))
    figures = _drain_figures(commits, warm, number, peer) if judged else []
    return figures + (_memory_figures(memory) if "memory" in run.parts else [])


def _peer_rate(run: Run, number: int) -> float:
    say(f"the plain consumer drains {number:,} of them")
    with processes(1) as pool:
        rate = pool.submit(drained, run.settings, run.records(PEER_WARM), number).result()
    say(f"the plain consumer: {rate:,.0f} events/s")
    return rate


def _drain_figures(commits: Commits, warm: int, number: int, peer: float) -> list[Figure]:
    at, total = commits.totals()
    first = int(np.searchsorted(total, warm))
    last = min(int(np.searchsorted(total, total[first] + number)), len(total) - 1)
    # From a commit to a commit: what lies between them is what was counted in that time.
    rate = float((total[last] - total[first]) / (at[last] - at[first])) if last > first else 0.0
    say(f"the stream: {rate:,.0f} events/s over {total[last] - total[first]:,.0f} records in {last - first} batches")
    return [
        at_least("drain of a backlog, warm", rate, 55_000, "events/s", peer),
        at_least("drain of a backlog, over the plain consumer's", rate / peer, 1.1, "times", 1.0),
    ]


def _memory_figures(memory: MemoryWatch) -> list[Figure]:
    return [
        at_most("memory of the stream over the whole backlog, peak", memory.peak / 2**30, 2.5, "GiB"),
        at_most("memory, peak of the last third over the middle third's", memory.growth, 1.1, "times"),
    ]


def latency_1000(run: Run) -> list[Figure]:
    """A usual rate."""
    name = "1,000 events/s, produced to committed"
    latencies, _ = _steady(run, "steady1000", 1_000)
    return [
        at_most(f"{name}, p50", float(np.percentile(latencies, 50)), 0.5, "s"),
        at_most(f"{name}, p99", float(np.percentile(latencies, 99)), 1.2, "s"),
        at_most(f"{name}, max", float(latencies.max()), 3.0, "s"),
    ]


def latency_5000(run: Run) -> list[Figure]:
    """The busiest day."""
    latencies, growth = _steady(run, "steady5000", 5_000)
    return [
        at_most("5,000 events/s, produced to committed, p99", float(np.percentile(latencies, 99)), 2.0, "s"),
        at_most("5,000 events/s, lag of the last third over the first third's", growth, 1.25, "times"),
    ]


def _steady(run: Run, till: str, rate: int) -> tuple[Times, float]:
    """Seconds from produced to committed of every record after the warm-up, and by how much the lag grew."""
    settings, warm, measured = run.settings, run.seconds(WARM_SECONDS), run.seconds(STEADY_SECONDS)
    first = ends(settings)
    say(f"{rate:,} events/s: {warm:.0f} s to get warm, then {measured:.0f} s")
    with Commits(settings, LOOK_SECONDS) as commits:
        with steady_load(settings, till, rate):
            time.sleep(warm + measured)
        last = ends(settings)
        commits.wait_for(last)
    sent = sending_times(settings, first, last)
    done = {partition: commits.times(partition, first[partition], len(sent[partition])) for partition in sent}
    sent_at = np.concatenate([sent[partition] for partition in sorted(sent)])
    done_at = np.concatenate([done[partition] for partition in sorted(done)])
    since = float(sent_at.min()) + warm
    counts = sent_at >= since
    latencies: Times = (done_at - sent_at)[counts]
    reached = counts.sum() / (sent_at.max() - since)
    say(
        f"{rate:,} events/s: {reached:,.0f} were sent, median {np.median(latencies):.3f} s, max {latencies.max():.3f} s"
    )
    return latencies, _lag_growth(sent_at, done_at, since)


def _lag_growth(sent_at: Times, done_at: Times, since: float) -> float:
    """Mean number of records sent but not committed: of the last third of the time over that of the first."""
    moments = np.arange(since, sent_at.max(), 0.1)
    sent, done = np.sort(sent_at), np.sort(done_at)
    lag = np.searchsorted(sent, moments) - np.searchsorted(done, moments)
    third = max(1, len(moments) // 3)
    return float(lag[-third:].mean() / max(1.0, lag[:third].mean()))


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
    command = [str(Path(sys.executable).with_name("tillstream")), "import", str(copies)]
    with Commits(run.settings, LOOK_SECONDS) as commits:
        begun = time.monotonic()
        done = subprocess.run(
            command, env=os.environ | {"TILLSTREAM_HOME": str(run.settings.home)}, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        sent = time.monotonic() - begun
        if done.returncode:
            raise RuntimeError(f"the import failed: {done.stderr}")
        commits.wait_for(ends(run.settings))
        seen = time.monotonic() - begun
    return [at_most(names[0], sent, 10.0, "s"), at_most(names[1], seen, 30.0, "s")]


def kill(run: Run) -> list[Figure]:
    """The stream's process dies at once, while tills go on selling."""
    [pid] = [service.pid for service in status(run.settings) if service.name == "stream"]
    if pid is None:
        raise RuntimeError("the stream is not running")
    with steady_load(run.settings, "killed", KILL_RATE):
        time.sleep(run.seconds(WARM_SECONDS))
        usual = max(1.0, _usually_behind(run.settings))
        say(f"killing the stream (process {pid})")
        os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        time.sleep(1.0)
        # What came after the death: neither a last commit of the dead nor its last beat can show this as counted.
        seconds = _until_fresh(run.settings, ends(run.settings), begun, usual)
    return [at_most("kill -9 of the stream until the figures are fresh", seconds, 30.0, "s")]


def _usually_behind(settings: Settings) -> float:
    """The most seconds behind that `freshness` says within a few: on a busy machine it may be more than one."""
    connection = connect(settings, "operator")
    seen = []
    for _ in range(30):
        with transaction(connection) as cursor:
            seen.append(_seconds_behind(cursor))
        time.sleep(0.1)
    connection.close()
    return max(seen)


def _until_fresh(settings: Settings, wanted: Ends, begun: float, usual: float) -> float:
    """Seconds until all below `wanted` is counted and `freshness` says no more seconds behind than is usual."""
    connection = connect(settings, "operator")
    counted_after = None
    try:
        while (elapsed := time.monotonic() - begun) < KILL_PATIENCE_SECONDS:
            with transaction(connection) as cursor:
                counted = {partition: offset for (topic, partition), offset in floors(cursor).items() if topic == SALES}
                behind = _seconds_behind(cursor)
            if counted_after is None and all(counted.get(partition, 0) >= end for partition, end in wanted.items()):
                counted_after = elapsed
                say(f"it counts again {elapsed:.1f} s after its death")
            if counted_after is not None and behind <= usual:
                return elapsed
            time.sleep(0.1)
    finally:
        connection.close()
    raise TimeoutError(f"{KILL_PATIENCE_SECONDS:.0f} s after the kill the figures were still {behind:.1f} s behind")


def _seconds_behind(cursor: Cursor) -> float:
    [(behind,)] = rows(cursor, "SELECT `seconds_behind` FROM `freshness` WHERE `layer` = 'live'")
    return float(behind)


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

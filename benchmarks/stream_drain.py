"""Throughput and memory: a backlog, drained by the plain consumer and by the stream."""

import time
from contextlib import ExitStack

import numpy as np

from benchmarks.commits import Commits
from benchmarks.figures import Figure, at_least, at_most
from benchmarks.load import ends, processes, send_backlog
from benchmarks.plain_consumer import drained
from benchmarks.process_tree import MemoryWatch, of_stream
from benchmarks.stream_run import DRAIN_LOOK_SECONDS, Run, say
from stack.lifecycle import up

# Records read before anything counts: the JVM compiles what is hot for half a minute. Python needs none of that.
WARM, PEER_WARM = 1_000_000, 200_000
DRAINED, REMEMBERED = 3_000_000, 10_000_000


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
        memory = watches.enter_context(MemoryWatch(of_stream(run.settings)))
        up(run.settings, say, ("stream",))
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

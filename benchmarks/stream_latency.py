"""Latency at a steady rate: from the till's call of Kafka to the commit of the figures in MySQL."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.commits import Commits, Times
from benchmarks.figures import Figure, at_most
from benchmarks.load import ends, sending_times, steady_load
from benchmarks.stream_run import LOOK_SECONDS, WARM_SECONDS, Run, say

STEADY_SECONDS = 300.0


@dataclass(frozen=True)
class Steady:
    """What a steady load met after the warm-up.

    `sent_at` and `seconds` have one entry per record: when it was produced, in epoch seconds, and how long it took
    from then to the commit of its figures. `lag_growth`: the lag of the last third of the whole time over the first's.
    """

    sent_at: Times
    seconds: Times
    lag_growth: float


def latency_1000(run: Run) -> list[Figure]:
    """A usual rate."""
    name = "1,000 events/s, produced to committed"
    seconds = steady(run, "steady1000", 1_000, _a_while(run)).seconds
    return [
        at_most(f"{name}, p50", float(np.percentile(seconds, 50)), 0.5, "s"),
        at_most(f"{name}, p99", float(np.percentile(seconds, 99)), 1.2, "s"),
        at_most(f"{name}, max", float(seconds.max()), 3.0, "s"),
    ]


def latency_5000(run: Run) -> list[Figure]:
    """The busiest day."""
    met = steady(run, "steady5000", 5_000, _a_while(run))
    return [
        at_most("5,000 events/s, produced to committed, p99", float(np.percentile(met.seconds, 99)), 2.0, "s"),
        at_most("5,000 events/s, lag of the last third over the first third's", met.lag_growth, 1.25, "times"),
    ]


def _a_while(run: Run) -> Callable[[], None]:
    seconds = run.seconds(STEADY_SECONDS)
    return lambda: time.sleep(seconds)


def steady(
    run: Run, till: str, rate: int, meanwhile: Callable[[], object], warm_seconds: float = WARM_SECONDS
) -> Steady:
    """Sends so many records per second until, after the warm-up, `meanwhile` is done."""
    settings, warm = run.settings, run.seconds(warm_seconds)
    first = ends(settings)
    say(f"{rate:,} events/s, after {warm:.0f} s to get warm")
    with Commits(settings, LOOK_SECONDS) as commits:
        with steady_load(settings, till, rate):
            time.sleep(warm)
            meanwhile()
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
    return Steady(sent_at[counts], latencies, _lag_growth(sent_at, done_at, since))


def _lag_growth(sent_at: Times, done_at: Times, since: float) -> float:
    """Mean number of records sent but not committed: of the last third of the time over that of the first."""
    moments = np.arange(since, sent_at.max(), 0.1)
    sent, done = np.sort(sent_at), np.sort(done_at)
    lag = np.searchsorted(sent, moments) - np.searchsorted(done, moments)
    third = max(1, len(moments) // 3)
    return float(lag[-third:].mean() / max(1.0, lag[:third].mean()))

"""Measures the dashboards over three years of a shop: `make bench-dashboards`, or `python -m benchmarks.dashboards`.

Prints a table, writes benchmarks/results/dashboards.json, and exits 1 when a bar is missed. The folder of BENCH_HOME
is used again: a shop that an earlier run has built there, at the same scale, is not built anew.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.command import Benchmark, Part, run, taken
from benchmarks.dashboards_idle import idle
from benchmarks.dashboards_pages import pages
from benchmarks.dashboards_queries import queries
from benchmarks.dashboards_shop import build
from benchmarks.dashboards_viewers import viewers
from benchmarks.figures import Figure
from benchmarks.stream_run import Run, own_stack
from tillstream.settings import load

LEAST_DISK_BYTES = 20_000_000_000

# In the order in which they run: what sells under the viewers is in no query that was measured.
PARTS: dict[str, Part] = {"queries": queries, "pages": pages, "idle": idle, "viewers": viewers}


def measure(home: Path, scale: float, parts: Sequence[str]) -> list[Figure]:
    """Builds the shop, or finds it, and runs what was chosen."""
    figures: list[Figure] = []
    with own_stack(load({"TILLSTREAM_HOME": str(home), "TILLSTREAM_PORTS": "auto"})) as settings:
        run = Run(settings, scale, parts)
        build(run)
        for name, part in PARTS.items():
            if name in parts:
                figures += taken(name, part, run)
    return figures


DASHBOARDS = Benchmark(
    "dashboards",
    "The dashboards",
    __doc__,
    tuple(PARTS),
    "the shop is built first",
    LEAST_DISK_BYTES,
    measure,
    goes_on=True,
)

if __name__ == "__main__":
    sys.exit(run(DASHBOARDS, sys.argv[1:]))

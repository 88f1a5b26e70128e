"""Measures the night on stacks of its own: `make bench-nightly`, or `python -m benchmarks.nightly`.

Prints a table, writes benchmarks/results/nightly.json, and exits 1 when a bar is missed. `ordinary` and `full` share
one history of three years; they take most of the time, and of the LEAST_DISK_BYTES of disk.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.command import Benchmark, Part, run, taken
from benchmarks.figures import Figure
from benchmarks.nightly_first import beside, first, publication, spark, trade
from benchmarks.nightly_history import history
from benchmarks.stream_run import Run, own_stack
from tillstream.settings import load

LEAST_DISK_BYTES = 25_000_000_000

# Of the first stack the parts in the order in which they run.
FIRST: dict[str, Part] = {"spark": spark, "first": first, "publication": publication, "beside": beside}
HISTORY = ("ordinary", "full")
SERVICES = ("stream", "airflow")  # and what they need


def measure(home: Path, scale: float, parts: Sequence[str]) -> list[Figure]:
    """Runs what was chosen, on an empty stack for each of the two shops."""
    figures: list[Figure] = []
    if chosen := {name: part for name, part in FIRST.items() if name in parts}:
        figures += _on_a_stack(home / "first", scale, parts, {"trade": trade} | chosen)
    if set(HISTORY) & set(parts):
        figures += _on_a_stack(home / "history", scale, parts, {"history": history})
    return figures


def _on_a_stack(home: Path, scale: float, parts: Sequence[str], chosen: Mapping[str, Part]) -> list[Figure]:
    figures: list[Figure] = []
    with own_stack(load({"TILLSTREAM_HOME": str(home), "TILLSTREAM_PORTS": "auto"}), SERVICES) as settings:
        for name, part in chosen.items():
            figures += taken(name, part, Run(settings, scale, parts))
    return figures


NIGHTLY = Benchmark(
    "nightly",
    "The night",
    __doc__,
    (*FIRST, *HISTORY),
    "each of the two shops is filled first",
    LEAST_DISK_BYTES,
    measure,
)

if __name__ == "__main__":
    sys.exit(run(NIGHTLY, sys.argv[1:]))

"""Measures the stream on a stack of its own: `make bench-stream`, or `python -m benchmarks.stream`.

Prints a table, writes benchmarks/results/stream.json, and exits 1 when a bar is missed. A full run takes less than
half an hour and needs about LEAST_DISK_BYTES of disk.
"""

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.command import Benchmark, run, taken
from benchmarks.figures import Figure
from benchmarks.stream_parts import NAMES, PARTS
from benchmarks.stream_run import Run, own_stack
from tillstream.settings import Settings, load

LEAST_DISK_BYTES = 12_000_000_000
LEAST_BATCH = 10_000
STORES = ("kafka", "mongo", "mysql")


def measure(home: Path, scale: float, parts: Sequence[str]) -> list[Figure]:
    """Runs the parts one after the other."""
    figures: list[Figure] = []
    with own_stack(_settings(home, scale), STORES) as settings:
        for name, part in PARTS.items():
            if name in parts or name == "drain":  # warms the stream for all others
                figures += taken(name, part, Run(settings, scale, parts))
    return figures


def _settings(home: Path, scale: float) -> Settings:
    """Sizes as the environment sets them, so that others can be tried; but never somebody's own servers or shop."""
    names = ("SPARK_MEMORY", "BATCH_SIZE", "TRIGGER_MS")
    sizes = {name: text for name in map("TILLSTREAM_{}".format, names) if (text := os.environ.get(name))}
    settings = load(sizes | {"TILLSTREAM_HOME": str(home), "TILLSTREAM_PORTS": "auto"})
    # A small backlog in small batches, or one batch would take all of it and leave no rate to tell.
    return replace(settings, batch_size=max(LEAST_BATCH, int(settings.batch_size * scale)))


STREAM = Benchmark(
    "stream", "The stream", __doc__, NAMES, "a backlog is always drained first", LEAST_DISK_BYTES, measure
)

if __name__ == "__main__":
    sys.exit(run(STREAM, sys.argv[1:]))

"""Measures the stream on a stack of its own: `make bench-stream`, or `python -m benchmarks.stream`.

Prints a table, writes benchmarks/results/stream.json, and exits 1 when a bar is missed. A full run takes less than
half an hour and needs about LEAST_DISK_BYTES of disk.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.figures import Figure, missing, show, this_machine, unjudged, write
from benchmarks.stream_parts import NAMES, PARTS
from benchmarks.stream_run import Run, say
from stack.lifecycle import down, up
from tillstream.settings import Settings, load

LEAST_DISK_BYTES = 12_000_000_000
TEMPORARY = "/var/tmp"  # noqa: S108 on a disk; /tmp may be memory, where every store is fast and none is durable
LEAST_BATCH = 10_000
STORES = ("kafka", "mongo", "mysql")


def main(arguments: Sequence[str]) -> int:
    """Runs what was asked for; gives the exit code."""
    chosen = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    machine = this_machine(chosen.scale)
    home = (chosen.home or Path(tempfile.mkdtemp(prefix="tillstream-bench-", dir=TEMPORARY))).absolute()
    home.mkdir(parents=True, exist_ok=True)
    if any(home.iterdir()):
        print(f"{home} is not empty: a benchmark begins with an empty stack.", file=sys.stderr)
        return 2
    if (free := shutil.disk_usage(home).free) < LEAST_DISK_BYTES * chosen.scale:
        print(f"The disk of {home} has {free / 1e9:.1f} GB left; give another with --home.", file=sys.stderr)
        return 2
    try:
        figures = _measure(_settings(home, chosen.scale), chosen.scale, chosen.only)
    finally:
        if chosen.home is None:
            shutil.rmtree(home, ignore_errors=True)
    if chosen.scale < 1:
        figures = [unjudged(figure) for figure in figures]
    show(f"The stream, at scale {chosen.scale:g}", figures)
    if chosen.scale < 1:
        print("A small run says nothing about the bars.")
    print(f"Written to {write('stream', machine, figures)}")
    return int(any(figure.holds is False for figure in figures))


def _measure(settings: Settings, scale: float, parts: Sequence[str]) -> list[Figure]:
    """Runs the parts one after the other. What one of them breaks is told and costs no other its figures."""
    figures: list[Figure] = []
    try:
        settings = up(settings, say, STORES)
        run = Run(settings, scale, parts)
        for name in PARTS:
            if name in parts or name == "drain":  # warms the stream for all others
                figures += _taken(name, run)
    finally:
        say("taking the stack down")
        down(settings)
    return figures


def _taken(name: str, run: Run) -> list[Figure]:
    try:
        return PARTS[name](run)
    except Exception as error:  # whatever it is, the other parts go on
        traceback.print_exc()
        say(f"{name} failed: {error}")
        return [missing(name, failed=True)]


def _settings(home: Path, scale: float) -> Settings:
    """Sizes as the environment sets them, so that others can be tried; but never somebody's own servers or shop."""
    names = ("SPARK_MEMORY", "BATCH_SIZE", "TRIGGER_MS")
    sizes = {name: text for name in map("TILLSTREAM_{}".format, names) if (text := os.environ.get(name))}
    settings = load(sizes | {"TILLSTREAM_HOME": str(home), "TILLSTREAM_PORTS": "auto"})
    # A small backlog in small batches, or one batch would take all of it and leave no rate to tell.
    return replace(settings, batch_size=max(LEAST_BATCH, int(settings.batch_size * scale)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stream", description=__doc__)
    environment = os.environ.get
    parser.add_argument(
        "--only", type=_parts, default=environment("BENCH_ONLY") or NAMES, metavar="PART,…",
        help=f"of {', '.join(NAMES)}; a backlog is always drained first (BENCH_ONLY)",
    )  # fmt: skip
    parser.add_argument(
        "--scale", type=_scale, default=environment("BENCH_SCALE") or 1.0,
        help="share of the full run; below 1 no bar is judged (BENCH_SCALE)",
    )  # fmt: skip
    parser.add_argument(
        "--home", type=Path, default=environment("BENCH_HOME"),
        help="an empty folder on a real disk for the stack, kept afterwards (BENCH_HOME)",
    )  # fmt: skip
    return parser


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(","))
    if unknown := set(parts) - set(NAMES):
        raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
    return parts


def _scale(text: str) -> float:
    scale = float(text)
    if not 0 < scale <= 1:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1")
    return scale


def _terminate(*_signal: object) -> None:
    raise SystemExit(143)  # so that the stack is taken down


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

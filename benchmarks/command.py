"""What the benchmarks of running parts share: the command line, a folder, a table of figures, and the exit code."""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.figures import Figure, missing, show, this_machine, unjudged, write
from benchmarks.stream_run import Run, say

TEMPORARY = "/var/tmp"  # noqa: S108 on a disk; /tmp may be memory, where every store is fast and none is durable

Part = Callable[[Run], list[Figure]]


class Benchmark(NamedTuple):
    """`name` is that of the module and of the results; `measure` takes a folder, the scale and the parts.

    The folder is empty, unless the benchmark `goes_on` with what an earlier run has left there.
    """

    name: str
    title: str
    page: str | None
    parts: tuple[str, ...]
    about_parts: str
    least_disk_bytes: int
    measure: Callable[[Path, float, Sequence[str]], list[Figure]]
    goes_on: bool = False


def run(benchmark: Benchmark, arguments: Sequence[str]) -> int:
    """Runs what was asked for, prints the table and writes the results; gives the exit code: 1 for a missed bar."""
    chosen = _parser(benchmark).parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    machine = this_machine(chosen.scale)
    home = (chosen.home or Path(tempfile.mkdtemp(prefix="tillstream-bench-", dir=TEMPORARY))).absolute()
    home.mkdir(parents=True, exist_ok=True)
    if any(home.iterdir()) and not benchmark.goes_on:
        print(f"{home} is not empty: a benchmark begins with an empty stack.", file=sys.stderr)
        return 2
    if (free := shutil.disk_usage(home).free) < benchmark.least_disk_bytes * chosen.scale:
        print(f"The disk of {home} has {free / 1e9:.1f} GB left; give another with --home.", file=sys.stderr)
        return 2
    try:
        figures = benchmark.measure(home, chosen.scale, chosen.only)
    finally:
        if chosen.home is None:
            shutil.rmtree(home, ignore_errors=True)
    if chosen.scale < 1:
        figures = [unjudged(figure) for figure in figures]
    show(f"{benchmark.title}, at scale {chosen.scale:g}", figures)
    if chosen.scale < 1:
        print("A small run says nothing about the bars.")
    print(f"Written to {write(benchmark.name, machine, figures)}")
    return int(any(figure.holds is False for figure in figures))


def taken(name: str, part: Part, run: Run) -> list[Figure]:
    """The figures of a part. Whatever breaks it is told, and costs no other part its figures."""
    try:
        return part(run)
    except Exception as error:  # whatever it is, the other parts go on
        traceback.print_exc()
        say(f"{name} failed: {error}")
        return [missing(name, failed=True)]


def _parser(benchmark: Benchmark) -> argparse.ArgumentParser:
    def parts(text: str) -> tuple[str, ...]:
        names = tuple(part.strip() for part in text.split(","))
        if unknown := set(names) - set(benchmark.parts):
            raise argparse.ArgumentTypeError(f"there is no {', '.join(sorted(unknown))}")
        return names

    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{benchmark.name}", description=benchmark.page)
    environment = os.environ.get
    parser.add_argument(
        "--only", type=parts, default=environment("BENCH_ONLY") or benchmark.parts, metavar="PART,…",
        help=f"of {', '.join(benchmark.parts)}; {benchmark.about_parts} (BENCH_ONLY)",
    )  # fmt: skip
    parser.add_argument(
        "--scale", type=_scale, default=environment("BENCH_SCALE") or 1.0,
        help="share of the full run; below 1 no bar is judged (BENCH_SCALE)",
    )  # fmt: skip
    parser.add_argument(
        "--home", type=Path, default=environment("BENCH_HOME"),
        help=f"{'a' if benchmark.goes_on else 'an empty'} folder on a real disk for the stack, kept (BENCH_HOME)",
    )  # fmt: skip
    return parser


def _scale(text: str) -> float:
    scale = float(text)
    if not 0 < scale <= 1:
        raise argparse.ArgumentTypeError("must be above 0 and at most 1")
    return scale


def _terminate(*_signal: object) -> None:
    raise SystemExit(143)  # so that the stack is taken down

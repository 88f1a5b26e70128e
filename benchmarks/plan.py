"""Measures a forecast's way through Airflow, from published truth to published plan: `make bench-plan`.

One store of 36 months, with more and more products. Prints a table, writes benchmarks/results/plan.json, and exits 1
when a bar is missed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.command import Benchmark, run, taken
from benchmarks.figures import Figure, at_most, told
from benchmarks.nightly import SERVICES
from benchmarks.plan_shop import publish
from benchmarks.process_tree import MemoryWatch, of_task
from benchmarks.stream_run import Run, own_stack, say
from stack.airflow_api import Airflow
from stack.nightly import FORECAST_DAG, forecast
from tillstream.settings import Settings, load

LEAST_DISK_BYTES = 10_000_000_000

SIZES = {"small": 500, "middle": 5_000, "large": 20_000}  # products
BARS = {"small": 60.0, "middle": 600.0, "large": 600.0}  # seconds
LEAST = 20


class Way(NamedTuple):
    """Products, days of sales, seconds from the run's start to its end and of its task `forecast`, bytes at most."""

    products: int
    days: int
    seconds: float
    task: float
    peak: int


def measure(home: Path, scale: float, parts: Sequence[str]) -> list[Figure]:
    """Runs what was chosen on an empty stack."""
    with own_stack(load({"TILLSTREAM_HOME": str(home), "TILLSTREAM_PORTS": "auto"}), SERVICES) as settings:
        return taken("plan", plan, Run(settings, scale, parts))


def plan(run: Run) -> list[Figure]:
    """Each size that is wanted, the small ones first."""
    chosen = {name: max(LEAST, int(size * run.scale)) for name, size in SIZES.items() if name in run.parts}
    ways = {name: _way(run.settings, products) for name, products in chosen.items()}
    figures = []
    for name, way in ways.items():
        what = f"{way.products:,} products"
        task = f"{what}, the task that reads, fits, plans and writes"
        figures += [
            at_most(f"{what}, published truth to published plan", way.seconds, BARS[name], "s"),
            told(f"{what}, days of sales", way.days, "rows"),
            at_most(task, way.task, 10.0, "s") if name == "small" else told(task, way.task, "s"),
            at_most(f"{what}, memory of that task", way.peak / 2**30, 4.0, "GiB"),
        ]
    if {"middle", "large"} <= set(ways):
        middle, large = ways["middle"], ways["large"]
        growth = (large.task / large.products) / (middle.task / middle.products)
        figures.append(at_most("seconds a product, most products over fewer", growth, 1.2, "times"))
    return figures


def _way(settings: Settings, products: int) -> Way:
    say(f"{products:,} products of three years are published")
    days = publish(settings, products)
    with MemoryWatch(of_task(settings, "jobs.batch.forecast")) as memory:
        verdict = forecast(settings, say)
    if verdict.exit_code:
        raise RuntimeError(f"the forecast was refused: {verdict.message}")
    say(verdict.message)
    tasks = {task.task_id: task.duration or 0.0 for task in Airflow(settings).tasks(FORECAST_DAG, verdict.run)}
    return Way(products, days, verdict.seconds, tasks["forecast"], memory.peak)


PLAN = Benchmark(
    "plan",
    "From published truth to published plan",
    __doc__,
    tuple(SIZES),
    "each publishes a shop of its own",
    LEAST_DISK_BYTES,
    measure,
)

if __name__ == "__main__":
    sys.exit(run(PLAN, sys.argv[1:]))

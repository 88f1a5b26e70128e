"""What the parts of the night's benchmark share: events brought in by the stream, and nights through Airflow."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from benchmarks.commits import Commits
from benchmarks.load import ends, send_backlog
from benchmarks.shop_events import STORES, daily_moments
from benchmarks.stream_run import DRAIN_LOOK_SECONDS, say
from stack.airflow_api import Airflow
from stack.nightly import DAG, nightly
from tillstream.settings import Settings
from tillstream.stores.generations import aware, of_run

# The steps of `dags/nightly_truth.py` by their tasks.
STEPS = {
    "open_cut": ("jobs.batch.open_cut",),
    "profile_slice": ("jobs.batch.profile",),
    "check_slice": ("expectations.gate", "slice"),
    "recount": ("jobs.batch.recount",),
    "check_candidate": ("expectations.gate", "candidate"),
    "reconcile": ("jobs.batch.reconcile",),
}


class Night(NamedTuple):
    """How long a night took from the start of its run to the publication, and each of its tasks, in seconds."""

    seconds: float
    tasks: dict[str, float]


def bring(
    settings: Settings, size: int, name: str, opening: datetime, a_day: int, stores: Sequence[str] = STORES
) -> None:
    """Sends an even trade of `a_day` records from a day on, and waits until the stream has counted it."""
    say(f"{size:,} records of {opening:%Y-%m-%d} and later go through the stream")
    send_backlog(settings, size, name, partial(daily_moments, opening=opening, a_day=a_day), stores)
    with Commits(settings, DRAIN_LOOK_SECONDS) as commits:
        commits.wait_for(ends(settings))


def night(settings: Settings, *, full: bool = False) -> Night:
    """A night through Airflow. Raises RuntimeError when it publishes nothing."""
    verdict = nightly(settings, say, full)
    if verdict.exit_code:
        raise RuntimeError(f"the night was refused: {verdict.message}")
    airflow = Airflow(settings)
    begun = airflow.run(DAG, verdict.run).start_date
    published = of_run(settings, verdict.run).published_at
    if begun is None or published is None:
        raise RuntimeError("a night that was published has no beginning or no end")
    seconds = (aware(published) - datetime.fromisoformat(begun).astimezone(UTC)).total_seconds()
    tasks = {task.task_id: task.duration or 0.0 for task in airflow.tasks(DAG, verdict.run)}
    say(f"{verdict.message} {seconds:.1f} s from start to publication")
    return Night(seconds, tasks)


def step(settings: Settings, task: str, run_id: str) -> None:
    """One step of a night as its task would do it, without Airflow. Raises RuntimeError when it fails."""
    command = [sys.executable, "-m", *STEPS[task], "--run", run_id]
    environment = os.environ | {"TILLSTREAM_HOME": str(settings.home)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{task} failed: {done.stderr[-2_000:]}")
    say(f"{task}: {done.stdout.splitlines()[-1]}")


def curve(what: str, points: dict[int, float]) -> None:
    """Prints a line per point."""
    longest = max(points.values())
    for months, seconds in points.items():
        print(f"  {what}, {months:2} months: {seconds:7.1f} s {'▇' * round(40 * seconds / longest)}", flush=True)

"""A night's work on demand, and the forecast after it: begun in Airflow, followed to their end, and judged."""

import time
from collections.abc import Callable
from typing import Any

import msgspec

from stack.airflow_api import Airflow, Run, Task, health, run_page
from tillstream.errors import TillstreamError, TransientError
from tillstream.settings import Settings

DAG, FORECAST_DAG = "nightly_truth", "demand_forecast"
LAST_TASKS = {DAG: "publish", FORECAST_DAG: "publish_forecast"}
ENDED = {"success", "failed"}
# What a person wants to be told, and how.
TOLD = {
    "running": "running",
    "success": "done",
    "failed": "failed",
    "up_for_retry": "failed for now, is tried again",
    "skipped": "not needed",
}
POLL_SECONDS = 1.0
AWAY_SECONDS = 60.0  # that long, Airflow may be restarting


class Verdict(msgspec.Struct, frozen=True):
    """How a night, or a forecast, ended: `outcome` is 'published' or 'refused'; `message` says what was, or why not."""

    run: str
    outcome: str
    message: str
    failed_task: str | None
    exit_code: int
    seconds: float
    page: str
    tasks: dict[str, str]


def nightly(settings: Settings, report: Callable[[str], None], full: bool = False, month: str | None = None) -> Verdict:
    """Begins a night and waits for its end. Raises TransientError when Airflow is away, or does nothing."""
    airflow = Airflow(settings)
    return _judged(settings, airflow, DAG, airflow.trigger(DAG, {"full": full, "month": month}), report)


def forecast(settings: Settings, report: Callable[[str], None], as_of: str | None = None) -> Verdict:
    """Begins a forecast and waits for its end. Raises TransientError when Airflow is away, or does nothing."""
    airflow = Airflow(settings)
    return _judged(settings, airflow, FORECAST_DAG, airflow.trigger(FORECAST_DAG, {"as_of": as_of}), report)


def forecast_after(settings: Settings, night: str, report: Callable[[str], None]) -> Verdict:
    """Waits for the forecast that the publication of a night (its run) begins, and for its end.

    Raises TransientError when none begins, or Airflow is away.
    """
    airflow = Airflow(settings)
    begun = time.monotonic()
    while (run := airflow.begun_by(FORECAST_DAG, night)) is None:
        if time.monotonic() - begun > AWAY_SECONDS:
            raise TransientError(f"No forecast has begun after {night}.", "`tillstream logs airflow` may say why.")
        time.sleep(POLL_SECONDS)
    return _judged(settings, airflow, FORECAST_DAG, run, report)


def _judged(settings: Settings, airflow: Airflow, dag: str, run: Run, report: Callable[[str], None]) -> Verdict:
    report(f"{run.dag_run_id}: {run_page(settings, dag, run.dag_run_id)}")
    begun = time.monotonic()
    run, tasks = _follow(settings, airflow, dag, run, report)
    return _verdict(settings, airflow, dag, run, tasks, time.monotonic() - begun)


def _follow(
    settings: Settings, airflow: Airflow, dag: str, run: Run, report: Callable[[str], None]
) -> tuple[Run, list[Task]]:
    told: dict[str, str] = {}
    state, alive = "", time.monotonic()
    while True:
        try:
            run = airflow.run(dag, run.dag_run_id)
            tasks = airflow.tasks(dag, run.dag_run_id)
        except TransientError:
            if time.monotonic() - alive > AWAY_SECONDS:
                raise
        else:
            for line in _news(tasks, told):
                report(line)
            if run.state in ENDED:
                return run, tasks
            if run.state == "queued" and state != run.state:
                report("waiting for its turn")
            state = run.state
            if health(settings).get("scheduler") == "healthy":
                alive = time.monotonic()
            elif time.monotonic() - alive > AWAY_SECONDS:
                raise TransientError("Airflow's scheduler does nothing.", "`tillstream logs airflow` may say why.")
        time.sleep(POLL_SECONDS)


def _news(tasks: list[Task], told: dict[str, str]) -> list[str]:
    """Lines about what has changed since they were told; remembers them."""
    lines = []
    for task in tasks:
        if (words := TOLD.get(task.state or "")) and told.get(task.task_id) != task.state:
            told[task.task_id] = task.state or ""
            took = f" ({task.duration:.1f} s)" if task.duration and task.state in ENDED else ""
            lines.append(f"{task.task_id}: {words}{took}")
    return lines


def _verdict(settings: Settings, airflow: Airflow, dag: str, run: Run, tasks: list[Task], seconds: float) -> Verdict:
    failed = next((task for task in tasks if task.state == "failed"), None)
    if run.state == "success":
        code, message = 0, str(airflow.said(dag, run.dag_run_id, LAST_TASKS[dag], "return_value") or "published")
    else:
        code, message = _reason(airflow, dag, run, failed)
    return Verdict(
        run=run.dag_run_id,
        outcome="published" if code == 0 else "refused",
        message=message,
        failed_task=failed.task_id if failed else None,
        exit_code=code,
        seconds=round(seconds, 1),
        page=run_page(settings, dag, run.dag_run_id),
        tasks={task.task_id: task.state or "none" for task in tasks},
    )


def _reason(airflow: Airflow, dag: str, run: Run, failed: Task | None) -> tuple[int, str]:
    """The exit code and the words of a night that published nothing."""
    if failed is None:
        return TillstreamError.exit_code, "It was ended before its last task."
    left = airflow.said(dag, run.dag_run_id, failed.task_id, "failure")
    if isinstance(left, dict):
        return _exit_code(left.get("code")), str(left.get("message"))
    errors = airflow.errors(dag, run.dag_run_id, failed)
    return TillstreamError.exit_code, errors[-1] if errors else "Its process was killed, or took too long."


def _exit_code(code: Any) -> int:
    return TransientError.exit_code if code == TransientError.exit_code else TillstreamError.exit_code

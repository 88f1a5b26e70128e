"""The DAGs as Airflow reads them. These tests run in Airflow's environment, which has nothing of the product's."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from docs import dags_page

BAG = dags_page.load()  # before any module here imports Airflow, or the DAGs' own module
sys.path.append(str(dags_page.CHECKOUT / "plugins"))
NAMES = (
    "demand_forecast", "forecast_score", "housekeeping", "nightly_truth", "rebuild_live", "rebuild_raw",
    "replay_rejects", "stream_watch",
)  # fmt: skip


class TaskRun:
    """What an operator sees of its run: a place to leave values, and addresses."""

    dag_id, task_id = "nightly_truth", "publish"
    log_url = "http://airflow.test/log"

    def __init__(self) -> None:
        self.left: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.left[key] = value


@pytest.fixture(scope="session")
def dags() -> dict[str, Any]:
    """All DAGs by name. No test here means anything unless each of them was seen."""
    assert BAG.import_errors == {}
    assert tuple(sorted(BAG.dags)) == NAMES
    return dict(BAG.dags)


@pytest.fixture
def task_run() -> TaskRun:
    return TaskRun()


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Makes an operator whose `python` is this one, and that may be executed without Airflow's task runner."""
    import tillstream_jobs  # noqa: PLC0415 it lies where the line above has put it

    monkeypatch.setattr(tillstream_jobs, "APP", Path(sys.executable))
    monkeypatch.setattr(tillstream_jobs.JobOperator, "allow_nested_operators", True, raising=False)

    def make(*command: Any, **more: Any) -> Any:
        return tillstream_jobs.JobOperator(task_id="job", command=list(command), **more)

    return make


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("TILLSTREAM_HOME", "/the/home")
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "a-secret")
    monkeypatch.setenv("__AIRFLOW_SUPERVISOR_FD", "3")
    return dict(os.environ)

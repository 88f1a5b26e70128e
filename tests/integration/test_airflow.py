"""Airflow with its PostgreSQL: private, back after every kill -9, and a failed task tells somebody why."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from stack import airflow_configuration, folders, postgres_databases, processes
from stack.airflow_api import Airflow, Run, health, run_page
from stack.airflow_history import forget
from stack.lifecycle import down, logs_paths, restart, up
from stack.status import ServiceStatus, status
from tests.receiver import Receiver, receiving
from tillstream.errors import TerminalError, TillstreamError
from tillstream.settings import Settings

PARTS = ("postgres", "airflow", "airflow-scheduler", "airflow-dags")
DAG = "replay_rejects"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Settings]:
    """The settings of an Airflow that has seen its DAGs."""
    home = tmp_path_factory.mktemp("a folder with blanks") / "it's 100% home"
    settings = Settings(home=home, ports="auto", notify_url=receiver.url)
    try:
        settings = up(settings, services=["airflow"])
        wait_until(lambda: begun(settings) is not None)
        yield settings
    finally:
        down(settings)
        shutil.rmtree(settings.home)


def wait_until(is_met: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not is_met():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.3)


def begun(settings: Settings) -> Run | None:
    """A run whose command is refused: neither ids nor a reason. None while Airflow is away or has not seen the DAG."""
    try:
        return Airflow(settings).trigger(DAG, {})
    except TillstreamError:
        return None


def parts(settings: Settings) -> dict[str, ServiceStatus]:
    return {each.name: each for each in status(settings) if each.name in PARTS}


def ended(settings: Settings, run: Run) -> Run:
    wait_until(lambda: Airflow(settings).run(DAG, run.dag_run_id).state in {"failed", "success"})
    return Airflow(settings).run(DAG, run.dag_run_id)


def test_a_failed_task_leaves_its_reason_and_tells_somebody(airflow: Settings, receiver: Receiver) -> None:
    run = begun(airflow)
    assert run is not None
    assert ended(airflow, run).state == "failed"

    session = Airflow(airflow)
    [task] = session.tasks(DAG, run.dag_run_id)
    assert (task.task_id, task.state, task.try_number) == ("replay", "failed", 1)  # a wrong call is not tried again
    left = session.said(DAG, run.dag_run_id, "replay", "failure")
    assert left["code"] == 2
    assert "Give IDs, or --reason" in left["message"]
    assert session.said(DAG, run.dag_run_id, "replay", "nothing") is None
    assert any("Give IDs" in line for line in session.errors(DAG, run.dag_run_id, task))
    [message] = [
        each for each in receiver.received if run.dag_run_id in each["message"].replace("%3A", ":").replace("%2B", "+")
    ]
    assert message["title"] == "Tillstream: Rejects were not replayed"
    assert "Give IDs" in message["message"]
    assert airflow.airflow_url in message["message"]


def test_wrong_params_and_unknown_dags_are_refused(airflow: Settings) -> None:
    with pytest.raises(TerminalError, match=r"refused \(4"):
        Airflow(airflow).trigger(DAG, {"ids": "not a list"})
    with pytest.raises(TerminalError, match="no_such_dag"):
        Airflow(airflow).trigger("no_such_dag", {})


def test_the_page_of_a_run_is_there_and_nothing_is_without_the_password(airflow: Settings) -> None:
    assert run_page(airflow, DAG, "a b").startswith(airflow.airflow_url)
    (folders.secrets(airflow) / "airflow_admin").rename(airflow.home / "aside")
    (folders.secrets(airflow) / "airflow_admin").write_text("a guess")
    try:
        with pytest.raises(TerminalError, match="refuses the user 'admin'"):
            Airflow(airflow).run(DAG, "any")
    finally:
        (airflow.home / "aside").rename(folders.secrets(airflow) / "airflow_admin")


def test_passwords_are_in_private_files_only(airflow: Settings) -> None:
    folder = folders.of_service(airflow, "airflow")
    private = [folder / airflow_configuration.FILE, folder / airflow_configuration.PASSWORDS_FILE]
    private += [airflow.home / "tillstream.env", *(folders.run(airflow).glob("*.json"))]
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    secrets = [path.read_bytes() for path in folders.secrets(airflow).iterdir()] + [b"geheim"]
    shown = [
        Path(f"/proc/{each.pid}/{kind}").read_bytes()
        for each in processes.of_stack(airflow.home)
        for kind in ("cmdline", "environ")
    ]
    shown += [path.read_bytes() for path in folders.run(airflow).glob("*") if path.is_file()]
    shown += [path.read_bytes() for path in (airflow.home / "logs").glob("*")]
    shown += [path.read_bytes() for path in (folder / "logs").rglob("*") if path.is_file()]
    assert len(shown) > 20
    assert not [text for text in shown for secret in secrets if secret in text]


def test_postgres_is_nobody_s_but_the_stack_s(airflow: Settings) -> None:
    server = psutil.Process(parts(airflow)["postgres"].pid)
    assert server.uids().effective != 0
    assert server.net_connections("inet") == []
    assert [each.laddr for each in server.net_connections("unix") if each.status]
    sockets = postgres_databases.sockets(airflow)
    assert (sockets.stat().st_mode & 0o777, sockets.stat().st_uid) == (0o700, server.uids().effective)
    assert folders.of_service(airflow, "postgres").stat().st_uid == os.geteuid()


@pytest.mark.parametrize("name", PARTS)
def test_a_killed_part_comes_back(airflow: Settings, name: str) -> None:
    before = parts(airflow)[name].pid or 0
    for process in processes.of_stack(airflow.home, [name]):
        os.kill(process.pid, signal.SIGKILL)

    wait_until(lambda: parts(airflow)[name].healthy and parts(airflow)[name].pid not in {None, before})
    wait_until(lambda: all(part.healthy for part in parts(airflow).values()))
    run = begun(airflow)
    assert run is not None
    assert ended(airflow, run).state == "failed"


def test_one_name_stands_for_all_of_airflow(airflow: Settings) -> None:
    before = parts(airflow)
    restart(airflow, "airflow")
    after = parts(airflow)

    assert {name for name in PARTS if before[name].pid != after[name].pid} == set(PARTS[1:])
    assert [path.name for path in logs_paths(airflow, "airflow")] == [f"{name}.log" for name in PARTS[1:]]


def test_history_does_not_grow_for_ever(airflow: Settings) -> None:
    runs = [begun(airflow) for _ in range(2)]
    first, last = [ended(airflow, run).dag_run_id for run in runs if run is not None]
    logs = folders.of_service(airflow, "airflow") / "logs" / f"dag_id={DAG}"
    os.utime(logs / f"run_id={first}", (0, 0))

    assert forget(airflow, timedelta(0)) >= 1
    assert not (logs / f"run_id={first}").exists()
    for run_id in (first, last):  # Airflow keeps the last run of a schedule, and none that was started by hand
        with pytest.raises(TerminalError, match="was not found"):
            Airflow(airflow).run(DAG, run_id)


def test_down_leaves_nothing_and_up_goes_on(airflow: Settings) -> None:
    run = begun(airflow)
    assert run is not None
    ended(airflow, run)
    down(airflow)
    assert processes.of_stack(airflow.home) == []
    assert health(airflow) == {}
    data = folders.of_service(airflow, "postgres") / "data"
    (data / "postmaster.pid").write_text(f"{os.getpid()}\n{data}\n")  # as after a power cut, when the id is taken again
    up(airflow, services=["airflow"])

    assert Airflow(airflow).run(DAG, run.dag_run_id).state == "failed"

"""The operator: output to the log, exit codes to states, and no process left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tillstream_jobs
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException, AirflowTaskTimeout
from airflow.sdk.execution_time.timeout import timeout

from docs import dags_page
from tests.dags.conftest import TaskRun

Make = Callable[..., Any]


def python(script: str) -> tuple[str, ...]:
    return ("python", "-c", script)


def alive(pid: int) -> bool:
    """Whether a process still runs; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(is_met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_met():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_the_last_line_is_the_value_and_every_line_is_logged(
    operator: Make, task_run: TaskRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = operator(*python("import sys; print('one'); print('two\\n'); print('aside', file=sys.stderr)"))
    logged: list[str] = []
    monkeypatch.setattr(type(job), "log", SimpleNamespace(info=logged.append, warning=str))

    assert job.execute({"ti": task_run}) == "two"
    assert sorted(logged) == ["", "aside", "one", "two"]
    assert task_run.left == {}


def test_words_are_never_a_shell_s(operator: Make, task_run: TaskRun) -> None:
    script = "import sys; print(sys.argv[1:])"
    job = operator(*python(script), "$(id); `id` | cat", "", ["a b", [], ["*"]], None, 7)

    assert job.execute({"ti": task_run}) == "['$(id); `id` | cat', 'a b', '*', '7']"


def test_what_concerns_airflow_is_not_passed_on(operator: Make, task_run: TaskRun, environment: dict[str, str]) -> None:
    assert environment["AIRFLOW__CORE__FERNET_KEY"]
    job = operator(*python("import os; print(sorted(n for n in os.environ if 'AIRFLOW' in n or 'TILLSTREAM_H' in n))"))

    assert job.execute({"ti": task_run}) == "['TILLSTREAM_HOME']"


MESSAGE = "tillstream: the month is shrinking\\nlook at `tillstream explain`"


@pytest.mark.parametrize(
    ("script", "code", "again", "message"),
    [
        (f"print('{MESSAGE}', file=sys.stderr); sys.exit(1)", 1, False, "the month is shrinking\nlook at `till"),
        (f"print('noise\\n{MESSAGE}', file=sys.stderr); sys.exit(75)", 75, True, "the month is shrinking\nlook at"),
        ("print('usage', file=sys.stderr); sys.exit(2)", 2, False, "exit code 2: usage"),
        ("sys.exit(3)", 3, False, "exit code 3"),
        ("raise ValueError('x')", 1, False, "exit code 1: ValueError: x"),
        ("os.kill(os.getpid(), 9)", -9, True, "ended by signal 9"),
    ],
)
def test_an_exit_code_says_whether_to_try_again(
    operator: Make, task_run: TaskRun, script: str, code: int, again: bool, message: str
) -> None:
    with pytest.raises(AirflowException) as caught:
        operator(*python(f"import os, sys; {script}")).execute({"ti": task_run})

    assert isinstance(caught.value, AirflowFailException) != again
    assert str(caught.value).startswith(message)
    assert task_run.left == {"failure": {"code": code, "message": str(caught.value), "said": ""}}


def test_a_failed_command_leaves_its_last_word(operator: Make, task_run: TaskRun) -> None:
    with pytest.raises(AirflowFailException):
        operator(*python("print('RESTART'); raise SystemExit('it hangs')")).execute({"ti": task_run})
    assert task_run.left["failure"]["said"] == "RESTART"


def test_a_task_that_is_not_needed_is_skipped(operator: Make, task_run: TaskRun, tmp_path: Path) -> None:
    with pytest.raises(AirflowSkipException):
        operator(*python(f"open('{tmp_path}/ran', 'w')"), when="False").execute({"ti": task_run})
    assert list(tmp_path.iterdir()) == []


# Has a child that keeps the output open; notes both process ids when it is ready.
PARENT = """
import os, signal, subprocess, sys, time
child = subprocess.Popen(["sleep", "600"])
open({ready!r} + ".part", "w").write(f"{{os.getpid()}} {{child.pid}}")
os.rename({ready!r} + ".part", {ready!r})
{then}
"""


def parent(tmp_path: Path, then: str) -> tuple[tuple[str, ...], Path]:
    ready = tmp_path / "ready"
    return python(PARENT.format(ready=str(ready), then=then)), ready


def pids(ready: Path) -> list[int]:
    wait_until(ready.exists)
    return [int(word) for word in ready.read_text().split()]


def test_children_that_are_left_behind_end_with_the_command(operator: Make, task_run: TaskRun, tmp_path: Path) -> None:
    words, ready = parent(tmp_path, "print('done')")
    assert operator(*words).execute({"ti": task_run}) == "done"
    wait_until(lambda: not any(map(alive, pids(ready))))


@pytest.mark.parametrize("then", ["time.sleep(600)", "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"])
def test_a_task_that_is_killed_ends_its_command_and_the_children(
    operator: Make, task_run: TaskRun, tmp_path: Path, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tillstream_jobs.STOP_SECONDS", 1)
    words, ready = parent(tmp_path, then)
    job = operator(*words)

    def kill() -> None:
        pids(ready)
        job.on_kill()

    threading.Thread(target=kill).start()
    with pytest.raises(AirflowException, match="ended by signal"):
        job.execute({"ti": task_run})
    wait_until(lambda: not any(map(alive, pids(ready))))


def test_a_task_that_takes_too_long_ends_its_command(operator: Make, task_run: TaskRun, tmp_path: Path) -> None:
    words, ready = parent(tmp_path, "time.sleep(600)")
    job = operator(*words)
    with pytest.raises(AirflowTaskTimeout), timeout(2):  # type: ignore[no-untyped-call]  # Airflow's own
        job.execute({"ti": task_run})
    job.on_kill()  # as Airflow does then
    wait_until(lambda: not any(map(alive, pids(ready))))


TASK_PROCESS = """
import sys
from tests.dags.conftest import TaskRun
import tillstream_jobs
tillstream_jobs.APP = tillstream_jobs.Path(sys.executable)
tillstream_jobs.JobOperator.allow_nested_operators = True
tillstream_jobs.JobOperator(task_id="job", command=sys.argv[1:]).execute({"ti": TaskRun()})
"""


def test_a_command_ends_with_the_task_s_process_however_that_dies(tmp_path: Path) -> None:
    words, ready = parent(tmp_path, "time.sleep(600)")
    task = subprocess.Popen([sys.executable, "-c", TASK_PROCESS, *words], cwd=dags_page.CHECKOUT)
    command, child = pids(ready)
    os.kill(task.pid, signal.SIGKILL)
    task.wait()

    wait_until(lambda: not alive(command))
    os.kill(child, signal.SIGKILL)  # the next start of the scheduler would end it, by its mark


def test_a_notification_is_asked_for_without_a_secret(
    operator: Make, task_run: TaskRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = tmp_path / "tillstream"
    command.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{tmp_path}/words; cat >{tmp_path}/text\n")
    command.chmod(0o700)
    monkeypatch.setattr(tillstream_jobs, "APP", tmp_path / "python")
    context: Any = {"ti": task_run, "exception": "it shrank"}
    tillstream_jobs.tell("A night was not published", once_in=5)(context)

    assert (tmp_path / "words").read_text().splitlines() == [
        "notify", "--title=A night was not published", "--link=http://airflow.test/log", "--once-in=5",
    ]  # fmt: skip
    assert (tmp_path / "text").read_text() == "nightly_truth, task publish: it shrank"

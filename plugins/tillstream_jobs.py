"""What the DAGs share: the operator that runs a command of the product, and what the shop told Airflow.

Airflow and the product live in two environments. A task is a command in the product's: a list, never a shell line.
"""

import ctypes
import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, TextIO

import pendulum
from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

SHOP_ZONE = os.environ.get("TILLSTREAM_TIMEZONE", "Asia/Yangon")
FIRST_NIGHT = pendulum.from_format(os.environ.get("TILLSTREAM_FIRST_DAY", "2024-01-01"), "YYYY-MM-DD", tz=SHOP_ZONE)
APP = Path(os.environ.get("TILLSTREAM_APP", "python"))

TRY_AGAIN = 75  # EX_TEMPFAIL: how the product's commands say that they failed for now
MESSAGE_BEGINS = "tillstream: "
LONGEST_MESSAGE = 1000
STOP_SECONDS, NOTIFY_SECONDS = 20, 60
PR_SET_PDEATHSIG = 1


def tell(what: str, once_in: int = 0) -> Callable[[Context], None]:
    """A callback that sends a notification: what happened, the task's own words, and a link to its page.

    Not again under the same title within `once_in` minutes.
    """

    def send(context: Context) -> None:
        task = context["ti"]
        command = [
            _program("tillstream"),
            "notify",
            f"--title={what}",
            f"--link={task.log_url}",
            f"--once-in={once_in}",
        ]
        text = f"{task.dag_id}, task {task.task_id}: {context.get('exception') or 'done'}"
        subprocess.run(command, input=text, text=True, env=_environment(), timeout=NOTIFY_SECONDS, check=True)

    return send


# Every task may be run again: its command gives the same result by the run's id, or by what it finds.
DEFAULTS: dict[str, Any] = {
    "owner": "tillstream",
    "retries": 2,
    "retry_delay": timedelta(seconds=30),
    "max_active_tis_per_dag": 1,  # also when a backfill has several runs
}


class JobOperator(BaseOperator):
    """Runs `command` in the product's environment; its output is the task's log, its last line the task's value.

    `python` and `tillstream` are those of the product. Lists within the command are taken apart, empty words left out.
    With `when`, the task is skipped unless that renders to 'True'. Exit code 75, or an end by a signal, may be tried
    again; any other failure may not, and its message is the last one on the command's stderr.
    """

    template_fields: Sequence[str] = ("command", "when")
    template_fields_renderers: ClassVar[dict[str, str]] = {"command": "json"}
    ui_color = "#e8f0e4"

    def __init__(self, *, command: Sequence[Any], when: str = "True", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.command = command
        self.when = when
        self._process: subprocess.Popen[str] | None = None

    def execute(self, context: Context) -> str:
        """Gives the last line that the command printed. Raises as the class says."""
        if str(self.when) != "True":
            raise AirflowSkipException(f"not needed: {self.when}")
        words = list(_words(self.command))
        _end_with_parent()
        self._process = subprocess.Popen(
            # The kernel ends the command if this process is killed; its own session lets all of it be ended.
            ["setpriv", "--pdeathsig=SIGTERM", "--", _program(words[0]), *words[1:]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
            env=_environment(), start_new_session=True,
        )  # fmt: skip
        said = ""
        complained: list[str] = []
        for is_complaint, line in _lines(self._process):
            self.log.info(line)
            if is_complaint:
                complained = [line] if line.startswith(MESSAGE_BEGINS) else [*complained, line][-20:]
            elif line.strip():
                said = line
        code = self._process.wait()
        if code != 0:
            self._fail(context, code, said, _message(code, complained))
        return said

    def on_kill(self) -> None:
        """Ends the command and its children: asks, waits a little, and uses force."""
        if self._process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            _signal_group(self._process, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
                break

    def _fail(self, context: Context, code: int, said: str, message: str) -> None:
        context["ti"].xcom_push("failure", {"code": code, "message": message, "said": said})
        if code == TRY_AGAIN or code < 0:
            raise AirflowException(message)
        raise AirflowFailException(message)


def _message(code: int, complained: list[str]) -> str:
    """Of people's messages the last one, which may have several lines; else the last line; else the exit code."""
    lines = [line for line in complained if line.strip()]
    if lines and lines[0].startswith(MESSAGE_BEGINS):
        return "\n".join(lines).removeprefix(MESSAGE_BEGINS)[:LONGEST_MESSAGE]
    why = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
    return f"{why}: {lines[-1][:LONGEST_MESSAGE]}" if lines else why


def _words(command: Sequence[Any]) -> Iterator[str]:
    for word in command:
        if isinstance(word, str):
            yield from [word] if word else []
        elif isinstance(word, list | tuple):
            yield from _words(word)
        elif word is not None:
            yield str(word)


def _program(name: str) -> str:
    return str(APP if name == "python" else APP.with_name(name))


def _environment() -> dict[str, str]:
    """This process's without what concerns Airflow: its configuration is no business of the product's."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.strip("_").startswith("AIRFLOW") and name not in {"PYTHONPATH", "SPT_NOENV", "MALLOC_ARENA_MAX"}
    }


def _end_with_parent() -> None:
    """This task's process gets SIGTERM when the worker that watches over it is gone."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _signal_group(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _lines(process: "subprocess.Popen[str]") -> Iterator[tuple[bool, str]]:
    """Each line of both outputs as it comes, and whether it is from stderr; ends what the command leaves behind."""
    lines: queue.SimpleQueue[tuple[bool, str] | None] = queue.SimpleQueue()

    def read(pipe: TextIO, is_stderr: bool) -> None:
        for line in pipe:
            lines.put((is_stderr, line.rstrip("\n")))
        lines.put(None)

    pipes = [(pipe, is_stderr) for pipe, is_stderr in ((process.stdout, False), (process.stderr, True)) if pipe]
    for pipe in pipes:
        threading.Thread(target=read, args=pipe, daemon=True).start()
    open_pipes = len(pipes)
    while open_pipes:
        try:
            line = lines.get(timeout=1)
        except queue.Empty:
            if process.poll() is not None:
                _signal_group(process, signal.SIGKILL)
            continue
        if line is None:
            open_pipes -= 1
        else:
            yield line

"""How the supervisor and the leash treat a service, whatever it is: shown with small programs instead of servers."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stack import folders, processes, services
from stack.lifecycle import down, stop_service, up
from stack.service import Launch, Service
from stack.status import status
from stack.supervisor import Control
from tillstream.errors import TerminalError
from tillstream.settings import Settings

# Runs until it is told to stop, with a child that would not hear of it.
WITH_CHILD = """
import signal, subprocess, sys, time
subprocess.Popen(["sleep", "1000"], start_new_session=True)
signal.signal(signal.SIGTERM, lambda *_: (print("stopped", flush=True), sys.exit(0)))
open("ready", "w").close()
time.sleep(1000)
"""
DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); open('ready', 'w').close(); time.sleep(1000)"
)
FAILS_TWICE = """
import sys, time
lives = open("lives", "a+")
lives.write("x")
if lives.tell() < 3:
    sys.exit(75)
open("ready", "w").close()
time.sleep(1000)
"""
NICENESS = 3


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Settings]]:
    """Starts a stack of programs, each after the one before it; stops it at the end."""
    settings = Settings(home=tmp_path / "home", ports="auto")

    def start(**scripts: str) -> Settings:
        names = list(scripts)
        monkeypatch.setattr(services, "SERVICES", tuple(_service(name, scripts, names) for name in names))
        return up(settings)

    yield start
    down(settings)


def _service(name: str, scripts: dict[str, str], names: list[str]) -> Service:
    def is_ready(settings: Settings) -> bool:
        return (folders.of_service(settings, name) / "ready").exists()

    return Service(
        name=name,
        launch=lambda settings: Launch(
            (sys.executable, "-c", scripts[name]), folders.of_service(settings, name), niceness=NICENESS
        ),
        is_healthy=is_ready,
        answers=is_ready,
        after=tuple(names[: names.index(name)]),
        start_seconds=15,
        stop_seconds=2,
        final_exits=(0, 1),
    )


def wait_until(is_met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not is_met():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def pids(settings: Settings, name: str) -> set[int]:
    return {process.pid for process in processes.of_stack(settings.home, [name])}


def test_a_failure_for_good_is_not_tried_again_and_up_shows_the_log(
    run: Callable[..., Settings], tmp_path: Path
) -> None:
    with pytest.raises(
        TerminalError, match=r"(?s)broken did not start: its process ended .code 1.*the cause of it all"
    ):
        run(broken="print('the cause of it all', flush=True); raise SystemExit(1)")
    time.sleep(1)
    [said] = status(Settings(home=tmp_path / "home"))
    assert (said.state, said.pid) == ("failed", None)


def test_a_failure_for_now_is_tried_again(run: Callable[..., Settings]) -> None:
    settings = run(flaky=FAILS_TWICE)
    assert (folders.of_service(settings, "flaky") / "lives").read_text() == "xxx"
    assert status(settings)[0].healthy


def test_what_a_killed_service_leaves_behind_ends_before_it_comes_back(run: Callable[..., Settings]) -> None:
    settings = run(parent=WITH_CHILD)
    before = pids(settings, "parent")
    assert len(before) == 2
    [said] = status(settings)
    assert said.pid in before
    os.kill(said.pid or 0, signal.SIGKILL)

    wait_until(lambda: len(pids(settings, "parent")) == 2 and not pids(settings, "parent") & before)


def test_everything_ends_with_the_supervisor_at_the_next_up_or_down(run: Callable[..., Settings]) -> None:
    settings = run(parent=WITH_CHILD)
    [supervisor] = pids(settings, "supervisord")
    os.kill(supervisor, signal.SIGKILL)
    down(settings)
    assert processes.of_stack(settings.home) == []


def test_a_deaf_service_is_stopped_by_force_in_its_time(run: Callable[..., Settings]) -> None:
    settings = run(deaf=DEAF)
    begun = time.monotonic()
    down(settings)
    assert 2 <= time.monotonic() - begun < 6
    assert processes.of_stack(settings.home) == []


@pytest.mark.parametrize("seen", ["RUNNING", "EXITED"])
def test_a_service_that_dies_while_it_is_stopped_stays_away(
    run: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, seen: str
) -> None:
    settings = run(dying=WITH_CHILD)
    stop, process = Control.stop, Control.process
    asked: list[str] = []

    def unheard_at_first(control: Control, name: str) -> None:
        asked.append(name)
        if len(asked) > 1:  # before, the supervisor takes it for one that does not run, and starts it a moment later
            stop(control, name)

    def dead_at_first(control: Control, name: str) -> dict[str, Any]:
        said = process(control, name)
        return said | {"statename": seen, "exitstatus": -1} if len(asked) == 1 else said

    monkeypatch.setattr(Control, "stop", unheard_at_first)
    monkeypatch.setattr(Control, "process", dead_at_first)
    stop_service(settings, "dying")
    time.sleep(1.5)
    assert status(settings)[0].pid is None


def test_services_start_after_those_they_need_and_stop_before_them(run: Callable[..., Settings]) -> None:
    lines: list[str] = []
    settings = run(first=WITH_CHILD, second=WITH_CHILD, third=WITH_CHILD)
    started = {each.name: each.pid or 0 for each in status(settings)}
    assert sorted(started, key=started.__getitem__) == ["first", "second", "third"]
    down(settings, lines.append)
    assert [line.split()[0] for line in lines if "has stopped" in line] == ["third", "second", "first"]
    assert folders.log(settings, "third").read_text() == "stopped\n"


def test_changed_settings_restart_the_services_that_they_concern(run: Callable[..., Settings]) -> None:
    settings = run(first=WITH_CHILD, second=WITH_CHILD)
    before = {each.name: each.pid for each in status(settings)}
    run(first=WITH_CHILD, second=WITH_CHILD + "# another version\n")
    after = {each.name: each.pid for each in status(settings)}
    assert after["first"] == before["first"]
    assert after["second"] != before["second"]


def test_a_service_stands_back_as_it_is_told(run: Callable[..., Settings]) -> None:
    settings = run(modest=WITH_CHILD)
    priorities = {os.getpriority(os.PRIO_PROCESS, pid) for pid in pids(settings, "modest")}
    assert priorities == {os.getpriority(os.PRIO_PROCESS, 0) + NICENESS}


def test_services_see_nothing_of_the_environment_that_up_was_called_in(
    run: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMEBODYS_PASSWORD", "hunter2")
    settings = run(any=WITH_CHILD)
    for process in processes.of_stack(settings.home):
        assert b"hunter2" not in Path(f"/proc/{process.pid}/environ").read_bytes()

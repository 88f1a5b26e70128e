"""The stack's processes, known by a mark in their environment that every child inherits.

A process id in a file may belong to another program by the time it is read; the mark cannot.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

HOME_MARK = "TILLSTREAM_HOME"
SERVICE_MARK = "TILLSTREAM_SERVICE"
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Process:
    """A living process of a stack."""

    pid: int
    service: str


def marks(home: Path, service: str) -> dict[str, str]:
    """The variables by which the processes of a service are known."""
    return {HOME_MARK: str(home), SERVICE_MARK: service}


def marked(home: Path, service: str) -> dict[str, str]:
    """This process's environment with the mark of a service, for a program that is run on its behalf."""
    return os.environ | marks(home, service)


def of_stack(home: Path, services: Iterable[str] = ()) -> list[Process]:
    """The living processes of the stack in `home`, or those of some of its services."""
    wanted = set(services)
    found = [_process(int(entry.name), home) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [process for process in found if process and (not wanted or process.service in wanted)]


def is_part(pid: int, home: Path, service: str) -> bool:
    """Whether a process is alive and belongs to a service of the stack in `home`."""
    return _process(pid, home) == Process(pid, service)


def end(home: Path, services: Iterable[str] = (), patience: float = 10.0) -> list[Process]:
    """Ends what is left of a stack or of some of its services, by force after `patience` seconds; gives those."""
    services = tuple(services)
    ended = remaining = _others(home, services)
    deadline = time.monotonic() + patience
    for process in remaining:
        _send(process, home, signal.SIGTERM)
    while (remaining := _others(home, services)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    while remaining:
        for process in remaining:
            _send(process, home, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
        remaining = _others(home, services)
    return ended


def _others(home: Path, services: tuple[str, ...]) -> list[Process]:
    """Without this process and those that wait for it."""
    own = set()
    pid = os.getpid()
    while pid > 1:
        own.add(pid)
        pid = _parent(pid)
    return [process for process in of_stack(home, services) if process.pid not in own]


def _process(pid: int, home: Path) -> Process | None:
    try:
        pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")  # empty for one that has died
    except OSError:
        return None  # gone, or another user's
    marks = dict(pair.partition(b"=")[::2] for pair in pairs)
    if marks.get(HOME_MARK.encode()) != os.fsencode(home) or SERVICE_MARK.encode() not in marks:
        return None
    return Process(pid, os.fsdecode(marks[SERVICE_MARK.encode()]))


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _send(process: Process, home: Path, number: signal.Signals) -> None:
    """To this very process: between look and signal its id may have passed to another program."""
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(process.pid)
        try:
            if _process(process.pid, home) is not None:
                signal.pidfd_send_signal(handle, number)
        finally:
            os.close(handle)

"""Starting one service: from what lies on disk to a server that serves."""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from stack import folders, ports, processes
from stack.service import Service
from stack.supervisor import Control
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings

ALIVE = {"RUNNING", "STARTING"}
MOST_STARTS = 3
LOG_LINES = 15
POLL_SECONDS = 0.1


class Start:
    """Starts services of one stack; may be used by a thread per service."""

    def __init__(self, settings: Settings, control: Control, report: Callable[[str], None]) -> None:
        self._settings = settings
        self._control = control
        self._report = report
        self.interrupted = threading.Event()

    def run(self, service: Service) -> None:
        """Brings one service to where it serves; does nothing to one that does already.

        Raises TerminalError when it cannot, TransientError when it only needs more time.
        """
        begun = time.monotonic()
        fresh = self._control.process(service.name)["statename"] not in ALIVE
        if fresh:
            self._begin(service)
        try:
            self._wait(service, service.answers)
        except TerminalError:
            if fresh:
                raise
            fresh = True  # the process that ran when this began was on its way out: it says nothing about a start
            self._begin(service)
            self._wait(service, service.answers)
        initialised = self._initialise(service)
        self._wait(service, service.is_healthy)
        if fresh or initialised:
            self._report(f"{service.name} is up ({time.monotonic() - begun:.1f} s)")

    def _begin(self, service: Service) -> None:
        processes.end(self._settings.home, [service.name])
        ports.check_free(self._settings, service)
        service.prepare(self._settings)
        (folders.run(self._settings) / f"{service.name}.starts").unlink(missing_ok=True)
        self._control.start(service.name)

    def _wait(self, service: Service, is_met: Callable[[Settings], bool]) -> None:
        deadline = time.monotonic() + service.start_seconds
        starts: set[int] = set()
        while not (all(map(ports.is_listening, service.ports(self._settings))) and is_met(self._settings)):
            if self.interrupted.is_set():
                raise TransientError(f"Interrupted while {service.name} was starting.")
            said = self._control.process(service.name)
            starts.add(said["start"])
            if _has_failed(service, said) or len(starts) > MOST_STARTS:
                raise self._failure(service, said)
            if time.monotonic() > deadline:
                raise TransientError(
                    f"{service.name} runs, but does not serve after {service.start_seconds} s.\n{self._tail(service)}",
                    "It goes on starting: look again with `tillstream status`.",
                )
            self.interrupted.wait(POLL_SECONDS)

    def _failure(self, service: Service, said: Mapping[str, Any]) -> TerminalError:
        self._control.stop(service.name)
        processes.end(self._settings.home, [service.name])  # one that has just begun may not hear the supervisor
        ended = "ended" if _has_failed(service, said) else "ends again and again"
        return TerminalError(
            f"{service.name} did not start: its process {ended} (code {said['exitstatus']}).\n{self._tail(service)}"
        )

    def _tail(self, service: Service) -> str:
        path = folders.log(self._settings, service.name)
        lines = path.read_text(errors="replace").splitlines()[-LOG_LINES:] if path.exists() else []
        return "\n".join([f"The end of {path}:", *(f"  {line[:300]}" for line in lines)])

    def _initialise(self, service: Service) -> bool:
        stamp = folders.stamp(self._settings, service.name)
        digest = hashlib.sha256(service.initialised_by(self._settings).encode()).hexdigest()
        if stamp.exists() and stamp.read_text() == digest:
            return False
        service.initialise(self._settings)
        folders.write(stamp, digest)
        return True


def _has_failed(service: Service, said: Mapping[str, Any]) -> bool:
    """Whether the supervisor will not try again; after most deaths it does within a second."""
    if said["statename"] == "EXITED":
        return said["exitstatus"] in service.final_exits
    return said["statename"] in {"FATAL", "STOPPED"}

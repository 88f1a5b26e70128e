"""The embedded stack as a whole: up, down, restart."""

import shutil
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from stack import folders, ports, processes, secrets_folder, settings_file, supervisor
from stack.service import Service
from stack.services import embedded, named, whole
from stack.start import ALIVE, Start
from stack.supervisor import Control
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings

Report = Callable[[str], None]
POLL_SECONDS = 0.05


def silent(_line: str) -> None:
    """A report that nobody reads."""


def up(settings: Settings, report: Report = silent, services: Iterable[str] | None = None) -> Settings:
    """Starts what is not running yet; gives the settings with the ports that were chosen.

    `services` limits it to some, and those that they need. Idempotent: what is cut off goes on at the next call.
    Raises TerminalError or TransientError that says which service, why, and what to do.
    """
    every = embedded(settings)
    folders.prepare(settings, tuple(service.name for service in every))
    with folders.locked(settings, report):
        control = Control(settings)
        if not control.is_there():
            _end_remains(settings, report)
        said = control.processes()
        running = {name for name, process in said.items() if process["statename"] in ALIVE}
        settings = ports.settle(settings, running, report)
        secrets_folder.create_missing(settings, every)
        settings_file.write(settings)
        stopped = _supervise(settings, control, every, report)
        wanted = None if services is None else {*services, *stopped}
        _start_all(_with_needed(every, wanted), Start(settings, control, report))
    return settings


def down(settings: Settings, report: Report = silent) -> None:
    """Stops everything, the stream first; leaves no process and no socket."""
    if not settings.home.exists():
        return
    folders.check_owner(settings.home)
    with folders.locked(settings, report):
        control = Control(settings)
        said = control.processes()
        if said:
            _stop_all(control, [service for service in embedded(settings) if service.name in said], report)
            control.shut_down()
            _wait_for_supervisor(settings)
            processes.end(settings.home)  # children of a service that are still on their way out
        _end_remains(settings, report)
        folders.remove_sockets(settings)
        shutil.rmtree(folders.run(settings), ignore_errors=True)


def restart(settings: Settings, name: str, report: Report = silent) -> None:
    """Stops a service with its parts and starts it again. Raises TerminalError when the stack is not running."""
    services = whole(name)
    service = services[0]
    if service.external(settings):
        raise TerminalError(f"{name} is not part of this stack: it runs at {service.external(settings)}.")
    control = Control(settings)
    if not settings.home.exists() or not control.is_there():
        raise TerminalError("The stack is not running.", "`tillstream up` starts it.")
    with folders.locked(settings, report):
        _stop_all(control, list(services), report)
        _start_all(list(services), Start(settings, control, report))


def stop_service(settings: Settings, name: str, report: Report = silent) -> None:
    """Stops one service; the others go on. One that does not run stays as it is."""
    service = named(name)
    control = Control(settings)
    if settings.home.exists() and name in control.processes():
        with folders.locked(settings, report):
            _stop_all(control, [service], report)


def logs_paths(settings: Settings, name: str) -> list[Path]:
    """The logs of a service and its parts, each of which is there once its part was started."""
    return [folders.log(settings, service.name) for service in whole(name)]


def _with_needed(every: tuple[Service, ...], names: Iterable[str] | None) -> list[Service]:
    """The services of those names and what they come after, in order."""
    wanted = {part.name for name in names for part in whole(name)} if names is not None else {s.name for s in every}
    for service in reversed(every):
        if service.name in wanted:
            wanted.update(service.after)
    return [service for service in every if service.name in wanted]


def _end_remains(settings: Settings, report: Report) -> None:
    for process in processes.end(settings.home):
        report(f"ended what was left of {process.service} (process {process.pid})")


def _supervise(settings: Settings, control: Control, every: tuple[Service, ...], report: Report) -> set[str]:
    """Gives the supervisor, started if need be, today's configuration; names the services stopped for new settings."""
    supervisor.configure(settings, every)
    if not control.is_there():
        supervisor.start(settings)
        return set()
    stopped = set()
    for name in control.reload():
        if control.process(name)["statename"] in ALIVE:
            report(f"{name} has new settings")
            stopped.add(name)
        control.stop(name)
        _wait_until_stopped(control, named(name))
        control.replace(name)
    return stopped & {service.name for service in every}


def _start_all(services: list[Service], start: Start) -> None:
    """All at once, but each after those that it needs. Raises the first error once the others have come to an end."""
    begun: dict[str, Future[None]] = {}

    def run(service: Service) -> None:
        for name in service.after:
            if name in begun:
                begun[name].result()
        start.run(service)

    with ThreadPoolExecutor(max(len(services), 1)) as pool:
        try:
            for service in services:
                begun[service.name] = pool.submit(run, service)
            errors = [future.exception() for future in begun.values()]
        except BaseException:
            start.interrupted.set()
            raise
    for error in errors:
        if error is not None:
            raise error


def _stop_all(control: Control, services: list[Service], report: Report) -> None:
    """Each before those that it needs, the others at once."""
    remaining = list(services)
    while remaining:
        needed = {name for service in remaining for name in service.after}
        wave = [service for service in remaining if service.name not in needed]
        for service in wave:
            control.stop(service.name)
        for service in wave:
            _wait_until_stopped(control, service)
            report(f"{service.name} has stopped")
        remaining = [service for service in remaining if service.name in needed]


def _wait_until_stopped(control: Control, service: Service) -> None:
    """The supervisor ends it by force after its time; a little more is for that."""
    deadline = time.monotonic() + service.stop_seconds + 10
    while _is_to_run(control.process(service.name), service):
        if time.monotonic() > deadline:
            raise TransientError(f"{service.name} does not stop.", "Run the same command again.")
        control.stop(service.name)  # again: it may just have died, and not yet been started anew
        time.sleep(POLL_SECONDS)


def _is_to_run(said: Mapping[str, Any], service: Service) -> bool:
    """Whether a service runs, or will as soon as the supervisor starts what has died."""
    if said["statename"] == "EXITED":
        return said["exitstatus"] not in service.final_exits
    return said["statename"] in {*ALIVE, "BACKOFF", "STOPPING"}


def _wait_for_supervisor(settings: Settings) -> None:
    deadline = time.monotonic() + supervisor.STOP_SECONDS
    while processes.of_stack(settings.home, [supervisor.NAME]) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)

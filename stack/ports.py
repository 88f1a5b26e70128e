"""The ports of the embedded stack: chosen once, remembered, and checked before a service takes them."""

import dataclasses
import random
import socket
import time
from collections.abc import Callable, Container
from typing import Any

import psutil

from stack.service import Service
from tillstream.errors import TerminalError
from tillstream.settings import FILE_NAME, Settings, read_file, variable

LOOPBACK = "127.0.0.1"
DYING_SECONDS = 3.0
PORTS = ("kafka_port", "mongo_port", "mysql_port", "airflow_port", "superset_port")
DOUBLE = "kafka_port"  # takes the next port too, for the controller
# Below those that the kernel gives to outgoing connections: one of these might hold a port while its service is down.
CHOICE = range(20_000, 32_000)
DEFAULTS = {field.name: field.default for field in dataclasses.fields(Settings)}


def settle(settings: Settings, running: Container[str], report: Callable[[str], None]) -> Settings:
    """With automatic ports: those remembered, and free ones in the place of any that is new or has been taken."""
    if settings.ports != "auto":
        return settings
    remembered = read_file(settings.home / FILE_NAME)
    chosen: dict[str, Any] = {}
    for name in PORTS:
        port = getattr(settings, name)
        if port == DEFAULTS[name]:
            port = int(remembered.get(variable(name), 0))
        if port and name.removesuffix("_port") not in running and not all(map(_becomes_free, _numbers(name, port))):
            report(f"port {port} ({variable(name)}) has been taken by another program; choosing another")
            port = 0
        chosen[name] = port or _choose(name, set(chosen.values()))
    return dataclasses.replace(settings, **chosen)


def check_free(settings: Settings, service: Service) -> None:
    """Raises TerminalError naming the port that another program holds and the setting that moves the service."""
    for port, setting in service.ports(settings).items():
        if not _becomes_free(port):
            raise TerminalError(
                f"Port {port}, which {service.name} needs, is taken{_holder(port)}.",
                f"Stop that program, or set {setting} to a free port, or TILLSTREAM_PORTS=auto.",
            )


def is_free(port: int) -> bool:
    """Whether a server could listen on a port of the loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that are fading away do not count
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def is_listening(port: int) -> bool:
    """Whether somebody takes connections on a port of the loopback."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def _becomes_free(port: int) -> bool:
    """A process that was killed a moment ago may still hold its port."""
    deadline = time.monotonic() + DYING_SECONDS
    while not is_free(port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _numbers(name: str, port: int) -> tuple[int, ...]:
    return (port, port + 1) if name == DOUBLE else (port,)


def _choose(name: str, taken: set[int]) -> int:
    used = taken | {port + 1 for port in taken}
    while True:
        port = random.choice(CHOICE)  # noqa: S311 stacks that start together should differ, not be safe from guessing
        if used.isdisjoint(_numbers(name, port)) and all(map(is_free, _numbers(name, port))):
            return port


def _holder(port: int) -> str:
    try:
        connections = psutil.net_connections("tcp")
        pids = [each.pid for each in connections if each.laddr and each.laddr.port == port and each.status == "LISTEN"]
        return f" by process {pids[0]} ({psutil.Process(pids[0]).name()})" if pids and pids[0] else ""
    except psutil.Error:
        return ""

"""How the services of the embedded stack are."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from stack import ports, services
from stack.service import Service
from stack.supervisor import Control
from tillstream.settings import Settings

# The supervisor's states in plain words.
STATES = {
    "STARTING": "starting",
    "RUNNING": "running",
    "BACKOFF": "starting",
    "STOPPING": "stopping",
    "STOPPED": "stopped",
    "EXITED": "failed",
    "FATAL": "failed",
    "UNKNOWN": "failed",
}


class ServiceStatus(msgspec.Struct, frozen=True):
    """One service: `state` is of the process (or 'external'); `healthy` says whether the service does its work."""

    name: str
    state: str
    healthy: bool
    pid: int | None = None
    port: int | None = None
    uptime_seconds: int | None = None


def status(settings: Settings) -> list[ServiceStatus]:
    """Every service, in the order of `services.SERVICES`. Looks at all at once and takes a few seconds at most."""
    said = Control(settings).processes()
    with ThreadPoolExecutor(len(services.SERVICES)) as pool:
        return list(pool.map(lambda service: _status(settings, service, said.get(service.name)), services.SERVICES))


def _status(settings: Settings, service: Service, said: Mapping[str, Any] | None) -> ServiceStatus:
    if service.external(settings):
        return ServiceStatus(service.name, "external", service.is_healthy(settings))
    numbers = list(service.ports(settings))
    port = numbers[0] if numbers else None
    state = STATES[said["statename"]] if said else "stopped"
    if said is None or not said["pid"]:
        return ServiceStatus(service.name, state, healthy=False, port=port)
    healthy = all(map(ports.is_listening, numbers)) and service.is_healthy(settings)
    return ServiceStatus(service.name, state, healthy, said["pid"], port, max(0, said["now"] - said["start"]))

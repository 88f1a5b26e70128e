"""Servers that run elsewhere: what an embedded one gets from `up`, they get here, by the same code."""

import time
from collections.abc import Callable

from stack import folders
from stack.kafka import KAFKA
from stack.mongo import MONGO
from stack.mysql import MYSQL
from stack.postgres import POSTGRES
from stack.service import Service
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings, variable

SERVERS = (KAFKA, MONGO, MYSQL, POSTGRES)
POLL_SECONDS = 0.5


def prepare(settings: Settings, report: Callable[[str], None], patience: float) -> None:
    """Waits for each server that runs elsewhere, up to `patience` seconds in all, and makes what it lacks.

    Idempotent, and right after each upgrade. Raises TerminalError naming every missing password, TransientError when a
    server does not answer in time.
    """
    servers = [server for server in SERVERS if _address(settings, server)]
    if not servers:
        raise TerminalError(
            "No server is said to run elsewhere.",
            f"Set {' or '.join(variable(server.name) for server in SERVERS)}; `tillstream up` prepares its own.",
        )
    _check_secrets(settings, servers)
    deadline = time.monotonic() + patience
    for server in servers:
        _wait(settings, server, deadline)
        server.initialise(settings)
        report(f"{server.name} at {_address(settings, server)} is prepared")


def _address(settings: Settings, server: Service) -> str:
    """Where it runs, if the settings name it itself: the PostgreSQL of an Airflow elsewhere is no concern of ours."""
    return str(getattr(settings, server.name))


def _check_secrets(settings: Settings, servers: list[Service]) -> None:
    folder = folders.secrets(settings)
    wanted = [name for server in servers for name in server.external_secrets]
    missing = [name for name in wanted if not (folder / name).is_file() or not (folder / name).stat().st_size]
    if missing:
        raise TerminalError(
            f"Passwords are missing in {folder}: {', '.join(missing)}.",
            "Each is a file of that name; see docs/cookbook.md, 'Use servers of your own'.",
        )


def _wait(settings: Settings, server: Service, deadline: float) -> None:
    while not server.answers(settings):
        if time.monotonic() > deadline:
            raise TransientError(
                f"{server.name} at {_address(settings, server)} does not answer.",
                f"Start it, or correct {variable(server.name)}; then run the same command again.",
            )
        time.sleep(POLL_SECONDS)

"""The services of the embedded stack, in the order in which they are shown."""

from stack.airflow import AIRFLOW, DAGS, SCHEDULER
from stack.kafka import KAFKA
from stack.mongo import MONGO
from stack.mysql import MYSQL
from stack.postgres import POSTGRES
from stack.service import Service
from stack.stream import STREAM
from stack.superset import SUPERSET
from tillstream.errors import TerminalError
from tillstream.settings import Settings

SERVICES: tuple[Service, ...] = (KAFKA, MONGO, MYSQL, STREAM, POSTGRES, AIRFLOW, SCHEDULER, DAGS, SUPERSET)


def embedded(settings: Settings) -> tuple[Service, ...]:
    """Those that run on this machine."""
    return tuple(service for service in SERVICES if not service.external(settings))


def named(name: str) -> Service:
    """The service of a name. Raises TerminalError when there is none."""
    return whole(name)[0]


def whole(name: str) -> tuple[Service, ...]:
    """The service of a name and its parts. Raises TerminalError when there is none."""
    found = [service for service in SERVICES if service.name == name]
    if found:
        return (*found, *(service for service in SERVICES if service.part_of == name))
    raise TerminalError(f"There is no service '{name}'.", f"There are: {', '.join(each.name for each in SERVICES)}.")

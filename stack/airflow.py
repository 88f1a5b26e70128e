"""Airflow: the API server with its page, the scheduler whose workers run the tasks, and the reader of `dags/`."""

from collections.abc import Callable, Mapping

from stack import airflow_configuration, folders, programs
from stack.airflow_api import health
from stack.service import Launch, Service
from tillstream.settings import Settings, variable

NAME = "airflow"


def _launch(*arguments: str) -> Callable[[Settings], Launch]:
    def launch(settings: Settings) -> Launch:
        return Launch(
            command=(str(programs.airflow()), *arguments),
            directory=folders.of_service(settings, NAME),
            environment=airflow_configuration.environment(settings),
            files=airflow_configuration.files(settings),
        )

    return launch


def _is_healthy(part: str) -> Callable[[Settings], bool]:
    return lambda settings: health(settings).get(part) == "healthy"


def _ports(settings: Settings) -> Mapping[int, str]:
    return {settings.airflow_port: variable("airflow_port")}


def _external(settings: Settings) -> str:
    return settings.airflow


def _part(name: str, part: str, *arguments: str) -> Service:
    return Service(
        name=name,
        part_of=NAME,
        launch=_launch(*arguments),
        is_healthy=_is_healthy(part),
        answers=_is_healthy(part),
        external=_external,
        after=("postgres",),
        start_seconds=120,
        stop_seconds=20,
    )


AIRFLOW = Service(
    name=NAME,
    launch=_launch("api-server"),
    is_healthy=_is_healthy("metadatabase"),
    answers=_is_healthy("metadatabase"),
    external=_external,
    ports=_ports,
    secrets=airflow_configuration.SECRETS,
    after=("postgres",),
    start_seconds=120,
    stop_seconds=20,
)
# The workers write their logs where the API server reads them: no server for logs is wanted.
SCHEDULER = _part("airflow-scheduler", "scheduler", "scheduler", "--skip-serve-logs")
DAGS = _part("airflow-dags", "dag_processor", "dag-processor")

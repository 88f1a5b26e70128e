"""Superset: the dashboards' pages and the API behind them, one process with threads that wait for the database."""

from collections.abc import Mapping

from stack import folders, programs, superset_configuration
from stack.service import Launch, Service
from stack.superset_api import is_healthy
from stack.superset_check import check
from tillstream.settings import Settings, variable

NAME = "superset"
THREADS = 12  # a dashboard asks for all its charts at once
NICENESS = 10  # whoever looks on does not hold up the stream that counts


def _launch(settings: Settings) -> Launch:
    return Launch(
        command=(
            str(programs.superset("gunicorn")), "superset.app:create_app()",
            f"--bind={settings.listen}:{settings.superset_port}", "--worker-class=gthread", "--workers=1",
            f"--threads={THREADS}", "--timeout=120", "--graceful-timeout=10", "--no-control-socket",
            "--log-level=warning",
        ),
        directory=folders.of_service(settings, NAME),
        environment=superset_configuration.environment(settings),
        files=superset_configuration.files(settings),
        niceness=NICENESS,
    )  # fmt: skip


def _ports(settings: Settings) -> Mapping[int, str]:
    return {settings.superset_port: variable("superset_port")}


SUPERSET = Service(
    name=NAME,
    launch=_launch,
    is_healthy=is_healthy,
    answers=is_healthy,
    external=lambda settings: settings.superset,
    ports=_ports,
    secrets=superset_configuration.SECRETS,
    administrator=superset_configuration.DATABASE_SECRET,
    prepare=superset_configuration.prepare,
    initialise=check,
    initialised_by=superset_configuration.content,
    after=("postgres", "mysql"),
    start_seconds=120,
    stop_seconds=20,
)

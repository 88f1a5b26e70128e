"""The conversation with Airflow over its REST API (v2), the embedded one or one elsewhere."""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from stack.airflow_configuration import ADMIN, ADMIN_SECRET
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings

ANSWER_SECONDS = 60.0  # the first answers after a start take long
PROBE_SECONDS = 3.0
LATEST_RUNS = 10
ERRORS = {"error", "critical"}
Answer = TypeVar("Answer")


class Run(msgspec.Struct, frozen=True):
    """One run of a DAG. `state`: queued, running, success or failed; instants are ISO 8601."""

    dag_run_id: str
    state: str
    start_date: str | None = None
    end_date: str | None = None


class Task(msgspec.Struct, frozen=True):
    """One task of a run; `state` is empty before it is due."""

    task_id: str
    state: str | None = None
    duration: float | None = None
    try_number: int = 0


class _Runs(msgspec.Struct):
    dag_runs: list[Run]


class _Event(msgspec.Struct):
    source_run_id: str | None = None


class _Events(msgspec.Struct):
    asset_events: list[_Event]


class _Tasks(msgspec.Struct):
    task_instances: list[Task]


class _Token(msgspec.Struct):
    access_token: str


class _XCom(msgspec.Struct):
    value: Any = None


class _Log(msgspec.Struct):
    content: list[Any] = []


class Airflow:
    """One session. Every method raises TransientError when Airflow is away, TerminalError when it refuses."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._token = ""

    def trigger(self, dag_id: str, params: dict[str, Any]) -> Run:
        """Begins a run; gives it as it is then."""
        body = {"logical_date": None, "conf": params}
        return self._ask(Run, f"/api/v2/dags/{quote(dag_id)}/dagRuns", body)

    def run(self, dag_id: str, run_id: str) -> Run:
        """A run as it is now."""
        return self._ask(Run, _path(dag_id, run_id))

    def begun_by(self, dag_id: str, source_run_id: str) -> Run | None:
        """The youngest run of a DAG that began because another run published something; None if there is none yet."""
        query = urlencode({"order_by": "-run_after", "limit": LATEST_RUNS})
        for run in self._ask(_Runs, f"/api/v2/dags/{quote(dag_id)}/dagRuns?{query}").dag_runs:
            events = self._ask(_Events, f"{_path(dag_id, run.dag_run_id)}/upstreamAssetEvents").asset_events
            if source_run_id in {event.source_run_id for event in events}:
                return run
        return None

    def tasks(self, dag_id: str, run_id: str) -> list[Task]:
        """The tasks of a run as they are now, in no order that one should rely on."""
        return self._ask(_Tasks, f"{_path(dag_id, run_id)}/taskInstances").task_instances

    def said(self, dag_id: str, run_id: str, task_id: str, key: str) -> Any:
        """What a task left behind under a key; None if nothing."""
        query = urlencode({"stringify": "false"})
        path = f"{_path(dag_id, run_id)}/taskInstances/{quote(task_id)}/xcomEntries/{quote(key)}?{query}"
        try:
            return self._ask(_XCom, path).value
        except _NotFoundError:
            return None

    def errors(self, dag_id: str, run_id: str, task: Task) -> list[str]:
        """What went wrong, by the log of a task's last try; the last one last."""
        path = f"{_path(dag_id, run_id)}/taskInstances/{quote(task.task_id)}/logs/{task.try_number or 1}"
        try:
            content = self._ask(_Log, f"{path}?full_content=true").content
        except _NotFoundError:
            return []
        return [_error(entry) for entry in content if isinstance(entry, dict) and entry.get("level") in ERRORS]

    def _ask(self, kind: type[Answer], path: str, body: dict[str, Any] | None = None) -> Answer:
        if not self._token:
            credentials = {"username": ADMIN, "password": self._settings.secret(ADMIN_SECRET)}
            self._token = _answer(_Token, self._settings, "/auth/token", credentials).access_token
        return _answer(kind, self._settings, path, body, token=self._token)


class _NotFoundError(TerminalError):
    """What was asked for is not there."""


def health(settings: Settings) -> dict[str, str]:
    """The state of Airflow's parts ('metadatabase', 'scheduler', 'dag_processor') in its own words; none if away."""
    try:
        parts = _answer(dict[str, Any], settings, "/api/v2/monitor/health", seconds=PROBE_SECONDS)
    except (TransientError, TerminalError):
        return {}
    return {name: str(part.get("status")) for name, part in parts.items()}


def run_page(settings: Settings, dag_id: str, run_id: str) -> str:
    """The address of a run in Airflow's pages."""
    return f"{settings.airflow_url}/dags/{quote(dag_id)}/runs/{quote(run_id, safe='')}"


def _error(entry: dict[str, Any]) -> str:
    """A line of a log; of an exception the words of its cause."""
    causes = [cause for cause in entry.get("error_detail") or [] if isinstance(cause, dict)]
    return str(causes[-1].get("exc_value") if causes else entry.get("event"))


def _path(dag_id: str, run_id: str) -> str:
    return f"/api/v2/dags/{quote(dag_id)}/dagRuns/{quote(run_id, safe='')}"


def _answer(
    kind: type[Answer],
    settings: Settings,
    path: str,
    body: dict[str, Any] | None = None,
    *,
    token: str = "",
    seconds: float = ANSWER_SECONDS,
) -> Answer:
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(settings.airflow_url + path, data, headers)  # noqa: S310 checked in the settings
    try:
        with _opener(settings).open(request, timeout=seconds) as response:
            return msgspec.json.decode(response.read(), type=kind)
    except urllib.error.HTTPError as error:
        raise _failure(settings, error) from error
    except (OSError, http.client.HTTPException, msgspec.DecodeError) as error:
        raise TransientError(f"Airflow at {settings.airflow_url} does not answer: {error}.", _REMEDY) from error


_REMEDY = "`tillstream status` shows how it is; `tillstream up` starts it."


def _opener(settings: Settings) -> urllib.request.OpenerDirector:
    """The embedded one is on this machine, and no proxy leads there."""
    proxies = [] if settings.airflow else [urllib.request.ProxyHandler({})]
    return urllib.request.build_opener(*proxies)


def _failure(settings: Settings, error: urllib.error.HTTPError) -> TransientError | TerminalError:
    with error:
        text = error.read().decode(errors="replace")
    try:
        detail = json.loads(text)["detail"]
    except (ValueError, KeyError, TypeError):
        detail = text[:300]
    if error.code == http.client.NOT_FOUND:
        return _NotFoundError(f"Airflow has no such thing: {detail}")
    if error.code in {http.client.UNAUTHORIZED, http.client.FORBIDDEN}:
        return TerminalError(
            f"Airflow at {settings.airflow_url} refuses the user '{ADMIN}': {detail}",
            f"Its password is in the file '{ADMIN_SECRET}' of the folder of secrets.",
        )
    if error.code >= http.client.INTERNAL_SERVER_ERROR:
        return TransientError(f"Airflow at {settings.airflow_url} has trouble ({error.code}): {detail}", _REMEDY)
    return TerminalError(f"Airflow refused ({error.code}): {detail}")

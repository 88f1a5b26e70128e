"""What Airflow answers becomes a value or one of the two kinds of failure; nothing of it is a traceback."""

import io
import json
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from stack import airflow_api
from stack.airflow_api import Airflow, Run, Task, health
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings

TOKEN = json.dumps({"access_token": "t0ken"})


class Script:
    """Opens requests with prepared answers: a body, a status with a body, or an exception."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[urllib.request.Request] = []

    def open(self, request: urllib.request.Request, timeout: float) -> io.BytesIO:
        assert timeout > 0
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, tuple):
            status, text = answer
            raise urllib.error.HTTPError(request.full_url, status, "", Message(), io.BytesIO(text.encode()))
        return io.BytesIO(answer.encode())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "airflow_admin").write_text("hunter2")
    return Settings(secrets=tmp_path, airflow="http://airflow.test")


def scripted(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> Script:
    script = Script(*answers)
    monkeypatch.setattr(airflow_api, "_opener", lambda _settings: script)
    return script


def test_one_token_serves_a_session(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    run = json.dumps({"dag_run_id": "r/1", "state": "running", "conf": {}, "start_date": "2026-01-01T00:00:00Z"})
    tasks = json.dumps({"task_instances": [{"task_id": "a", "state": None, "duration": None, "try_number": 0}]})
    script = scripted(monkeypatch, TOKEN, run, tasks)
    airflow = Airflow(settings)

    assert airflow.run("d", "r/1") == Run("r/1", "running", "2026-01-01T00:00:00Z")
    assert airflow.tasks("d", "r/1") == [Task("a")]
    assert [request.full_url.removeprefix("http://airflow.test") for request in script.requests] == [
        "/auth/token", "/api/v2/dags/d/dagRuns/r%2F1", "/api/v2/dags/d/dagRuns/r%2F1/taskInstances",
    ]  # fmt: skip
    assert script.requests[0].data == b'{"username": "admin", "password": "hunter2"}'
    assert script.requests[2].get_header("Authorization") == "Bearer t0ken"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((401, '{"detail": "Invalid credentials"}'), TerminalError, "refuses the user 'admin': Invalid credentials"),
        ((404, '{"detail": "no DAG"}'), TerminalError, "no DAG"),
        ((400, '{"detail": "month is wrong"}'), TerminalError, r"refused \(400\): month is wrong"),
        ((503, "<html>busy</html>"), TransientError, r"trouble \(503\): <html>busy"),
        (ConnectionRefusedError("refused"), TransientError, "http://airflow.test does not answer: refused"),
        (TimeoutError("timed out"), TransientError, "does not answer: timed out"),
        ("<html>", TransientError, "does not answer"),
        ("{}", TransientError, "does not answer"),
    ],
)
def test_a_failure_says_whether_to_try_again(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, answer: Any, kind: type[Exception], words: str
) -> None:
    scripted(monkeypatch, TOKEN, answer)
    with pytest.raises(kind, match=words) as caught:
        Airflow(settings).run("d", "r")
    assert "hunter2" not in str(caught.value)


def test_what_a_task_did_not_leave_is_none(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    scripted(
        monkeypatch, TOKEN, '{"value": {"code": 1}}', (404, '{"detail": "no XCom"}'), (404, '{"detail": "no log"}')
    )
    airflow = Airflow(settings)

    assert airflow.said("d", "r", "t", "failure") == {"code": 1}
    assert airflow.said("d", "r", "t", "failure") is None
    assert airflow.errors("d", "r", Task("t")) == []


def test_errors_are_picked_out_of_a_log(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    content: list[Any] = [
        {"event": "::group::"},
        {"event": "fine", "level": "info"},
        {"event": "bad", "level": "error"},
        "text",
    ]
    content += [{"event": "Task failed", "level": "error", "error_detail": [{"exc_value": "it shrank"}]}]
    scripted(monkeypatch, TOKEN, json.dumps({"content": content}))

    assert Airflow(settings).errors("d", "r", Task("t", try_number=2)) == ["bad", "it shrank"]


def test_the_health_of_an_airflow_that_is_away_is_unknown(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    scripted(
        monkeypatch, ConnectionRefusedError(), '{"scheduler": {"status": "healthy"}, "triggerer": {"status": null}}'
    )

    assert health(settings) == {}
    assert health(settings) == {"scheduler": "healthy", "triggerer": "None"}


def test_the_run_that_another_began_is_found_by_what_it_consumed(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    runs = json.dumps({"dag_runs": [{"dag_run_id": name, "state": "running"} for name in ("r3", "r2")]})
    events = [json.dumps({"asset_events": [{"source_run_id": name}, {"source_run_id": None}]}) for name in ("n3", "n2")]
    script = scripted(monkeypatch, TOKEN, runs, *events, runs, *events)
    airflow = Airflow(settings)

    found = airflow.begun_by("d", "n2")
    assert found is not None
    assert found.dag_run_id == "r2"
    assert airflow.begun_by("d", "n9") is None
    assert script.requests[1].full_url.endswith("/api/v2/dags/d/dagRuns?order_by=-run_after&limit=10")
    assert script.requests[2].full_url.endswith("/api/v2/dags/d/dagRuns/r3/upstreamAssetEvents")

"""A night is followed to its end, and its verdict says what was published or why nothing was."""

from typing import Any

import pytest

from stack import nightly as nights
from stack.airflow_api import Run, Task
from stack.nightly import Verdict, nightly
from tillstream.errors import TransientError
from tillstream.settings import Settings

RUN = "manual__2026-01-01T00:00:00+00:00"


class StandIn:
    """Airflow as a script: one state of the run and its tasks per look; an exception is raised."""

    def __init__(
        self, *looks: Any, left: dict[tuple[str, str], Any] | None = None, errors: tuple[str, ...] = ()
    ) -> None:
        self.looks = list(looks)
        self.left = left or {}
        self.logged = list(errors)
        self.params: dict[str, Any] = {}
        self.now: tuple[str, list[Task]] = ("queued", [])

    def trigger(self, _dag: str, params: dict[str, Any]) -> Run:
        self.params = params
        return Run(RUN, "queued")

    def run(self, _dag: str, run_id: str) -> Run:
        look = self.looks.pop(0)
        if isinstance(look, Exception):
            raise look
        self.now = look
        return Run(run_id, look[0])

    def tasks(self, _dag: str, _run_id: str) -> list[Task]:
        return self.now[1]

    def said(self, _dag: str, _run_id: str, task_id: str, key: str) -> Any:
        return self.left.get((task_id, key))

    def errors(self, _dag: str, _run_id: str, _task: Task) -> list[str]:
        return self.logged


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nights, "POLL_SECONDS", 0)
    monkeypatch.setattr(nights, "health", lambda _settings: {"scheduler": "healthy"})


def followed(monkeypatch: pytest.MonkeyPatch, airflow: StandIn, **options: Any) -> tuple[Verdict, list[str]]:
    monkeypatch.setattr(nights, "Airflow", lambda _settings: airflow)
    lines: list[str] = []
    return nightly(Settings(airflow_port=1), lines.append, **options), lines


def test_a_published_night_is_told_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    cut, publish = Task("open_cut", "success", 1.25), Task("publish", "running")
    airflow = StandIn(
        ("queued", []),
        ("running", [Task("open_cut", "running"), Task("publish")]),
        ("running", [cut, publish]),
        ("success", [cut, Task("publish", "success", 2.0)]),
        left={("publish", "return_value"): "generation 3 is published"},
    )
    verdict, lines = followed(monkeypatch, airflow, full=True)

    assert airflow.params == {"full": True, "month": None}
    assert (verdict.outcome, verdict.exit_code, verdict.failed_task) == ("published", 0, None)
    assert verdict.message == "generation 3 is published"
    assert lines[1:] == [
        "waiting for its turn",
        "open_cut: running", "open_cut: done (1.2 s)",
        "publish: running", "publish: done (2.0 s)",
    ]  # fmt: skip
    assert (
        verdict.page
        == lines[0].partition(": ")[2]
        == "http://127.0.0.1:1/dags/nightly_truth/runs/" + RUN.replace(":", "%3A").replace("+", "%2B")
    )


FAILED = (
    "failed",
    [Task("open_cut", "success"), Task("check_slice", "failed", try_number=1), Task("publish", "upstream_failed")],
)


@pytest.mark.parametrize(("code", "exit_code"), [(1, 1), (2, 1), (-9, 1), (75, 75)])
def test_a_refused_night_gives_the_task_s_own_reason(
    monkeypatch: pytest.MonkeyPatch, code: int, exit_code: int
) -> None:
    left = {("check_slice", "failure"): {"code": code, "message": "a negative revenue"}}
    verdict, _ = followed(monkeypatch, StandIn(FAILED, left=left))

    assert (verdict.outcome, verdict.failed_task, verdict.exit_code) == ("refused", "check_slice", exit_code)
    assert verdict.message == "a negative revenue"
    assert verdict.tasks["publish"] == "upstream_failed"


def test_a_task_that_left_nothing_is_judged_by_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict, _ = followed(monkeypatch, StandIn(FAILED, errors=("one", "Process terminated by signal.")))
    assert verdict.message == "Process terminated by signal."

    verdict, _ = followed(monkeypatch, StandIn(FAILED))
    assert verdict.message == "Its process was killed, or took too long."


def test_a_run_that_was_ended_by_hand_has_no_failed_task(monkeypatch: pytest.MonkeyPatch) -> None:
    verdict, _ = followed(monkeypatch, StandIn(("failed", [Task("open_cut", "skipped")])))

    assert (verdict.outcome, verdict.failed_task, verdict.exit_code) == ("refused", None, 1)


def test_airflow_may_be_away_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    away = TransientError("Airflow does not answer")
    verdict, _ = followed(monkeypatch, StandIn(away, away, ("success", [])))
    assert verdict.outcome == "published"

    monkeypatch.setattr(nights, "AWAY_SECONDS", -1.0)
    with pytest.raises(TransientError):
        followed(monkeypatch, StandIn(away, ("success", [])))


def test_a_dead_scheduler_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nights, "health", lambda _settings: {"scheduler": "unhealthy"})
    monkeypatch.setattr(nights, "AWAY_SECONDS", -1.0)
    with pytest.raises(TransientError, match="scheduler does nothing"):
        followed(monkeypatch, StandIn(("queued", []), ("queued", [])))


def test_the_forecast_that_follows_a_night_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    airflow = StandIn(
        ("running", [Task("forecast", "running")]),
        ("success", [Task("publish_forecast", "success", 1.0)]),
        left={("publish_forecast", "return_value"): "Forecast 1 is published"},
    )
    begun = iter([None, None, Run("asset_triggered__1", "running")])
    asked: list[tuple[str, str]] = []

    def begun_by(dag: str, night: str) -> Run | None:
        asked.append((dag, night))
        return next(begun)

    airflow.begun_by = begun_by  # type: ignore[attr-defined]
    monkeypatch.setattr(nights, "Airflow", lambda _settings: airflow)
    verdict = nights.forecast_after(Settings(airflow_port=1), RUN, lambda _line: None)

    assert asked == [("demand_forecast", RUN)] * 3
    assert (verdict.run, verdict.outcome, verdict.message) == (
        "asset_triggered__1", "published", "Forecast 1 is published",
    )  # fmt: skip
    assert "/dags/demand_forecast/runs/asset_triggered__1" in verdict.page


def test_a_forecast_that_never_begins_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    airflow = StandIn()
    airflow.begun_by = lambda _dag, _night: None  # type: ignore[attr-defined]
    monkeypatch.setattr(nights, "Airflow", lambda _settings: airflow)
    monkeypatch.setattr(nights, "AWAY_SECONDS", -1.0)
    with pytest.raises(TransientError, match="No forecast has begun after"):
        nights.forecast_after(Settings(airflow_port=1), RUN, lambda _line: None)


def test_a_forecast_on_demand_may_have_an_earlier_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    airflow = StandIn(("success", [Task("publish_forecast", "success", 1.0)]))
    monkeypatch.setattr(nights, "Airflow", lambda _settings: airflow)
    verdict = nights.forecast(Settings(airflow_port=1), lambda _line: None, as_of="2026-01-01")

    assert airflow.params == {"as_of": "2026-01-01"}
    assert verdict.outcome == "published"

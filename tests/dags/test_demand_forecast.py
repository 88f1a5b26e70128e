"""The forecast follows the published truth, and its score follows the forecast."""

from copy import deepcopy
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
import tillstream_jobs
from airflow.sdk.exceptions import ParamValidationError

RUN = "asset_triggered__2026-05-01T00:00:00+00:00"


@pytest.fixture
def forecast(dags: dict[str, Any]) -> Any:
    return dags["demand_forecast"]


def begins_after(dag: Any) -> list[str]:
    return [asset.name for asset in dag.timetable.asset_condition.objects]


def rendered(dag: Any, **params: Any) -> dict[str, list[str]]:
    """The words of each task's command in a run without a logical date, as one begun by an Asset is."""
    tasks = [task.prepare_for_execution() for task in dag.topological_sort()]
    for task in tasks:
        task.render_template_fields({"run_id": RUN, "dag_run": SimpleNamespace(), "params": params})
    return {task.task_id: list(tillstream_jobs._words(task.command)) for task in tasks}


def test_each_begins_after_the_publication_of_what_it_reads(dags: dict[str, Any], forecast: Any) -> None:
    [night] = dags["nightly_truth"].get_task("publish").outlets
    [plan] = forecast.get_task("publish_forecast").outlets

    assert begins_after(forecast) == [night.name]
    assert begins_after(dags["forecast_score"]) == [plan.name]


def test_the_commands_are_those_of_the_contract(dags: dict[str, Any], forecast: Any) -> None:
    assert rendered(forecast, as_of=None) == {
        "forecast": ["python", "-m", "jobs.batch.forecast", "--run", RUN],
        "check_forecast": ["python", "-m", "expectations.gate", "forecast", "--run", RUN],
        "publish_forecast": ["python", "-m", "jobs.batch.publish_forecast", "--run", RUN],
    }
    assert rendered(dags["forecast_score"]) == {"score": ["python", "-m", "jobs.batch.score_forecasts"]}


def test_the_shop_s_clock_may_be_set_to_an_earlier_day(forecast: Any) -> None:
    assert rendered(forecast, as_of="2025-12-31")["forecast"][3] == "--as-of=2025-12-31"


def test_nothing_is_published_that_was_not_checked(forecast: Any) -> None:
    for before, after in pairwise(forecast.topological_sort()):
        assert after.upstream_task_ids == {before.task_id}
        assert after.trigger_rule == "all_success"


@pytest.mark.parametrize("day", ["2026-1-1", "2026", "20260101", "", "--run", "2026-01-01; ls"])
def test_a_day_is_a_day(forecast: Any, day: str) -> None:
    param = deepcopy(forecast.params.get_param("as_of"))  # it keeps what it resolved

    assert param.resolve("2026-01-01") == "2026-01-01"
    with pytest.raises(ParamValidationError):
        param.resolve(day)

"""The night begins after midnight of the shop's day, and its tasks call the commands that they promise."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pendulum
import pytest
import tillstream_jobs
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables.base import DataInterval, TimeRestriction

ZONE = "Asia/Yangon"
RUN = "manual__2026-05-01T00:00:00+00:00"


@pytest.fixture
def night(dags: dict[str, Any]) -> Any:
    return dags["nightly_truth"]


def interval(night: Any, last: DataInterval | None, earliest: Any) -> DataInterval:
    timetable = DagSerialization.from_dict(DagSerialization.to_dict(night)).timetable
    restriction = TimeRestriction(earliest=earliest, latest=None, catchup=True)
    info = timetable.next_dagrun_info(last_automated_data_interval=last, restriction=restriction)
    assert info is not None
    assert info.data_interval is not None
    assert info.run_after == info.data_interval.end
    return info.data_interval


def test_the_first_night_follows_the_first_day(night: Any) -> None:
    first = interval(night, None, night.start_date)

    assert first.start == pendulum.datetime(2026, 1, 1, 0, 10, tz=ZONE)
    assert first.end == pendulum.datetime(2026, 1, 2, 0, 10, tz=ZONE)


def test_a_night_covers_the_day_that_has_just_ended(night: Any) -> None:
    day = DataInterval(pendulum.datetime(2026, 2, 27, 0, 10, tz=ZONE), pendulum.datetime(2026, 2, 28, 0, 10, tz=ZONE))
    following = interval(night, day, night.start_date)

    assert following.start == pendulum.datetime(2026, 2, 27, 17, 40)  # UTC
    assert following.end.in_timezone(ZONE).format("YYYY-MM-DD HH:mm") == "2026-03-01 00:10"


def rendered(night: Any, run_type: str, start: Any, **params: Any) -> dict[str, list[str]]:
    """The words of each task's command, as its process would begin with them."""
    context = {
        "run_id": RUN,
        "dag_run": SimpleNamespace(run_type=run_type),
        "data_interval_start": start,
        "params": {"month": None, "full": False} | params,
    }
    tasks = [task.prepare_for_execution() for task in night.topological_sort()]
    for task in tasks:
        task.render_template_fields(context | night.user_defined_macros)
    return {task.task_id: list(tillstream_jobs._words(task.command)) for task in tasks}


MIDNIGHT = pendulum.datetime(2026, 4, 30, 17, 40)  # UTC: in the shop it is May already


def test_the_commands_are_those_of_the_contract(night: Any) -> None:
    assert rendered(night, "scheduled", MIDNIGHT) == {
        "open_cut": ["python", "-m", "jobs.batch.open_cut", "--run", RUN],
        "profile_slice": ["python", "-m", "jobs.batch.profile", "--run", RUN],
        "check_slice": ["python", "-m", "expectations.gate", "slice", "--run", RUN],
        "recount": ["python", "-m", "jobs.batch.recount", "--run", RUN],
        "check_candidate": ["python", "-m", "expectations.gate", "candidate", "--run", RUN],
        "reconcile": ["python", "-m", "jobs.batch.reconcile", "--run", RUN],
        "publish": ["python", "-m", "jobs.batch.publish", "--run", RUN],
    }
    assert [asset.name for asset in night.get_task("publish").outlets] == ["tillstream://truth"]


def test_each_task_waits_for_the_one_before_it(night: Any) -> None:
    order = list(rendered(night, "scheduled", MIDNIGHT))

    for before, after in pairwise(order):
        assert night.get_task(after).upstream_task_ids == {before}
        assert night.get_task(after).trigger_rule == "all_success"


@pytest.mark.parametrize(
    ("run_type", "params", "options"),
    [
        ("backfill", {}, ["--month=2026-05"]),
        ("backfill", {"month": "2025-11"}, ["--month=2025-11"]),
        ("manual", {"month": "2025-11"}, ["--month=2025-11"]),
        ("manual", {"full": True}, ["--full"]),
        ("manual", {}, []),
        ("asset_triggered", {}, []),
    ],
)
def test_the_month_is_of_the_shop_s_clock(
    night: Any, run_type: str, params: dict[str, Any], options: list[str]
) -> None:
    start = None if run_type == "asset_triggered" else MIDNIGHT
    assert rendered(night, run_type, start, **params)["open_cut"][3:-2] == options


@pytest.mark.parametrize("month", ["2026-13", "26-01", "2026-1", "2026-01-01", "2026-01; ls", "", "--full"])
def test_a_month_is_a_month(night: Any, month: str) -> None:
    param = night.params.get_param("month")

    assert param.resolve("2026-12") == "2026-12"
    with pytest.raises(ParamValidationError):
        param.resolve(month)

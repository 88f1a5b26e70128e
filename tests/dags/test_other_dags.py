"""The watch and the DAGs that somebody starts by hand."""

from types import SimpleNamespace
from typing import Any

import pytest
import tillstream_jobs


def words(dag: Any, task_id: str, params: dict[str, Any]) -> list[str]:
    task = dag.get_task(task_id).prepare_for_execution()
    task.render_template_fields({"params": params})
    return list(tillstream_jobs._words(task.command))


@pytest.mark.parametrize(
    ("params", "options"),
    [
        ({"ids": ["sales-0-17", "sales-2-4"], "reason": None}, ["sales-0-17", "sales-2-4"]),
        ({"ids": [], "reason": "bad_price"}, ["--reason", "bad_price"]),
        ({"ids": ["1", "2e3"], "reason": None}, ["1", "2e3"]),
        ({"ids": [], "reason": None}, []),
    ],
)
def test_rejects_are_replayed_by_id_or_by_reason(
    dags: dict[str, Any], params: dict[str, Any], options: list[str]
) -> None:
    assert words(dags["replay_rejects"], "replay", params) == ["tillstream", "rejects", "replay", *options]


@pytest.mark.parametrize(
    ("left", "needed"),
    [
        ({"return_value": "RESTART"}, True),
        ({"return_value": "all is well"}, False),
        ({"failure": {"said": "RESTART"}}, True),
        ({"failure": {"said": "no RESTART"}}, False),
        ({}, False),  # its process was killed
    ],
)
def test_the_stream_is_restarted_when_its_watch_says_so(
    dags: dict[str, Any], left: dict[str, Any], needed: bool
) -> None:
    task = dags["stream_watch"].get_task("restart_stream").prepare_for_execution()

    def xcom_pull(task_ids: str, key: str = "return_value") -> Any:
        assert task_ids == "watch"
        return left.get(key)

    task.render_template_fields({"ti": SimpleNamespace(xcom_pull=xcom_pull)})

    assert task.upstream_task_ids == {"watch"}
    assert task.is_teardown
    assert task.on_failure_fail_dagrun
    assert (task.when == "True") == needed


def test_the_watch_looks_every_five_minutes(dags: dict[str, Any]) -> None:
    assert dags["stream_watch"].timetable.expression == "*/5 * * * *"
    assert [dags[name].timetable.__class__.__name__ for name in ("rebuild_live", "rebuild_raw")] == [
        "NullTimetable"
    ] * 2


def test_the_stream_is_away_while_the_raw_record_is_made_anew(dags: dict[str, Any]) -> None:
    dag = dags["rebuild_raw"]

    assert words(dag, "stop_stream", {}) == ["tillstream", "stop", "stream"]
    assert words(dag, "rebuild", {}) == ["python", "-m", "jobs.batch.rebuild_raw"]
    assert words(dag, "restart_stream", {}) == ["tillstream", "restart", "stream"]
    assert dag.get_task("rebuild").upstream_task_ids == {"stop_stream"}
    assert dag.get_task("restart_stream").upstream_task_ids == {"rebuild"}
    # While something is still missing, a stream could count an old event twice: it stays away.
    assert dag.get_task("restart_stream").trigger_rule == "all_success"

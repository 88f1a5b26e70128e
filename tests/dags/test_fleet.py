"""Rules that every DAG keeps. The fixture first asserts that all of them were seen."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from docs import dags_page
from tests.dags.conftest import NAMES

FILES = sorted((dags_page.CHECKOUT / "dags").glob("*.py"))
HEAVY = {"tillstream", "jobs", "stack", "reports", "expectations", "pyspark", "pandas", "numpy", "pymongo", "pymysql"}


def test_a_file_is_a_dag_of_its_name(dags: dict[str, Any]) -> None:
    assert tuple(file.stem for file in FILES) == NAMES
    assert {dag.dag_id: Path(dag.fileloc).name for dag in dags.values()} == {name: f"{name}.py" for name in NAMES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dag_is_a_table_of_contents(file: Path) -> None:
    text = file.read_text()
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert len(text.splitlines()) <= 60
    assert imported <= {"airflow", "tillstream_jobs", *sys.stdlib_module_names}


def test_reading_the_dags_imports_nothing_of_the_product() -> None:
    script = f"import sys; from docs import dags_page; print(len(dags_page.load().dags), {HEAVY!r} & set(sys.modules))"
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=dags_page.CHECKOUT, capture_output=True, text=True, check=True
    )
    assert told.stdout.split("\n")[-2] == f"{len(NAMES)} set()"


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_explains_itself_and_has_an_owner(dags: dict[str, Any], name: str) -> None:
    dag = dags[name]
    assert dag.doc_md == ast.get_docstring(ast.parse(Path(dag.fileloc).read_text()), clean=False)
    assert dag.doc_md.startswith("# ")
    assert len(dag.doc_md.splitlines()) > 3
    assert dag.tags
    assert dag.owner == "tillstream"


@pytest.mark.parametrize("name", NAMES)
def test_a_dag_runs_once_at_a_time_and_not_for_ever(dags: dict[str, Any], name: str) -> None:
    dag = dags[name]
    assert (dag.catchup, dag.max_active_runs) == (False, 1)
    assert dag.start_date.isoformat() == "2025-12-31T17:30:00+00:00"  # midnight in the shop, on its first day
    assert dag.dagrun_timeout > max(task.execution_timeout for task in dag.tasks)
    for task in dag.tasks:
        assert task.max_active_tis_per_dag == 1


@pytest.mark.parametrize("name", NAMES)
def test_params_have_a_type_a_meaning_and_a_default_that_fits(dags: dict[str, Any], name: str) -> None:
    params = dags[name].params
    assert bool(params) == (name in {"demand_forecast", "nightly_truth", "replay_rejects"})
    for key in params:
        assert params.get_param(key).schema["type"]
        assert params.get_param(key).description
    params.validate()


@pytest.mark.parametrize("name", NAMES)
def test_a_task_is_a_command_that_may_be_run_again(dags: dict[str, Any], name: str) -> None:
    for task in dags[name].tasks:
        assert type(task).__name__ == "JobOperator"
        assert task.command[0] in {"python", "tillstream"}
        assert all(" " not in word or word.startswith("{{") for word in task.command)
        assert task.execution_timeout
        assert 0 < task.retries <= 2
        assert task.retry_delay.total_seconds() >= 30
        assert len(task.on_failure_callback) == 1


def test_the_page_is_up_to_date(dags: dict[str, Any]) -> None:
    assert dags_page.PAGE.read_text(encoding="utf-8") == dags_page.page(dags), "run `make docs`"


def test_a_module_that_is_run_exists(dags: dict[str, Any]) -> None:
    modules = {task.command[2] for dag in dags.values() for task in dag.tasks if task.command[:2] == ["python", "-m"]}
    missing = [name for name in modules if not (dags_page.CHECKOUT / (name.replace(".", "/") + ".py")).exists()]
    assert modules
    assert missing == []

"""Writes `docs/dags.md` from the DAGs themselves; runs in Airflow's environment, as `make docs` does.

Loads them as Airflow's own reader does, with a configuration that has no database and nothing of this machine.
"""

import atexit
import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag

CHECKOUT = Path(__file__).resolve().parents[1]
PAGE = CHECKOUT / "docs" / "dags.md"
SHOP_ZONE, FIRST_DAY = "Asia/Yangon", "2026-01-01"
INTRODUCTION = """\
# DAGs

Written by `make docs` from `dags/`: change those, not this page. Times of day are on the shop's clock.

Each task runs one command of the product (`plugins/tillstream_jobs.py`). Every task may be cleared, killed and run
again. One run of a DAG at a time; missed times are not caught up, except that the last night runs when the machine
comes back. A task is tried again only when its command failed for now (exit code 75) or was killed.
"""


def load() -> "DagBag":
    """Every DAG of the checkout, and the errors of those that cannot be read."""
    home = tempfile.mkdtemp(prefix="tillstream-dags-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    os.environ |= {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__DAGS_FOLDER": str(CHECKOUT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(CHECKOUT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
        "TILLSTREAM_TIMEZONE": SHOP_ZONE,
        "TILLSTREAM_FIRST_DAY": FIRST_DAY,
    }
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 it reads the environment when it is imported

    return DagBag()


def page(dags: dict[str, Any]) -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(_section(dags[name]) for name in sorted(dags))])


def _section(dag: Any) -> str:
    title, _, text = dag.doc_md.removeprefix("# ").partition("\n")
    facts = [
        f"`{dag.dag_id}`: {_begins(dag.timetable)}, "
        f"ends after {_duration(dag.dagrun_timeout)} at the latest, tags {', '.join(sorted(dag.tags))}.",
    ]
    lines = [f"## {title}\n", text.strip() + "\n", " ".join(facts) + "\n"]
    if dag.params:
        lines += ["| param | type | default | meaning |", "|---|---|---|---|"]
        lines += [_param(name, dag.params.get_param(name)) for name in dag.params] + [""]
    lines += ["| task | command | tries | time-out of each |", "|---|---|---|---|"]
    return "\n".join([*lines, *(_task(task) for task in dag.topological_sort()), ""])


def _begins(timetable: Any) -> str:
    if expression := getattr(timetable, "expression", None):
        return f"`{expression}`"
    if condition := getattr(timetable, "asset_condition", None):
        return "after `" + "`, `".join(asset.name for asset in condition.objects) + "`, or by hand"
    return "by hand"


def _param(name: str, param: Any) -> str:
    schema = param.schema
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    kind = " or ".join(each for each in types if each != "null")
    pattern = schema.get("pattern", "").replace("|", "\\|")
    described = f"{kind} `{pattern}`" if pattern else kind
    return f"| `{name}` | {described} | `{param.value}` | {param.description} |"


def _task(task: Any) -> str:
    words = " ".join(str(word) for word in task.command).replace("|", "\\|")
    return f"| `{task.task_id}` | `{words}` | {task.retries + 1} | {_duration(task.execution_timeout)} |"


def _duration(duration: timedelta) -> str:
    minutes = int(duration.total_seconds() // 60)
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


if __name__ == "__main__":
    PAGE.write_text(page(load().dags), encoding="utf-8")
    print(PAGE.relative_to(CHECKOUT))

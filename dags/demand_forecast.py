"""# The demand forecast

Says what each product should sell in the month in progress and the six after it, and what to order, whenever a night
has published its truth. Begun by hand, it does the same; with `as_of` it does so as if the shop's clock stood on an
earlier day, and knows nothing of what came later.

| task | does |
|---|---|
| `forecast` | reads the published truth, tests the forecast on earlier months, fits it, and plans: a candidate |
| `check_forecast` | checks the candidate |
| `publish_forecast` | puts forecast and plan in the place of the last ones, in one transaction |

A red task publishes nothing: readers go on seeing the last forecast and its plan, and the task says why. Any task may
be cleared and run again.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, Param, chain
from tillstream_jobs import DEFAULTS, FIRST_NIGHT, JobOperator, tell

AS_OF = Param(None, type=["null", "string"], pattern=r"^\d{4}-\d{2}-\d{2}$", description="the shop's day: YYYY-MM-DD")


def job(name: str, *words: str, minutes: int = 20, **more: Any) -> JobOperator:
    """A step of the forecast, which does all its work under the name of the run."""
    command, limit = ["python", "-m", *words, "--run", "{{ run_id }}"], timedelta(minutes=minutes)
    return JobOperator(task_id=name, command=command, execution_timeout=limit, **more)


with DAG("demand_forecast", schedule=[Asset("tillstream://truth")], start_date=FIRST_NIGHT, catchup=False,
         max_active_runs=1, doc_md=__doc__, dagrun_timeout=timedelta(hours=3), tags=["forecast"],
         params={"as_of": AS_OF},
         default_args=DEFAULTS | {"on_failure_callback": tell("A forecast was not published")}):  # fmt: skip
    chain(
        job("forecast", "jobs.batch.forecast", "{{ '--as-of=' ~ params.as_of if params.as_of else '' }}", minutes=60),
        job("check_forecast", "expectations.gate", "forecast"),
        job("publish_forecast", "jobs.batch.publish_forecast", outlets=[Asset("tillstream://forecast")]),
    )

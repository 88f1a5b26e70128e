"""# What became of forecasts

Scores what was issued, once its months are over: whenever a forecast is published, it looks which months of earlier
ones ended meanwhile. What was issued is never changed; the views `demand_forecast` (`actual`) and `forecast_accuracy`
show the scores.

| task | does |
|---|---|
| `score` | writes what was really asked for beside what was expected |
"""

from datetime import timedelta

from airflow.sdk import DAG, Asset
from tillstream_jobs import DEFAULTS, FIRST_NIGHT, JobOperator, tell

with DAG(
    "forecast_score",
    schedule=[Asset("tillstream://forecast")],
    start_date=FIRST_NIGHT,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    doc_md=__doc__,
    tags=["forecast"],
    default_args=DEFAULTS | {"execution_timeout": timedelta(minutes=15)},
):
    JobOperator(
        task_id="score",
        command=["python", "-m", "jobs.batch.score_forecasts"],
        on_failure_callback=tell("Forecasts were not scored", once_in=24 * 60),
    )

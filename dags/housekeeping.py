"""# Housekeeping

Forgets what Airflow remembers of runs that are older than 60 days, with their logs; the last run
of a DAG's schedule stays. The shop's own record of its nights is in its database and is not touched. A repetition is
harmless.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronDataIntervalTimetable
from tillstream_jobs import DEFAULTS, FIRST_NIGHT, SHOP_ZONE, JobOperator, tell

with DAG(
    "housekeeping",
    schedule=CronDataIntervalTimetable("30 4 * * *", timezone=SHOP_ZONE),
    start_date=FIRST_NIGHT,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=1),
    doc_md=__doc__,
    tags=["upkeep"],
    default_args=DEFAULTS | {"execution_timeout": timedelta(minutes=15)},
):
    JobOperator(
        task_id="forget",
        command=["python", "-m", "stack.airflow_history"],
        on_failure_callback=tell("Airflow's history was not cleaned", once_in=24 * 60),
    )

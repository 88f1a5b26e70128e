"""# The raw record anew

Reads Kafka from its first record on and stores in the raw record whatever is missing there, judged as the stream judges
it. What is there stays as it is, so a repetition is harmless. Records that Kafka keeps no longer cannot come back.
"""

from datetime import timedelta

from airflow.sdk import DAG
from tillstream_jobs import DEFAULTS, FIRST_NIGHT, JobOperator, tell

with DAG(
    "rebuild_raw",
    schedule=None,
    start_date=FIRST_NIGHT,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=9),
    doc_md=__doc__,
    tags=["repair", "by hand"],
    default_args=DEFAULTS | {"execution_timeout": timedelta(hours=8)},
):
    JobOperator(
        task_id="rebuild",
        command=["python", "-m", "jobs.batch.rebuild_raw"],
        on_failure_callback=tell("The raw record was not rebuilt"),
    )

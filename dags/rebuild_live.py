"""# Live figures anew

Counts the live figures anew from the raw record, for every record since the last publication, and puts them in the
place of the old ones in one transaction. Readers see the old figures or the new ones. The stream goes on meanwhile.
A repetition gives the same figures.
"""

from datetime import timedelta

from airflow.sdk import DAG
from tillstream_jobs import DEFAULTS, FIRST_NIGHT, JobOperator, tell

with DAG(
    "rebuild_live",
    schedule=None,
    start_date=FIRST_NIGHT,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=5),
    doc_md=__doc__,
    tags=["repair", "by hand"],
    default_args=DEFAULTS | {"execution_timeout": timedelta(hours=4)},
):
    JobOperator(
        task_id="rebuild",
        command=["python", "-m", "jobs.batch.rebuild_live"],
        on_failure_callback=tell("Live figures were not rebuilt"),
    )

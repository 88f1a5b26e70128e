"""# The raw record anew

Reads Kafka from its first record on and stores in the raw record whatever is missing there, judged as the stream judges
it. What is there stays as it is, so a repetition is harmless. Records that Kafka keeps no longer cannot come back.

| task | does |
|---|---|
| `stop_stream` | stops the stream: an old event sent again would count twice while its first copy is missing |
| `rebuild` | writes again what is missing, and makes sure that nothing is |
| `restart_stream` | starts the stream, if the raw record is whole; else it stays away, and somebody is told |
"""

from datetime import timedelta

from airflow.sdk import DAG, chain
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
    default_args=DEFAULTS
    | {
        "execution_timeout": timedelta(hours=8),
        "on_failure_callback": tell("The raw record was not made anew, and the stream may be stopped"),
    },
):
    chain(
        JobOperator(task_id="stop_stream", command=["tillstream", "stop", "stream"]),
        JobOperator(task_id="rebuild", command=["python", "-m", "jobs.batch.rebuild_raw"]),
        JobOperator(task_id="restart_stream", command=["tillstream", "restart", "stream"]),
    )

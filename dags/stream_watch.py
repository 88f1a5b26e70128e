"""# The stream's watch

Looks at the stream every five minutes: its heartbeat, how far it is behind, the share of records that it rejects, and
whether the raw record holds as many records as Kafka's offsets say.

| task | does |
|---|---|
| `watch` | looks; fails and notifies when something needs a person |
| `restart_stream` | runs when the last word of `watch` is `RESTART`: starts the stream anew, and notifies |

A run in which something was wrong is red, also when the stream was started anew.
"""

from datetime import timedelta

from airflow.sdk import DAG, CronDataIntervalTimetable
from tillstream_jobs import DEFAULTS, FIRST_NIGHT, SHOP_ZONE, JobOperator, tell

LAST_WORD = "ti.xcom_pull(task_ids='watch') or (ti.xcom_pull(task_ids='watch', key='failure') or {}).get('said')"

with DAG(
    "stream_watch",
    schedule=CronDataIntervalTimetable("*/5 * * * *", timezone=SHOP_ZONE),
    start_date=FIRST_NIGHT,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=15),
    doc_md=__doc__,
    tags=["stream"],
    default_args=DEFAULTS | {"retries": 1, "execution_timeout": timedelta(minutes=4)},
):
    watch = JobOperator(
        task_id="watch",
        command=["python", "-m", "jobs.batch.watch_stream"],
        on_failure_callback=tell("The stream needs somebody", once_in=120),
    )
    restart_stream = JobOperator(
        task_id="restart_stream",
        command=["tillstream", "restart", "stream"],
        when="{{ (" + LAST_WORD + ") == 'RESTART' }}",
        on_success_callback=tell("The stream hung and was started anew"),
        on_failure_callback=tell("The stream hangs and does not start", once_in=120),
    )
    watch >> restart_stream.as_teardown(on_failure_fail_dagrun=True)  # runs also after a failure, and hides none

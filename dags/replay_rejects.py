"""# Replay of rejects

Sends records out of the quarantine again, as they are: those of the `ids`, or all of one `reason` that were not
replayed yet. One that still breaks the contract stays, and the task says why. A repetition is harmless: what was
counted never counts again. To repair a record first, use `tillstream rejects replay ID --with FILE`.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param
from tillstream_jobs import DEFAULTS, FIRST_NIGHT, JobOperator, tell

with DAG(
    "replay_rejects",
    schedule=None,
    start_date=FIRST_NIGHT,
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=2),
    doc_md=__doc__,
    tags=["stream", "by hand"],
    render_template_as_native_obj=True,  # a list of ids stays one
    params={
        "ids": Param([], type="array", items={"type": "string", "pattern": r"^\w[\w.:-]*$"}, description="their ids"),
        "reason": Param(None, type=["null", "string"], pattern="^[a-z_]+$", description="or all of this reason"),
    },
    default_args=DEFAULTS | {"execution_timeout": timedelta(hours=1)},
):
    JobOperator(
        task_id="replay",
        command=[
            *["tillstream", "rejects", "replay"],
            *["{{ params.ids }}", "{{ ['--reason', params.reason] if params.reason else [] }}"],
        ],
        on_failure_callback=tell("Rejects were not replayed"),
    )

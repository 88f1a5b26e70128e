"""# The nightly truth

Recounts the shop's figures from the raw record and publishes what it has proved, after midnight of the shop's day.

| task | does |
|---|---|
| `open_cut` | fixes up to which record this night counts; live figures go on behind it |
| `profile_slice` | finds the months that the records since the last publication touch |
| `check_slice` | checks those records: the first half of the gate |
| `recount` | adds up every touched month anew, as a candidate that no reader sees |
| `check_candidate` | checks the candidate: the second half of the gate |
| `reconcile` | explains each difference between live figures and the candidate |
| `publish` | puts the candidate in the place of live figures, in one transaction |

A red task publishes nothing: yesterday's truth stays, and the task says why. Any task may be cleared and run again.
`full` recounts every month. `month` recounts that one only; each run of a backfill does so with the month of its day.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, Param, chain
from tillstream_jobs import DEFAULTS, FIRST_NIGHT, SHOP_ZONE, JobOperator, tell

MONTH = Param(None, type=["null", "string"], pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="only this one: YYYY-MM")
FULL = Param(False, type="boolean", description="every month")


def month_option(dag_run: Any, data_interval_start: Any, params: Any) -> str:
    """Of the first command: the month to recount, or nothing for those that were touched."""
    by_day = data_interval_start.in_timezone(SHOP_ZONE).format("YYYY-MM") if dag_run.run_type == "backfill" else ""
    return f"--month={month}" if (month := params["month"] or by_day) else ""


def job(name: str, *words: str, minutes: int = 30, **more: Any) -> JobOperator:
    """A step of the night, which does all its work under the name of the run."""
    command, limit = ["python", "-m", *words, "--run", "{{ run_id }}"], timedelta(minutes=minutes)
    return JobOperator(task_id=name, command=command, execution_timeout=limit, **more)


schedule = CronDataIntervalTimetable("10 0 * * *", timezone=SHOP_ZONE)
with DAG("nightly_truth", schedule=schedule, start_date=FIRST_NIGHT, catchup=False, max_active_runs=1, doc_md=__doc__,
         dagrun_timeout=timedelta(hours=8), tags=["truth"], params={"month": MONTH, "full": FULL},
         user_defined_macros={"month_option": month_option},
         default_args=DEFAULTS | {"on_failure_callback": tell("A night was not published")}):  # fmt: skip
    month = "{{ month_option(dag_run, data_interval_start, params) }}"
    full = "{{ '--full' if params.full else '' }}"
    chain(
        job("open_cut", "jobs.batch.open_cut", month, full),
        job("profile_slice", "jobs.batch.profile"),
        job("check_slice", "expectations.gate", "slice"),
        job("recount", "jobs.batch.recount", minutes=240),
        job("check_candidate", "expectations.gate", "candidate"),
        job("reconcile", "jobs.batch.reconcile"),
        job("publish", "jobs.batch.publish", outlets=[Asset("tillstream://truth")]),
    )

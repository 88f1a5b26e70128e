"""What the embedded Airflow remembers of its runs, which would grow for ever: `python -m stack.airflow_history`."""

import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from stack import airflow_configuration, folders, programs
from tillstream.errors import TillstreamError, TransientError, told
from tillstream.settings import Settings, load

KEPT = timedelta(days=60)
CLEAN_SECONDS = 600
# Of a run Airflow removes what belongs to it; of a DAG's scheduled runs the last one stays.
TABLES = ("dag_run", "task_instance_history", "log", "job", "callback", "asset_event", "import_error")


def forget(settings: Settings, kept: timedelta = KEPT) -> int:
    """Removes the runs that began longer ago, and logs last written longer ago; gives the number of folders of logs.

    Raises TransientError when Airflow's database cannot be cleaned now.
    """
    before = datetime.now(UTC) - kept
    command = [str(programs.airflow()), "db", "clean", "--yes", "--skip-archive", "--error-on-cleanup-failure"]
    command += [f"--tables={','.join(TABLES)}", f"--clean-before-timestamp={before.isoformat()}"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=CLEAN_SECONDS, check=False,
        env=airflow_configuration.command_environment(settings),
    )  # fmt: skip
    if done.returncode:
        output = "\n".join((done.stdout + done.stderr).splitlines()[-5:])
        raise TransientError(f"Airflow's database could not be cleaned:\n{output}")
    return _remove_logs(settings, time.time() - kept.total_seconds())


def _remove_logs(settings: Settings, before: float) -> int:
    logs = folders.of_service(settings, "airflow") / "logs"
    old = [
        folder
        for pattern in ("dag_id=*/run_id=*", "dag_processor/*-*-*")
        for folder in logs.glob(pattern)
        if folder.lstat().st_mtime < before and not folder.is_symlink()
    ]
    for folder in old:
        shutil.rmtree(folder)
    return len(old)


def main() -> int:
    """Gives the exit code, as the command `tillstream` would."""
    settings = load()
    if settings.airflow:
        print("Airflow runs elsewhere: its history is not ours.")
        return 0
    try:
        print(f"{forget(settings)} runs older than {KEPT.days} days are forgotten.")
    except TillstreamError as error:
        return told(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The speed layer: the Spark application that counts every event within seconds."""

import shutil
import sys
from pathlib import Path

from stack import folders, programs
from stack.service import Launch, Service
from tillstream.errors import TillstreamError
from tillstream.settings import CHECKOUT, Settings
from tillstream.stores import mysql

HEARTBEAT_SECONDS = 10


def _scratch(settings: Settings) -> Path:
    return folders.of_service(settings, "stream") / "tmp"


def _launch(settings: Settings) -> Launch:
    scratch = str(_scratch(settings))
    environment = {
        "JAVA_HOME": str(programs.java_home()),
        "PYSPARK_PYTHON": sys.executable,
        # What a killed JVM leaves in its temp folder is removed at the next start.
        "SPARK_LOCAL_DIRS": scratch,
        "SPARK_SUBMIT_OPTS": f"{_quoted(f'-Djava.io.tmpdir={scratch}')} -XX:-UsePerfData",
        "TMPDIR": scratch,
    }
    return Launch((sys.executable, "-m", "jobs.streaming.main"), CHECKOUT, environment)


def _quoted(option: str) -> str:
    """As Spark's launcher takes options apart."""
    escaped = option.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _prepare(settings: Settings) -> None:
    shutil.rmtree(_scratch(settings), ignore_errors=True)  # what a stream that was killed has left
    folders.make_private(_scratch(settings))


def _is_healthy(settings: Settings) -> bool:
    try:
        connection = mysql.connect(settings, "stream")
    except TillstreamError:
        return False
    try:
        with mysql.transaction(connection) as cursor:
            beats = mysql.rows(
                cursor,
                "SELECT 1 FROM heartbeat WHERE layer = 'live' AND state = 'running' "
                "AND beat_at > UTC_TIMESTAMP(3) - INTERVAL %s SECOND",
                (HEARTBEAT_SECONDS,),
            )
        return bool(beats)
    except TillstreamError:
        return False
    finally:
        connection.close()


STREAM = Service(
    name="stream",
    launch=_launch,
    is_healthy=_is_healthy,
    answers=_is_healthy,
    prepare=_prepare,
    after=("kafka", "mongo", "mysql"),
    start_seconds=120,
    stop_seconds=60,
    final_exits=(0, 1),
)

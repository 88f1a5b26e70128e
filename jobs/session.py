"""The Spark sessions of the jobs."""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.failures import spark_failures
from tillstream.errors import TerminalError
from tillstream.settings import CHECKOUT, Settings

JARS = CHECKOUT / ".build" / "jars" / "spark"
CLASSES = CHECKOUT / ".build" / "spark-classes.jsa"  # see `jobs.class_archive`; without it a JVM only starts later
FILE_MANAGER = "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
SHORT_JOB = 3_000_000  # events
SCRATCH = "scratch"  # folder in the home: what a batch job spills, by process id


def spark_session(settings: Settings, name: str) -> SparkSession:
    """The stream's session.

    Raises TerminalError when the jars that read Kafka are missing, TransientError when Spark does not start.
    """
    options = {
        "spark.jars": _kafka_jars(),
        "spark.driver.memory": settings.spark_memory,
        "spark.executor.memory": settings.spark_memory,
        "spark.driver.extraJavaOptions": java_options(),
        "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
        # A micro-batch's figures are a few hundred rows: one or two reducers, and nothing to adapt.
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false",
        # Spark's usual one starts several processes for each file of the checkpoint: a sixth of a small batch's time.
        "spark.sql.streaming.checkpointFileManagerClass": FILE_MANAGER,
    }
    with spark_failures():
        return _started(settings.spark_master, settings.spark_address, name, options)


@contextmanager
def batch_session(settings: Settings, name: str, events: int, *, reads_kafka: bool = False) -> Iterator[SparkSession]:
    """A session for a batch job over so many raw events, stopped afterwards.

    Raises what Spark's failures mean: TransientError, or the TerminalError of an executor.
    """
    # Half a million events a reducer at most: what one adds up stays well inside the heap.
    reducers = max(os.cpu_count() or 1, events // 500_000)
    options = {
        "spark.driver.memory": settings.batch_memory,
        "spark.executor.memory": settings.batch_memory,
        # A short job ends before the second compiler has paid for itself: it costs two seconds of the first ten.
        "spark.driver.extraJavaOptions": java_options(*["-XX:TieredStopAtLevel=1"] * (events < SHORT_JOB)),
        "spark.local.dir": str(_scratch(settings.home / SCRATCH)),
        "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
        "spark.sql.shuffle.partitions": str(reducers),
        "spark.sql.adaptive.enabled": "false",
    }
    if reads_kafka:
        options["spark.jars"] = _kafka_jars()
    with spark_failures():
        session = _started(settings.batch_master, settings.spark_address, name, options)
        try:
            yield session
        finally:
            session.stop()


def java_options(*more: str) -> str:
    """Of the driver's JVM: with its classes from the archive, where there is one."""
    # Of an archive of another Java or other jars Java says so, unless it is told not to, and reads the jars.
    archive = [f"-XX:SharedArchiveFile={CLASSES}", "-Xlog:cds*=off"] if CLASSES.exists() else []
    return " ".join(("-XX:+UseParallelGC", *archive, *more))


def _kafka_jars() -> str:
    jars = sorted(str(jar) for jar in JARS.glob("*.jar"))
    if not jars:
        raise TerminalError(f"Spark's Kafka jars are missing in {JARS}.", "`make setup` brings them.")
    return ",".join(jars)


def _started(master: str, address: str, name: str, options: dict[str, str]) -> SparkSession:
    # The host's name may resolve to an interface that nobody should listen on.
    os.environ["SPARK_LOCAL_IP"] = address
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # executors decode with the same packages as the driver
    shared = {
        "spark.driver.host": address,
        "spark.driver.bindAddress": address,
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master(master).appName(name)
    for key, value in (shared | options).items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("WARN")
    return session


def _scratch(folder: Path) -> Path:
    """A folder for this process; those of processes that were killed are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.iterdir():
        if not Path("/proc", left.name).exists():
            shutil.rmtree(left, ignore_errors=True)
    mine = folder / str(os.getpid())
    mine.mkdir(exist_ok=True)
    return mine

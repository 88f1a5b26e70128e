"""The Spark session of the jobs."""

import os
import sys
from pathlib import Path

from pyspark.sql import SparkSession

from tillstream.errors import TerminalError
from tillstream.settings import Settings

JARS = Path(__file__).resolve().parents[2] / ".build" / "jars" / "spark"


def spark_session(settings: Settings, name: str) -> SparkSession:
    """A session on the settings' master, in UTC, without a web page. Raises TerminalError when the jars are missing."""
    jars = sorted(str(jar) for jar in JARS.glob("*.jar"))
    if not jars:
        raise TerminalError(f"Spark's Kafka jars are missing in {JARS}.", "`make setup` brings them.")
    # The host's name may resolve to an interface that nobody should listen on.
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # executors decode with the same packages as the driver
    options = {
        "spark.jars": ",".join(jars),
        "spark.driver.memory": settings.spark_memory,
        "spark.executor.memory": settings.spark_memory,
        "spark.driver.extraJavaOptions": "-XX:+UseParallelGC",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
        # A micro-batch's figures are a few hundred rows: one or two reducers, and nothing to adapt.
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.adaptive.enabled": "false",
    }
    builder = SparkSession.builder.master(settings.spark_master).appName(name)
    for key, value in options.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("WARN")
    return session

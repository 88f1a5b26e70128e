"""What Spark's JVM loads for the jobs, loaded once: `setup/setup.sh` has Java write these classes to an archive.

Started with `spark-submit --driver-java-options -XX:ArchiveClassesAtExit=FILE`. A session that is given the archive
starts in half the time, as its classes need not be read from jars and verified again (class data sharing, JEP 350).
"""

import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.transforms import EVENT_COLUMNS, finest_truth

LINES = 100
SALE = (
    *("sale", None, 1, "shop", "shirt", None, 1, Decimal("9.00"), None, "MMK"),
    *(datetime(2025, 1, 1, tzinfo=UTC), date(2025, 1, 1)),
)


def main() -> None:
    """Adds up a few sales as the batch does, and a few moments' rows as the stream does."""
    session = SparkSession.builder.appName("classes").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    events = session.createDataFrame([SALE] * LINES, EVENT_COLUMNS)
    rows = finest_truth(events.mapInArrow(_same, EVENT_COLUMNS), "Asia/Yangon", ["2025-01"])
    rows.mapInArrow(_same, rows.schema).selectExpr("count(*)").collect()
    _stream(session)
    session.stop()


def _same(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield from batches


def _read(rows: DataFrame, _number: int) -> None:
    rows.collect()


def _stream(session: SparkSession) -> None:
    with tempfile.TemporaryDirectory() as folder:
        moments = session.readStream.format("rate").option("rowsPerSecond", 1).load()
        written = moments.writeStream.foreachBatch(_read)
        written.option("checkpointLocation", folder).trigger(once=True).start().awaitTermination()


if __name__ == "__main__":
    main()

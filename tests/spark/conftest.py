"""One small Spark session for each module here: starting one takes longer than its tests do."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from jobs.session import spark_session
from tillstream.settings import Settings


@pytest.fixture(scope="module")  # a night of other tests ends the session of its process
def spark() -> Iterator[SparkSession]:
    """The session of the jobs, with two threads, so that sums are made of partial sums."""
    session = spark_session(Settings(spark_master="local[2]", spark_memory="512m"), "tests")
    yield session
    session.stop()

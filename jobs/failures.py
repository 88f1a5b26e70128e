"""What a failure of Spark means: may the same call succeed later?"""

from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from tillstream.errors import TerminalError, TillstreamError, TransientError

_OWN = {f"tillstream.errors.{kind.__name__}: ": kind for kind in (TerminalError, TransientError)}


def failure_of(error: Exception) -> TillstreamError:
    """What Spark's exception means: our own ones, raised on an executor, what they say; all others pass with time."""
    text = str(error)
    for line in text.splitlines():
        for mark, kind in _OWN.items():
            if mark in line:
                return kind(line.partition(mark)[2])
    return TransientError(f"Spark failed: {text[:2000]}")


@contextmanager
def spark_failures() -> Iterator[None]:
    """Turns Spark's exceptions into TransientError or TerminalError."""
    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:  # the last two: the JVM is gone
        raise failure_of(error) from error

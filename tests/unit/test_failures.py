"""What Spark's exceptions are taken for."""

import pytest
from pyspark.errors import PySparkException

from jobs.failures import failure_of, spark_failures
from tillstream.errors import TerminalError, TillstreamError, TransientError

TRACE = """An exception was thrown from the Python worker.
  File "recount.py", line 79, in _write
tillstream.errors.{}: the MySQL server at 127.0.0.1:13306 refused: no.
Check the account's password file."""


@pytest.mark.parametrize("kind", [TerminalError, TransientError])
def test_our_own_error_on_an_executor_is_itself_again(kind: type[TillstreamError]) -> None:
    failure = failure_of(PySparkException(TRACE.format(kind.__name__)))

    assert type(failure) is kind
    assert failure.what == "the MySQL server at 127.0.0.1:13306 refused: no."


@pytest.mark.parametrize("error", [PySparkException("Job aborted"), ConnectionRefusedError("the JVM is gone")])
def test_any_other_failure_may_pass(error: Exception) -> None:
    with pytest.raises(TransientError, match=r"Spark failed: .*(aborted|gone)") as caught, spark_failures():
        raise error
    assert caught.value.exit_code == 75


def test_errors_that_are_not_sparks_stay_what_they_are() -> None:
    with pytest.raises(TerminalError, match="as it was"), spark_failures():
        raise TerminalError("as it was")
    with pytest.raises(ZeroDivisionError), spark_failures():
        raise ZeroDivisionError

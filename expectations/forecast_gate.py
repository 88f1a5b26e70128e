"""The gate of a forecast and its plan."""

from expectations.forecast import AHEAD
from expectations.results import Result, replace
from expectations.suites import FORECAST
from expectations.verdict import Examined, verdict
from tillstream.errors import TerminalError, TransientError
from tillstream.months import key, number_of
from tillstream.settings import Settings
from tillstream.stores import forecasts
from tillstream.stores.forecasts import Forecast
from tillstream.stores.mysql import connect, transaction

LONGEST = 120  # months that a forecast reads


def check(settings: Settings, run_id: str) -> str:
    """Checks a run's forecast; gives what was done, as one sentence.

    Raises TerminalError when it must not be published, TransientError when a server is away.
    """
    connection = connect(settings, "batch")
    try:
        with transaction(connection) as cursor:
            made = forecasts.find(cursor, run_id)
        if made.published_at is not None:
            return f"Forecast {made.forecast} is published: there is nothing to decide."
        lacks = None
        if made.written_at is None:
            what = f"Nothing says that all rows of forecast {made.forecast} were written: there is nothing to check."
            lacks = TerminalError(what, "The task `forecast` comes first.")

        def write(results: list[Result]) -> None:
            with transaction(connection) as cursor:
                if forecasts.find(cursor, run_id, lock=True).written_at != made.written_at:
                    what = f"Forecast {made.forecast} was made anew while it was checked."
                    raise TransientError(what, "Its new figures need new checks.")
                replace(cursor, run_id, FORECAST, results)

        examined = Examined(run_id, FORECAST, f"Forecast {made.forecast}", f"forecasts/{made.forecast}", marks(made))
        return verdict(connection, settings, examined, write, lacks)
    finally:
        connection.close()


def marks(made: Forecast) -> dict[str, str]:
    """SQL for each mark in the checks' queries. Numbers and days only, so nothing needs escaping."""
    number = number_of(made.issued_on)
    months = [key(each) for each in range(number, number + AHEAD)]
    return {
        "forecast": str(made.forecast),
        "issued_on": str(made.issued_on),
        "first": months[0],
        "before": key(number - 1),
        "oldest": key(number - LONGEST),
        "months": ", ".join(f"'{month}'" for month in months),
    }

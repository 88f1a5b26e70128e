"""Publishes a forecast with its plan: readers get both in one transaction, or go on seeing the last ones.

It refuses unless every declared check ran and no critical one failed. A forecast that was issued on an earlier day than
the one readers see is kept to be judged, and its plan is shown to nobody. Afterwards old forecasts are removed.
"""

import argparse
import sys

from expectations.suites import FORECAST, required
from jobs.batch.command import parser, run
from tillstream.settings import Settings
from tillstream.stores import forecasts
from tillstream.stores.forecasts import Forecast
from tillstream.stores.mysql import connect
from tillstream.stores.publication import ALREADY, OVERTAKEN


def work(settings: Settings, chosen: argparse.Namespace) -> str:
    """Publishes a run's forecast. Raises TerminalError when it is not proved."""
    connection = connect(settings, "batch")
    try:
        outcome, forecast = forecasts.publish(connection, chosen.run, required(FORECAST))
        removed = forecasts.prune(connection)
    finally:
        connection.close()
    return f"{sentence(outcome, forecast)} {removed} old ones were removed."


def sentence(outcome: str, forecast: Forecast) -> str:
    """What became of a publication."""
    if outcome == ALREADY:
        return f"Forecast {forecast.forecast} is published already."
    if outcome == OVERTAKEN:
        return f"Forecast {forecast.forecast} of {forecast.issued_on} is kept; readers see the plan of a later day."
    return f"Forecast {forecast.forecast} of {forecast.issued_on} is published with its plan."


def main() -> int:
    """The task's command."""
    return run(parser(__doc__), work)


if __name__ == "__main__":
    sys.exit(main())

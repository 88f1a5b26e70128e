"""Forecasts what will sell and plans what to order, as a candidate that no reader sees.

Reads the published truth only. `--as-of DAY` sets the shop's clock to an earlier day: what lies behind it is left out.
The same truth gives the same rows, whatever the clock on the wall says.
"""

import argparse
import sys
import time
from datetime import date

from jobs.batch.command import parser, run
from jobs.batch.forecast_candidate import candidate
from jobs.batch.forecast_features import read
from jobs.batch.forecast_rows import rows_of
from tillstream.code_version import code_version
from tillstream.settings import Settings
from tillstream.stores import forecasts, generations
from tillstream.stores.forecasts import Made
from tillstream.stores.mysql import connect, rows, snapshot


def work(settings: Settings, chosen: argparse.Namespace) -> str:
    """Makes the run's forecast; says which."""
    connection = connect(settings, "batch")
    begun = time.monotonic()
    try:
        with snapshot(connection) as cursor:
            [(now,)] = rows(cursor, "SELECT UTC_TIMESTAMP(3)")
            generation, cut_day = generations.published(cursor, settings.timezone)
            features = read(cursor, min(chosen.as_of or cut_day, cut_day), chosen.as_of)
        months = features.span.closed_months
        made = Made(generation, features.span.today, months, code_version(), now)
        forecast = forecasts.begin(connection, chosen.run, made)
        if forecast.published_at is not None:
            return f"Forecast {forecast.forecast} is published already."
        print(f"read after {time.monotonic() - begun:.1f} s", flush=True)
        found = candidate(features, settings)
        print(f"fitted and planned after {time.monotonic() - begun:.1f} s", flush=True)
        for table, made_rows in rows_of(found, features):
            forecasts.write(connection, forecast.forecast, table, made_rows)
        forecasts.end(connection, chosen.run)
    finally:
        connection.close()
    lines = sum(len(plan.lines) for plan in found.plans.values())
    return (
        f"Forecast {forecast.forecast}, issued on {made.issued_on} from {months} months: {len(features.ids):,} "
        f"products, {lines:,} lines of a plan, {time.monotonic() - begun:.1f} s."
    )


def main() -> int:
    """The task's command."""
    arguments = parser(__doc__)
    arguments.add_argument("--as-of", type=_day, help="the shop's clock, YYYY-MM-DD; default: the published cut")
    return run(arguments, work)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is not a day; write it as 2019-04-30") from None


if __name__ == "__main__":
    sys.exit(main())

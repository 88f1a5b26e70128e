"""Forecasts what will sell and plans what to order, as a candidate that no reader sees.

Reads the published truth only. `--as-of DAY` sets the shop's clock to an earlier day: what lies behind it is left out.
The same truth gives the same rows, whatever the clock on the wall says.
"""

import argparse
import sys
import time
from datetime import date

from threadpoolctl import threadpool_limits

from jobs.batch import forecast_features as features_of
from jobs.batch import forecast_rows as rows_of
from jobs.batch.command import parser, run
from jobs.batch.forecast_features import Features
from ml.months import number_of
from ml.plan import planned, size_runs
from ml.shop_forecast import MONTHS, Issued, adding_up, issue, trade_of
from ml.store_record import Catalogue, Store, store, together
from ml.trade import country_of, public_holidays
from tillstream import tables
from tillstream.code_version import code_version
from tillstream.settings import Settings
from tillstream.stores import forecasts, generations
from tillstream.stores.forecasts import Made
from tillstream.stores.mysql import Connection, Cursor, connect, rows, snapshot

EVERY_STORE = ""


def work(settings: Settings, chosen: argparse.Namespace) -> str:
    """Makes the run's forecast; says which."""
    connection = connect(settings, "batch")
    begun = time.monotonic()
    try:
        with snapshot(connection) as cursor:
            [(now,)] = rows(cursor, "SELECT UTC_TIMESTAMP(3)")
            generation, cut_day = generations.published(cursor, settings.timezone)
            features = features_of.read(cursor, min(chosen.as_of or cut_day, cut_day))
        months = features.span.closed_months
        made = Made(generation, features.span.today, months, code_version(), now)
        forecast = forecasts.begin(connection, chosen.run, made)
        if forecast.published_at is not None:
            return f"Forecast {forecast.forecast} is published already."
        print(f"read after {time.monotonic() - begun:.1f} s", flush=True)
        with threadpool_limits(1):  # one thread adds up in the same order every time
            issued, stores = _issued(features, settings)
        print(f"fitted after {time.monotonic() - begun:.1f} s", flush=True)
        lines = _write(connection, forecast.forecast, features, issued, stores, settings.currency)
        forecasts.end(connection, chosen.run)
    finally:
        connection.close()
    return (
        f"Forecast {forecast.forecast}, issued on {made.issued_on} from {months} months: {len(features.ids):,} "
        f"products, {lines:,} lines of a plan, {time.monotonic() - begun:.1f} s."
    )


def _issued(features: Features, settings: Settings) -> tuple[dict[str, Issued], dict[str, Store]]:
    """What is issued, by scope: all stores together, and each of several; and the stores."""
    products = features_of.catalogue(features)
    stores = {name: store(record, products) for name, record in features_of.records(features)}
    if not features.ids:
        return {}, {}
    country = country_of(settings.timezone)
    last_year = (number_of(features.span.today) + MONTHS) // 12
    festivals = public_holidays(country, features.span.first.year, last_year) if country else {}
    uplift = features_of.uplift(features)

    def of(one: Store) -> Issued:
        return issue(one, products, trade_of(one, festivals), uplift)

    if len(stores) == 1:
        return {EVERY_STORE: of(*stores.values())}, stores
    whole = of(together(list(stores.values())))
    parts = adding_up([of(one) for one in stores.values()], whole)
    return {EVERY_STORE: whole, **dict(zip(stores, parts, strict=True))}, stores


def _write(
    connection: "Connection[Cursor]",
    number: int,
    features: Features,
    issued: dict[str, Issued],
    stores: dict[str, Store],
    own_currency: str,
) -> int:
    """Writes the candidate's rows; gives the number of plan lines."""
    for scope, each in issued.items():
        forecasts.write(connection, number, tables.FORECAST_MONTHS, rows_of.month_rows(scope, each))
        forecasts.write(connection, number, tables.FORECAST_MODELS, rows_of.model_rows(scope, each))
    products = features_of.catalogue(features)
    lines = 0
    for name, one in stores.items():
        each = issued.get(name, issued[EVERY_STORE])
        lines += _write_plan(connection, number, features, products, (name, one, each), own_currency)
    return lines


def _write_plan(
    connection: "Connection[Cursor]",
    number: int,
    features: Features,
    products: Catalogue,
    of_store: tuple[str, Store, Issued],
    own_currency: str,
) -> int:
    name, one, issued = of_store
    stocked = features_of.stocked(features, name, one, own_currency)
    plan = [planned(issued, each, features.span.today) for each in stocked]
    runs = size_runs(issued, stocked, products)
    forecasts.write(connection, number, tables.PLAN_MONTHS, rows_of.refill_rows(name, plan, features.ids))
    forecasts.write(connection, number, tables.SIZE_RUNS, rows_of.run_rows(name, runs))
    return forecasts.write(
        connection, number, tables.PLAN_LINES, rows_of.line_rows(name, plan, features.ids, features.products)
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

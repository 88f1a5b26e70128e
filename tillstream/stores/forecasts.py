"""Forecasts in MySQL: numbered by run, written as a candidate that nobody sees, published whole or not at all.

Idempotent by run: a run that is asked again finds its number, and writes its rows anew until they are published.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

import msgspec

from tillstream import tables
from tillstream.errors import TerminalError
from tillstream.stores.mysql import Connection, Cursor, rows, transaction
from tillstream.stores.publication import ALREADY, OVERTAKEN, PUBLISHED, Declared, refuse_unproved
from tillstream.tables import Table, replacing_upsert

ROWS = (
    tables.FORECAST_MONTHS, tables.FORECAST_MODELS, tables.PLAN_LINES, tables.PLAN_MONTHS, tables.SIZE_RUNS,
)  # fmt: skip
PORTION = 5_000  # rows of one transaction
KEPT = 7  # published forecasts, besides the first one of each month

_LOCK = "SELECT `forecast` FROM `current_forecast` WHERE `id` = 1 FOR UPDATE"


class Forecast(msgspec.Struct, frozen=True):
    """A forecast's header: see `tables.FORECASTS`. Instants are UTC without a zone, as MySQL keeps them."""

    forecast: int
    run_id: str
    generation: int
    issued_on: date
    history_months: int
    code_version: str
    created_at: datetime
    written_at: datetime | None
    published_at: datetime | None


class Made(msgspec.Struct, frozen=True):
    """What a forecast was made from."""

    generation: int
    issued_on: date
    history_months: int
    code_version: str
    created_at: datetime  # before anything was read: what was entered later, the forecast does not know


def find(cursor: Cursor, run_id: str, *, lock: bool = False) -> Forecast:
    """The forecast of a run. Raises TerminalError when the run has made none."""
    found = _found(cursor, run_id, lock=lock)
    if found is None:
        raise TerminalError(f"The run '{run_id}' has made no forecast.", "Its task `forecast` comes first.")
    return found


def current(cursor: Cursor) -> Forecast | None:
    """The forecast that readers see."""
    found = rows(
        cursor, f"SELECT {_COLUMNS} FROM `forecasts` WHERE `forecast` = (SELECT `forecast` FROM `current_forecast`)"
    )
    return Forecast(*found[0]) if found else None


def begin(connection: "Connection[Cursor]", run_id: str, made: Made) -> Forecast:
    """The run's forecast, without any rows; what an earlier attempt wrote, and what its checks found, is forgotten.

    Gives a published one as it is.
    """
    with transaction(connection) as cursor:
        cursor.execute(_LOCK)
        found = _found(cursor, run_id, lock=True)
        if found is None:
            cursor.execute(
                "INSERT INTO `forecasts` (`forecast`, `run_id`, `generation`, `issued_on`, `history_months`, "
                "`code_version`, `created_at`) SELECT COALESCE(MAX(`forecast`), 0) + 1, %s, %s, %s, %s, %s, %s "
                "FROM `forecasts`",
                (run_id, *msgspec.structs.astuple(made)),
            )
        elif found.published_at is None:
            cursor.execute(
                "UPDATE `forecasts` SET `generation` = %s, `issued_on` = %s, `history_months` = %s, "
                "`code_version` = %s, `created_at` = %s, `written_at` = NULL WHERE `run_id` = %s",
                (*msgspec.structs.astuple(made), run_id),
            )
            cursor.execute("DELETE FROM `quality_results` WHERE `run_id` = %s", (run_id,))
        begun = find(cursor, run_id)
    if found is not None and found.published_at is None:
        _remove(connection, found.forecast)
    return begun


def write(connection: "Connection[Cursor]", forecast: int, table: Table, written: Iterable[Sequence[Any]]) -> int:
    """Writes rows of a candidate, in portions; without its number, which comes first. Gives how many there were."""
    number, left = 0, iter(written)
    while portion := [(forecast, *row) for row in islice(left, PORTION)]:
        with transaction(connection) as cursor:
            cursor.executemany(replacing_upsert(table), portion)
        number += len(portion)
    return number


def end(connection: "Connection[Cursor]", run_id: str) -> None:
    """All rows of the run's forecast are there."""
    with transaction(connection) as cursor:
        cursor.execute("UPDATE `forecasts` SET `written_at` = UTC_TIMESTAMP(3) WHERE `run_id` = %s", (run_id,))


def publish(connection: "Connection[Cursor]", run_id: str, wanted: Declared) -> tuple[str, Forecast]:
    """Publishes a run's forecast with its plan: PUBLISHED, ALREADY, or OVERTAKEN by one that was issued on a later day.

    An overtaken one is on record from now on, to be judged; readers of the plan go on seeing the younger. Raises
    TerminalError, and changes nothing, unless its rows are there, each check that is wanted ran and none of them
    refuses.
    """
    with transaction(connection) as cursor:
        cursor.execute(_LOCK)
        forecast = find(cursor, run_id, lock=True)
        if forecast.published_at is not None:
            return ALREADY, forecast
        if forecast.written_at is None:
            raise TerminalError(f"Forecast {forecast.forecast} is not complete.", "Its task `forecast` comes first.")
        refuse_unproved(cursor, run_id, wanted)
        cursor.execute(
            "UPDATE `forecasts` SET `published_at` = UTC_TIMESTAMP(3) WHERE `forecast` = %s", (forecast.forecast,)
        )
        seen = current(cursor)
        if seen is not None and seen.issued_on > forecast.issued_on:
            return OVERTAKEN, forecast
        cursor.execute("UPDATE `current_forecast` SET `forecast` = %s WHERE `id` = 1", (forecast.forecast,))
        return PUBLISHED, forecast


def prune(connection: "Connection[Cursor]") -> int:
    """Removes all but the last KEPT forecasts, the first one of each month and candidates that may still be published.

    Gives how many forecasts went.
    """
    with transaction(connection) as cursor:
        gone = [forecast for (forecast,) in rows(cursor, _OUT_OF_REACH)]
    for forecast in gone:
        _remove(connection, forecast)
        with transaction(connection) as cursor:
            cursor.execute("DELETE FROM `forecasts` WHERE `forecast` = %s", (forecast,))
    return len(gone)


_LAST = f"SELECT `forecast` FROM `forecasts` WHERE `published_at` IS NOT NULL ORDER BY `forecast` DESC LIMIT {KEPT}"
_FIRST_OF_MONTHS = (
    "SELECT MIN(f.`forecast`) FROM `forecasts` f JOIN (SELECT MIN(`issued_on`) AS `day` FROM `forecasts` "
    "WHERE `published_at` IS NOT NULL GROUP BY DATE_FORMAT(`issued_on`, '%Y-%m')) d ON d.`day` = f.`issued_on` "
    "WHERE f.`published_at` IS NOT NULL GROUP BY f.`issued_on`"
)
_OUT_OF_REACH = (
    "SELECT `forecast` FROM `forecasts` "
    f"WHERE `forecast` < (SELECT COALESCE(MIN(`forecast`), 0) FROM ({_LAST}) l) "
    f"AND `forecast` NOT IN ({_FIRST_OF_MONTHS}) AND `forecast` <> (SELECT `forecast` FROM `current_forecast`)"
)


def _remove(connection: "Connection[Cursor]", forecast: int) -> None:
    """Removes a forecast's rows, in portions."""
    for table in (*ROWS, tables.FORECAST_SCORES):
        portion = PORTION
        while portion == PORTION:
            with transaction(connection) as cursor:
                portion = cursor.execute(
                    f"DELETE FROM `{table.name}` WHERE `forecast` = %s LIMIT {PORTION}", (forecast,)
                )


_COLUMNS = ", ".join(f"`{column.name}`" for column in tables.FORECASTS.columns)


def _found(cursor: Cursor, run_id: str, *, lock: bool = False) -> Forecast | None:
    found = rows(cursor, f"SELECT {_COLUMNS} FROM `forecasts` WHERE `run_id` = %s" + " FOR UPDATE" * lock, (run_id,))
    return Forecast(*found[0]) if found else None

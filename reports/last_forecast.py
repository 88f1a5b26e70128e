"""The forecast that readers see, in a few figures, and what became of the last month that was forecast."""

from datetime import date
from typing import Any

import msgspec

from reports.current_forecast import failed_checks
from tillstream.settings import Settings
from tillstream.stores import forecasts
from tillstream.stores.forecasts import Forecast
from tillstream.stores.mysql import Cursor, reading, rows


class Accuracy(msgspec.Struct, frozen=True):
    """A month that is over, by the last forecast before it began: errors are shares of what was asked for."""

    month: str
    issued_on: date
    forecast: float
    actual: float
    error: float | None
    naive_error: float | None
    inside_interval: float


class LastForecast(msgspec.Struct, frozen=True):
    """`waiting_run` made a later forecast, which readers do not see; `failed_checks` say why: none if it runs still."""

    issue: Forecast | None
    products: int
    methods: dict[str, int]
    waiting_run: str | None
    failed_checks: list[str]
    last_month: Accuracy | None


def last_forecast(settings: Settings) -> LastForecast:
    """Raises TransientError when MySQL does not answer."""
    with reading(settings, "operator") as cursor:
        issue = forecasts.current(cursor)
        methods = _methods(cursor, issue.forecast) if issue else {}
        later = rows(
            cursor,
            "SELECT `run_id` FROM `forecasts` WHERE `forecast` > %s AND `published_at` IS NULL "
            "ORDER BY `forecast` DESC LIMIT 1",
            (issue.forecast if issue else 0,),
        )
        run = later[0][0] if later else None
        failed = failed_checks(cursor, run) if run else []
        return LastForecast(issue, sum(methods.values()), methods, run, failed, _accuracy(cursor))


def sentences(last: LastForecast) -> list[str]:
    """What `tillstream status` says of it."""
    lines = []
    if last.issue is None:
        lines.append("forecast: none yet")
    else:
        shares = ", ".join(f"{method} {number / last.products:.0%}" for method, number in last.methods.items())
        lines.append(
            f"forecast: issued on {last.issue.issued_on}, published {last.issue.published_at:%Y-%m-%d %H:%M:%S} UTC; "
            f"{last.products:,} products: {shares}"
        )
    if last.waiting_run:
        why = f"these checks failed: {'; '.join(last.failed_checks)}" if last.failed_checks else "it is not done yet"
        lines.append(f"  a later one, {last.waiting_run}, is not published: {why}")
    if last.last_month:
        lines.append(f"  {_judged(last.last_month)}")
    return lines


def _judged(month: Accuracy) -> str:
    naive = "" if month.naive_error is None else f", a naive one by {month.naive_error:.1%}"
    error = "" if month.error is None else f": it erred by {month.error:.1%} of that{naive}"
    return (
        f"{month.month}: {month.forecast:,.0f} pieces were forecast on {month.issued_on}, {month.actual:,.0f} asked for"
        f"{error}; {month.inside_interval:.0%} of products were within their interval"
    )


def _methods(cursor: Cursor, forecast: int) -> dict[str, int]:
    """By method, the products whose last month it told: of the month in progress a nowcast tells."""
    query = (
        "SELECT `method`, COUNT(*) AS `products` FROM `forecast_months` WHERE `forecast` = %s AND `store_id` = '' "
        "AND `month` = (SELECT MAX(`month`) FROM `forecast_months` WHERE `forecast` = %s AND `store_id` = '') "
        "GROUP BY `method` ORDER BY `products` DESC, `method`"
    )
    return {method: int(number) for method, number in rows(cursor, query, (forecast, forecast))}


def _accuracy(cursor: Cursor) -> Accuracy | None:
    """Of the last month that was judged, by the last forecast before it; else by the first one within it."""
    query = (
        "SELECT `month`, `issued_on`, `forecast`, `actual`, `error`, `naive_error`, `inside_interval` "
        "FROM `forecast_accuracy` ORDER BY `month` DESC, `months_ahead` > 0 DESC, `months_ahead`, "
        "CASE WHEN `months_ahead` > 0 THEN -DATEDIFF(`issued_on`, '2000-01-01') "
        "ELSE DATEDIFF(`issued_on`, '2000-01-01') END LIMIT 1"
    )
    found = rows(cursor, query)
    if not found:
        return None
    month, issued_on, *figures = found[0]
    values: list[Any] = [None if figure is None else float(figure) for figure in figures]
    return Accuracy(month, issued_on, *values)

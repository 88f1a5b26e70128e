"""What each product should sell, and what such forecasts were worth so far."""

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from reports.current_forecast import current
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores.forecasts import Forecast
from tillstream.stores.mysql import Cursor, reading, rows
from tillstream.stores.reference import known_product


class Expected(msgspec.Struct, frozen=True):
    """A product's month, in pieces. `p10` to `p90` hold in four of five cases; errors are mean absolute ones a month.

    `store_id` is '' for all stores together. `naive_error` is that of the same month of the last year,
    `last_month_error` that of the last month; None where history was too short to try.
    """

    month: str
    store_id: str
    product_id: str
    product_name: str
    category: str | None
    quantity: float
    p10: float
    p50: float
    p90: float
    method: str
    backtest_error: float | None
    naive_error: float | None
    last_month_error: float | None
    season_known: bool


class Demand(msgspec.Struct, frozen=True):
    """The current forecast, by month and the best-selling products first."""

    issue: Forecast
    months: list[Expected]

    @property
    def methods(self) -> dict[str, int]:
        """How many products' next whole months each method told; of the month in progress it is told anew daily."""
        last: dict[tuple[str, str], str] = {(e.store_id, e.product_id): e.method for e in self.months}
        return dict(Counter(last.values()).most_common())

    @property
    def without_season(self) -> int:
        """How many products have too short a history to know their season."""
        return len({(e.store_id, e.product_id) for e in self.months if not e.season_known})


def demand(
    settings: Settings, product_id: str | None = None, month: str | None = None, *, by_store: bool = False
) -> Demand:
    """The current forecast, of one product or month if given. Raises TerminalError where there is nothing to show."""
    with reading(settings, "operator") as cursor:
        return demand_at(cursor, product_id, month, by_store=by_store)


def demand_at(
    cursor: Cursor, product_id: str | None = None, month: str | None = None, *, by_store: bool = False
) -> Demand:
    """Likewise, at the instant of a snapshot."""
    issue = current(cursor)
    found = _months(cursor, issue.issued_on, product_id, month, by_store)
    if not found:
        _say_why(cursor, issue, product_id, month, by_store)
    return Demand(issue, found)


def _months(
    cursor: Cursor, issued_on: date, product_id: str | None, month: str | None, by_store: bool
) -> list[Expected]:
    view, store = ("demand_forecast_by_store", "`store_id`") if by_store else ("demand_forecast", "''")
    query = (
        f"SELECT `month`, {store} AS `store_id`, `product_id`, COALESCE(`product_name`, `product_id`), `category`, "
        "`quantity`, `p10`, `p50`, `p90`, `method`, `backtest_error`, `naive_error`, `last_month_error`, "
        f"`season_known` FROM `{view}` WHERE `issued_on` = %s AND `is_current` = 1 "
        "AND (%s IS NULL OR `product_id` = %s) AND (%s IS NULL OR `month` = %s) "
        "ORDER BY `month`, `quantity` DESC, `product_id`, `store_id`"
    )
    found = rows(cursor, query, (issued_on, product_id, product_id, month, month))
    return [Expected(*[*map(_plain, row), bool(season)]) for *row, season in found]


def _say_why(cursor: Cursor, issue: Forecast, product_id: str | None, month: str | None, by_store: bool) -> None:
    if by_store and not _months(cursor, issue.issued_on, None, None, by_store):
        raise TerminalError("There is one store: its forecast is the shop's.", "Leave `--by-store` out.")
    if product_id is not None and not _months(cursor, issue.issued_on, product_id, None, by_store):
        name = known_product(cursor, product_id)
        raise TerminalError(
            f"The forecast of {issue.issued_on} has nothing of {name}.",
            "Nothing of it was sold, or it is discontinued.",
        )
    known = sorted({each.month for each in _months(cursor, issue.issued_on, product_id, None, by_store)})
    raise TerminalError(
        f"The forecast of {issue.issued_on} says nothing of {month or 'any month'}.",
        f"It reaches from {known[0]} to {known[-1]}." if known else "",
    )


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value

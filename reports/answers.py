"""The five answers, out of the views, as of a day."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from reports.refills import Refill, refills
from tillstream.money import text
from tillstream.settings import Settings
from tillstream.stores.mysql import Cursor, reading, rows

BEST = 10  # places of a ranking; periods and stocks to act on are listed whole


class Period(msgspec.Struct, frozen=True):
    """Sales of a month or a year in one currency. Money is decimal text."""

    period: str
    currency: str
    units: int
    revenue: str
    state: str


class Seller(msgspec.Struct, frozen=True):
    """A product's place by units; `period` is a month, or 'all'."""

    period: str
    rank: int
    product_id: str
    product_name: str
    currency: str
    units: int
    revenue: str


class Stock(msgspec.Struct, frozen=True):
    """A stock to act on, and why."""

    store_id: str
    product_id: str
    product_name: str
    on_hand: int
    status: str
    reorder_point: int
    runs_out_on: date | None
    why: str


class Layer(msgspec.Struct, frozen=True):
    """How far a layer has counted; instants are UTC."""

    layer: str
    as_of: str | None
    events_behind: int
    seconds_behind: float | None


class Answers(msgspec.Struct, frozen=True):
    """All five, of one instant. `plan_issued_on` is the day of the plan that refills are of; None: there is none."""

    monthly_sales: list[Period]
    yearly_sales: list[Period]
    best_sellers: list[Seller]
    best_seller_by_month: list[Seller]
    low_stock: list[Stock]
    refill_by_month: list[Refill]
    plan_issued_on: date | None
    freshness: list[Layer]


def answers(settings: Settings, as_of: date | None = None) -> Answers:
    """The answers by the sales up to and including a business day; stock is always the present one.

    Raises TransientError when MySQL does not answer.
    """
    with reading(settings, "operator") as cursor:
        cut = [] if as_of is None else [as_of]
        issued_on, refill_by_month = refills(cursor)
        return Answers(
            monthly_sales=_periods(cursor, "`month`", cut),
            yearly_sales=_periods(cursor, "LEFT(`month`, 4)", cut),
            best_sellers=_sellers(cursor, "'all'", BEST, cut),
            best_seller_by_month=_sellers(cursor, "`month`", 1, cut),
            low_stock=_low_stock(cursor),
            refill_by_month=refill_by_month,
            plan_issued_on=issued_on,
            freshness=_freshness(cursor),
        )


_COLUMNS = "`product_id`, `product_name`, `currency`, `units`, `revenue`, `state`"


def _sales(cut: list[date]) -> str:
    """Sales by month x product, of all time or up to a day."""
    if not cut:
        return f"SELECT `month`, {_COLUMNS} FROM `sales_by_month`"
    return f"SELECT DATE_FORMAT(`day`, '%%Y-%%m') AS `month`, {_COLUMNS} FROM `sales_by_day` WHERE `day` <= %s"


def _periods(cursor: Cursor, period: str, cut: list[date]) -> list[Period]:
    query = (
        f"SELECT {period} AS `period`, `currency`, SUM(`units`), SUM(`revenue`), MAX(`state`) FROM ({_sales(cut)}) s "
        "GROUP BY `period`, `currency` ORDER BY `period`, `currency`"
    )
    return [
        Period(period, currency, int(units), text(revenue, currency), state)
        for period, currency, units, revenue, state in rows(cursor, query, cut)
    ]


def _sellers(cursor: Cursor, period: str, best: int, cut: list[date]) -> list[Seller]:
    # Equal units are told apart by revenue, then by product: the views rank alike.
    query = (
        f"SELECT * FROM (SELECT s.*, ROW_NUMBER() OVER (PARTITION BY `period`, `currency` "
        "ORDER BY `units` DESC, `revenue` DESC, `product_id`) AS `place` "
        f"FROM (SELECT {period} AS `period`, `product_id`, MAX(`product_name`) AS `name`, `currency`, "
        f"SUM(`units`) AS `units`, SUM(`revenue`) AS `revenue` FROM ({_sales(cut)}) a "
        "GROUP BY `period`, `product_id`, `currency`) s) r WHERE `place` <= %s ORDER BY `period`, `currency`, `place`"
    )
    return [
        Seller(period, place, product, name, currency, int(units), text(revenue, currency))
        for period, product, name, currency, units, revenue, place in rows(cursor, query, [*cut, best])
    ]


def _low_stock(cursor: Cursor) -> list[Stock]:
    query = (
        "SELECT `store_id`, `product_id`, `product_name`, `on_hand`, `status`, `reorder_point`, `runs_out_on`, `why` "
        "FROM `low_stock` ORDER BY `status` = 'out' DESC, `reorder_point` DESC, `store_id`, `product_id`"
    )
    return [Stock(*(_plain(value) for value in row)) for row in rows(cursor, query)]


def _freshness(cursor: Cursor) -> list[Layer]:
    query = "SELECT `layer`, `as_of`, `events_behind`, `seconds_behind` FROM `freshness`"
    return [
        Layer(layer, as_of and f"{as_of:%Y-%m-%dT%H:%M:%SZ}", int(behind), None if seconds is None else float(seconds))
        for layer, as_of, behind, seconds in rows(cursor, query)
    ]


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value

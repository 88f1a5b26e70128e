"""What to refill in which month: by the forecast's plan, or without one by what runs out at the pace of late."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from tillstream.money import text
from tillstream.stores import forecasts
from tillstream.stores.mysql import Cursor, rows


class Refill(msgspec.Struct, frozen=True):
    """A product that is to be refilled in a month. Money is decimal text.

    By the plan: how many pieces, ordered by when, and why; `store_id` lists its stores and `on_hand` is of all of them.
    Without one: a product that runs out in that month if it goes on selling as in the last weeks; None for the rest.
    """

    month: str
    store_id: str
    product_id: str
    product_name: str
    on_hand: int
    runs_out_on: date | None
    quantity: int | None = None
    order_by: date | None = None
    supplier: str | None = None
    cost: str | None = None
    currency: str | None = None
    urgency: str | None = None
    reason: str | None = None


def refills(cursor: Cursor) -> tuple[date | None, list[Refill]]:
    """The day of the plan, and its refills; None and what runs out where there is no plan."""
    issue = forecasts.current(cursor)
    if issue is not None:
        return issue.issued_on, [_planned(row) for row in rows(cursor, _PLANNED)]
    return None, [Refill(*(_plain(value) for value in row)) for row in rows(cursor, _RUNNING_OUT)]


_PLANNED = """
SELECT r.`month`, o.`stores`, r.`product_id`, COALESCE(r.`product_name`, r.`product_id`), o.`on_hand`,
  o.`runs_out_on`, r.`quantity`, r.`order_by`, r.`supplier`, r.`cost`, r.`currency`, r.`urgency`, r.`reason`
FROM `refill_plan` r
JOIN (SELECT `product_id`, GROUP_CONCAT(`store_id` ORDER BY `store_id` SEPARATOR ', ') AS `stores`,
        SUM(`on_hand`) AS `on_hand`, MIN(`runs_out_on`) AS `runs_out_on`
      FROM `order_plan` GROUP BY `product_id`) o ON o.`product_id` = r.`product_id`
ORDER BY r.`month`, r.`order_by`, r.`product_id`
"""
_RUNNING_OUT = """
SELECT DATE_FORMAT(`runs_out_on`, '%Y-%m'), `store_id`, `product_id`, `product_name`, `on_hand`, `runs_out_on`
FROM `stock_on_hand` WHERE `runs_out_on` IS NOT NULL AND `status` <> 'over'
ORDER BY `runs_out_on`, `store_id`, `product_id`
"""


def _planned(row: tuple[Any, ...]) -> Refill:
    month, stores, product, name, on_hand, out, quantity, order_by, supplier, cost, currency, urgency, reason = row
    money = None if cost is None or currency is None else text(cost, currency)
    return Refill(
        month, stores, product, name, int(on_hand), out, int(quantity), order_by, supplier, money, currency, urgency,
        reason,
    )  # fmt: skip


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value

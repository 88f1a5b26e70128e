"""What to order now: the plan's lines, less what was ordered since it was made."""

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from ml.restock import packs_up
from reports.current_forecast import current
from tillstream.errors import TerminalError
from tillstream.money import text
from tillstream.stores.forecasts import Forecast
from tillstream.stores.mysql import Cursor, rows
from tillstream.stores.reference import known_product


class PlanLine(msgspec.Struct, frozen=True):
    """A product to order, in pieces. `planned`: what stock asks for, before orders since and a budget cut it down.

    Money is decimal text, None where the cost is not known.
    """

    store_id: str
    product_id: str
    product_name: str
    size: str | None
    colour: str | None
    supplier: str | None
    quantity: int
    planned: int
    ordered_since: int
    pack_size: int
    minimum_order: int
    unit_cost: str | None
    cost: str | None
    currency: str | None
    order_by: date | None
    urgency: str
    on_hand: int
    on_order: int
    reserved: int
    reorder_point: float
    order_up_to: float
    safety_stock: float
    service: float
    abc: str
    lead_time_days: int | None
    months_of_cover: float | None
    runs_out_on: date | None
    reason: str

    @property
    def position(self) -> int:
        """What will be there for new customers when all orders that the plan knows have come."""
        return max(0, self.on_hand) + self.on_order - self.reserved

    @property
    def packs(self) -> int:
        """Packs of the quantity; the last one may be a broken one."""
        return math.ceil(self.quantity / max(1, self.pack_size))

    def ordering(self, quantity: int, reason: str) -> "PlanLine":
        """The same with another quantity, and why."""
        cost = self.cost
        if self.unit_cost is not None and self.currency is not None:
            cost = text(quantity * Decimal(self.unit_cost), self.currency)
        return msgspec.structs.replace(self, quantity=quantity, cost=cost, reason=reason)


class OrderPlan(msgspec.Struct, frozen=True):
    """The lines that want something, the most urgent first. `budget` is decimal text in `budget_currency`."""

    issue: Forecast
    lines: list[PlanLine]
    budget: str | None = None
    budget_currency: str | None = None

    @property
    def to_order(self) -> list[PlanLine]:
        """The lines of which something is to be ordered."""
        return [line for line in self.lines if line.quantity]

    @property
    def currencies(self) -> list[str]:
        """The currencies of the costs."""
        return sorted({line.currency for line in self.to_order if line.currency})


def totals(lines: Iterable[PlanLine]) -> dict[str, str]:
    """What lines cost, by currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        if line.currency and line.cost is not None:
            sums[line.currency] += Decimal(line.cost)
    return {currency: text(total, currency) for currency, total in sorted(sums.items())}


def order_plan(cursor: Cursor, supplier: str | None = None) -> OrderPlan:
    """The current plan, of one supplier if named. Raises TerminalError where there is no plan, or no such supplier."""
    issue = current(cursor)
    found = _lines(cursor, issue, "l.`quantity` > 0 AND (%s IS NULL OR l.`supplier` = %s)", (supplier, supplier))
    if supplier is not None and not found:
        _check_supplier(cursor, supplier)
    return OrderPlan(issue, found)


def product_plan(cursor: Cursor, product_id: str) -> OrderPlan:
    """The current plan of one product, by store, whether or not anything is to be ordered. Raises TerminalError."""
    issue = current(cursor)
    found = _lines(cursor, issue, "l.`product_id` = %s", (product_id,))
    if not found:
        name = known_product(cursor, product_id)
        raise TerminalError(
            f"The plan of {issue.issued_on} says nothing of {name}.", "Its stock is not on record, or it is new."
        )
    return OrderPlan(issue, found)


def _lines(cursor: Cursor, issue: Forecast, where: str, wanted: tuple[str | None, ...]) -> list[PlanLine]:
    since = _ordered_since(cursor, issue)
    found = rows(cursor, f"{_LINES} WHERE l.`forecast` = %s AND {where} {_URGENT_FIRST}", (issue.forecast, *wanted))
    lines = [_line(dict(zip(_COLUMNS, row, strict=True))) for row in found]
    return [_less(line, since.get((line.store_id, line.product_id), [])) for line in lines]


_NAME = "COALESCE(d.`product_name`, p.`product_name`, l.`product_id`)"  # one that was never sold is reference data only
_COLUMNS = {
    "product_name": _NAME, "size": "p.`size`", "colour": "p.`colour`", "currency": "l.`cost_currency`",
} | {
    name: f"l.`{name}`"
    for name in (
        "store_id", "product_id", "supplier", "quantity", "pack_size", "minimum_order", "unit_cost", "cost", "order_by",
        "urgency", "on_hand", "on_order", "reserved", "reorder_point", "order_up_to", "safety_stock", "service", "abc",
        "lead_time_days", "months_of_cover", "runs_out_on", "reason",
    )
}  # fmt: skip
_LINES = (
    f"SELECT {', '.join(_COLUMNS.values())} FROM `plan_lines` l "
    "LEFT JOIN `product_directory` d ON d.`product_id` = l.`product_id` "
    "LEFT JOIN `products` p ON p.`product_id` = l.`product_id`"
)
_URGENT_FIRST = (
    "ORDER BY FIELD(l.`urgency`, 'red', 'amber', 'green'), l.`order_by` IS NULL, l.`order_by`, l.`supplier`, "
    f"{_NAME}, l.`product_id`, l.`store_id`"
)
_MONEY = ("unit_cost", "cost")
_PIECES = ("reorder_point", "order_up_to", "safety_stock", "service", "months_of_cover")


def _line(row: dict[str, Any]) -> PlanLine:
    currency = row["currency"] if row["unit_cost"] is not None else None
    money = {name: None if row[name] is None or currency is None else text(row[name], currency) for name in _MONEY}
    pieces = {name: None if row[name] is None else float(row[name]) for name in _PIECES}
    more = {"planned": row["quantity"], "ordered_since": 0, "currency": currency}
    return PlanLine(**row | money | pieces | more)


def _ordered_since(cursor: Cursor, issue: Forecast) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """By store and product, the orders that the plan does not know: number, and pieces that have come or will."""
    query = (
        "SELECT `store_id`, `product_id`, `order_id`, "
        "CASE WHEN `closed_on` IS NULL THEN `quantity` ELSE `received` END "
        "FROM `orders` WHERE `recorded_at` > %s ORDER BY `order_id`"
    )
    found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for store, product, order_id, pieces in rows(cursor, query, (issue.created_at,)):
        if pieces:
            found[store, product].append((order_id, pieces))
    return found


def _less(line: PlanLine, since: list[tuple[int, int]]) -> PlanLine:
    """The line after orders of which the plan did not know: nothing is ordered twice."""
    if not since:
        return line
    pieces = sum(each for _, each in since)
    left = max(0, line.planned - pieces)
    wanted = packs_up(max(left, line.minimum_order), max(1, line.pack_size))
    quantity = 0 if line.position + pieces > line.reorder_point else wanted
    numbers = ", ".join(str(order_id) for order_id, _ in since)
    said = f"{line.reason.removesuffix('.')}; {pieces:,} were ordered since (order {numbers})."
    return msgspec.structs.replace(line.ordering(quantity if left else 0, said), ordered_since=pieces)


def _check_supplier(cursor: Cursor, supplier: str) -> None:
    query = "SELECT DISTINCT `supplier` FROM `products` WHERE `supplier` IS NOT NULL ORDER BY `supplier`"
    known = [name for (name,) in rows(cursor, query)]
    if supplier not in known:
        raise TerminalError(
            f"There is no supplier '{supplier}'.", f"These are known: {', '.join(known) or 'none; import products'}."
        )

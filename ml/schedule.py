"""What to refill in which month: the plan of one product, month by month, if it sells as expected.

A month is refilled when P(demand until its end > stock and orders until then) > 1 - τ, by as much as that lacks. What
is planned for a month counts for those after it. An order that is due now is the first entry; a month that no order
of today reaches in time is left to it, and to what is on order already.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ml.outlook import Outlook
from ml.restock import MONTH_DAYS, Line, Stock, Terms, due_before, end_of, is_stopped, order_by, packs, whole


@dataclass(frozen=True)
class Refill:
    """Pieces to be there by the start of a month of the outlook (0 is the first, which may have begun)."""

    month: int
    quantity: int
    order_by: date
    cost: Decimal | None
    reason: str


def refills(
    outlook: Outlook, stock: Stock, terms: Terms, due: Line, today: date, months: tuple[date, ...]
) -> list[Refill]:
    """The refills of one product in their order. `due`: its line; `months`: the first days of the outlook's months."""
    if is_stopped(stock, terms):
        return []
    found = [_order_of_today(outlook, terms, due, today, months)] if due.quantity else []
    planned = due.quantity
    begin = found[0].month + 1 if found else 0
    for number in range(begin, outlook.months):
        latest = order_by(months[number], terms)
        there = max(0, stock.on_hand) - stock.reserved + due_before(end_of(number, months), stock) + planned
        refill = None if latest < today else _refill(outlook, terms, number, there, months)
        if refill is not None:
            found.append(refill)
            planned += refill.quantity
    return found


def _order_of_today(outlook: Outlook, terms: Terms, due: Line, today: date, months: tuple[date, ...]) -> Refill:
    arrival = min(int(max(0.0, terms.lead_months + 1 - outlook.first)), outlook.months - 1)
    month = arrival if due.refill_month is None else due.refill_month
    latest = today if due.order_by is None else due.order_by
    return Refill(month, due.quantity, latest, due.cost, due.reason)


def _refill(outlook: Outlook, terms: Terms, number: int, there: int, months: tuple[date, ...]) -> Refill | None:
    begin = outlook.end(number - 1) if number else 0.0
    until = max(outlook.end(number), begin + max(1, terms.review_days) / MONTH_DAYS)
    wanted = outlook.mean(until)
    up_to = whole(outlook.quantile(until, terms.service), wanted)
    if up_to <= there:
        return None
    quantity = packs(up_to - there, max(0.0, there - outlook.mean(begin)), outlook.pace, terms).ordered
    if not quantity:
        return None
    reason = (
        f"{quantity} to be there by {months[number]:%Y-%m-%d}: until its end {wanted:.1f} should sell, in "
        f"{100 * terms.service:.0f} % of cases no more than {up_to:.0f}, and stock and orders until then are {there}."
    )
    cost = None if terms.unit_cost is None else quantity * terms.unit_cost
    return Refill(number, quantity, order_by(months[number], terms), cost, reason)

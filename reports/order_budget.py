"""The plan within a sum of money: what one more pack earns for what it costs decides."""

import math
from datetime import date
from decimal import Decimal

import msgspec

from ml.budget import Candidate, within_budget
from ml.outlook import Outlook, outlook
from ml.restock import Line, Receipt, Stock, Terms, Urgency
from reports.order_plan import OrderPlan, PlanLine
from tillstream.errors import TerminalError
from tillstream.forecast_models import model
from tillstream.stores.mysql import Cursor, rows

ALL_STORES = ""  # the scope of the models of a shop with one store


def limited(cursor: Cursor, plan: OrderPlan, budget: Decimal, currency: str | None = None) -> OrderPlan:
    """The plan with what the budget pays for; lines in other currencies and without a cost stay as they are.

    Raises TerminalError where it is not clear of which currency the budget is.
    """
    money = _currency(plan, currency)
    outlooks = _outlooks(cursor, plan)
    candidates = {
        number: _candidate(line, outlooks)
        for number, line in enumerate(plan.lines)
        if line.quantity and line.currency == money
    }
    bought = dict(zip(candidates, within_budget(list(candidates.values()), budget), strict=True))
    lines = [
        line.ordering(bought[number].quantity, bought[number].reason) if number in bought else line
        for number, line in enumerate(plan.lines)
    ]
    return msgspec.structs.replace(plan, lines=lines, budget=f"{budget:f}", budget_currency=money)


def _currency(plan: OrderPlan, currency: str | None) -> str | None:
    known = plan.currencies
    if currency is None:
        if len(known) > 1:
            raise TerminalError(
                f"The plan has costs in {' and '.join(known)}.", "Say with `--currency` which to limit."
            )
        return known[0] if known else None
    if known and currency not in known:
        raise TerminalError(f"Nothing in the plan costs {currency}.", f"Its costs are in {', '.join(known)}.")
    return currency


def _outlooks(cursor: Cursor, plan: OrderPlan) -> dict[tuple[str, str], Outlook]:
    """By store and product, what the plan's lines were reckoned from."""
    query = (
        "SELECT DISTINCT m.`store_id`, m.`product_id`, m.`history`, m.`weights`, m.`expected`, m.`sums` "
        "FROM `plan_lines` l JOIN `forecast_models` m ON m.`forecast` = l.`forecast` "
        "AND m.`product_id` = l.`product_id` AND m.`store_id` IN (l.`store_id`, %s) "
        "WHERE l.`forecast` = %s AND l.`quantity` > 0"
    )
    found = rows(cursor, query, (ALL_STORES, plan.issue.forecast))
    return {(store, product): outlook(model(*columns), plan.issue.issued_on) for store, product, *columns in found}


def _candidate(line: PlanLine, outlooks: dict[tuple[str, str], Outlook]) -> Candidate:
    """The line as it was reckoned. Only the ratio of what a missed and a left-over piece cost is known: the service."""
    seen = outlooks.get((line.store_id, line.product_id)) or outlooks.get((ALL_STORES, line.product_id))
    if seen is None:
        raise TerminalError(
            f"The forecast has kept no model of {line.product_name}.", "A night makes another: `tillstream nightly`."
        )
    cost, service = Decimal(line.unit_cost or 0), Decimal(str(line.service))
    terms = Terms(
        lead_days=line.lead_time_days, pack=line.pack_size, minimum=line.minimum_order, unit_cost=cost,
        margin=service * cost, holding=(1 - service) * cost,
    )  # fmt: skip
    receipts = (Receipt(date.max, line.on_order + line.ordered_since),)  # when they come is of no account here
    return Candidate(_reckoned(line), seen, Stock(line.on_hand, receipts, line.reserved), terms)


def _reckoned(line: PlanLine) -> Line:
    return Line(
        quantity=line.quantity,
        reorder_point=line.reorder_point,
        order_up_to=line.order_up_to,
        safety_stock=line.safety_stock,
        service=line.service,
        months_of_cover=math.inf if line.months_of_cover is None else line.months_of_cover,
        refill_month=None,
        order_by=line.order_by,
        urgency=Urgency(line.urgency),
        cost=None if line.cost is None else Decimal(line.cost),
        reason=line.reason,
    )

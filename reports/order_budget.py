"""The plan within a sum of money: what one more pack earns for what it costs decides."""

import math
from datetime import date
from decimal import Decimal

import msgspec

from ml.budget import Candidate, within_budget
from ml.restock import Line, Receipt, Stock, Urgency
from reports.order_outlook import Outlooks, outlook_of, outlooks_of, terms_of
from reports.order_plan import OrderPlan, PlanLine
from tillstream.errors import TerminalError
from tillstream.stores.mysql import Cursor


def limited(cursor: Cursor, plan: OrderPlan, budget: Decimal, currency: str | None = None) -> OrderPlan:
    """The plan with what the budget pays for; lines in other currencies and without a cost stay as they are.

    Raises TerminalError where it is not clear of which currency the budget is.
    """
    money = _currency(plan, currency)
    outlooks = outlooks_of(cursor, plan.issue)
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


def _candidate(line: PlanLine, outlooks: Outlooks) -> Candidate:
    receipts = (Receipt(date.max, line.on_order + line.ordered_since),)  # when they come is of no account here
    return Candidate(
        _reckoned(line), outlook_of(outlooks, line), Stock(line.on_hand, receipts, line.reserved), terms_of(line)
    )


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

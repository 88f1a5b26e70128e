"""The plan within a sum of money: what one more pack earns for what it costs decides."""

from decimal import Decimal

import msgspec

from ml.budget import Candidate, within_budget
from ml.outlook import Outlook, outlook
from ml.restock import Line, Receipt, Stock, Terms, Urgency
from reports.order_plan import OrderPlan, PlanLine
from tillstream.errors import TerminalError
from tillstream.forecast_models import model
from tillstream.stores.mysql import Cursor, rows

USUAL_SCOPE = ""  # a shop with one store has its models under all stores together


def limited(cursor: Cursor, plan: OrderPlan, budget: Decimal, currency: str | None = None) -> OrderPlan:
    """The plan with what the budget pays for; lines in other currencies and without a cost stay as they are.

    Raises TerminalError where it is not clear of which currency the budget is.
    """
    money = _currency(plan, currency)
    candidates = {
        number: _candidate(line, _outlook(cursor, plan, line))
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
            raise TerminalError(f"The plan has costs in {' and '.join(known)}.", "Say with `--currency` which to limit.")
        return known[0] if known else None
    if known and currency not in known:
        raise TerminalError(f"Nothing in the plan costs {currency}.", f"Its costs are in {', '.join(known)}.")
    return currency


def _outlook(cursor: Cursor, plan: OrderPlan, line: PlanLine) -> Outlook:
    found = rows(
        cursor,
        "SELECT `history`, `weights`, `expected`, `sums` FROM `forecast_models` WHERE `forecast` = %s "
        "AND `product_id` = %s AND `store_id` IN (%s, %s) ORDER BY `store_id` DESC LIMIT 1",
        (plan.issue.forecast, line.product_id, line.store_id, USUAL_SCOPE),
    )
    if not found:
        raise TerminalError(
            f"Forecast {plan.issue.forecast} has no model of {line.product_name}.",
            "A night makes a new forecast: `tillstream nightly`.",
        )
    return outlook(model(*found[0]))


def _candidate(line: PlanLine, seen: Outlook) -> Candidate:
    """The line as it was reckoned. Only the ratio of what a missed and a left-over piece cost is known: the service."""
    cost = Decimal(line.unit_cost or 0)
    receipts = (Receipt(line.order_by or _SOME_DAY, line.on_order + line.ordered_since),)
    service = Decimal(str(line.service))
    terms = Terms(
        lead_days=line.lead_time_days, pack=line.pack_size, minimum=line.minimum_order, unit_cost=cost,
        margin=service * cost, holding=(1 - service) * cost, abc=line.abc,
    )  # fmt: skip
    return Candidate(_as_reckoned(line, cost), seen, Stock(line.on_hand, receipts, line.reserved), terms)

"""A line of the plan: the arithmetic that led to it, with its numbers."""

from decimal import Decimal

import msgspec

from ml.outlook import Outlook
from ml.restock import MONTH_DAYS, Terms, packs
from reports.order_outlook import outlook_of, outlooks_of, terms_of
from reports.order_plan import PlanLine, product_plan
from tillstream.settings import Settings
from tillstream.stores.forecasts import Forecast
from tillstream.stores.mysql import reading


class LineExplanation(msgspec.Struct, frozen=True):
    """One store's line. `period_days` P = L + R; `expected` F; `position` on hand + on order - reserved."""

    line: PlanLine
    period_days: int
    expected: float
    position: int
    steps: list[str]


class PlanExplanation(msgspec.Struct, frozen=True):
    """A product's lines."""

    issue: Forecast
    lines: list[LineExplanation]


def explain_plan(settings: Settings, product_id: str) -> PlanExplanation:
    """Explains the current plan of a product. Raises TerminalError where there is none."""
    with reading(settings, "operator") as cursor:
        plan = product_plan(cursor, product_id)
        outlooks = outlooks_of(cursor, plan.issue, product_id)
    return PlanExplanation(plan.issue, [explained(line, outlook_of(outlooks, line)) for line in plan.lines])


def explained(line: PlanLine, outlook: Outlook) -> LineExplanation:
    """The line with its arithmetic."""
    terms = terms_of(line)
    days = round(terms.period * MONTH_DAYS)
    expected = outlook.mean(terms.period)
    steps = [
        _position(line),
        _period(line, terms, days),
        f"Those {days} days should sell {expected:,.1f}, and in {100 * line.service:.0f} % of cases no more than "
        f"{line.order_up_to:,.1f}: order up to that. The safety stock in it is {line.safety_stock:,.1f}.",
        *_quantity(line, outlook, terms),
        *_money(line),
        *([f"Order by {line.order_by}."] if line.order_by and line.planned else []),
    ]
    return LineExplanation(line, days, expected, line.position, steps)


def _position(line: PlanLine) -> str:
    books = " (less than nothing by the books: count it)" if line.on_hand < 0 else ""
    return (
        f"There will be {max(0, line.on_hand):,} on hand{books} + {line.on_order:,} on order "
        f"- {line.reserved:,} reserved = {line.position:,} pieces."
    )


def _period(line: PlanLine, terms: Terms, days: int) -> str:
    guess = " (not known: the usual)" if line.lead_time_days is None else ""
    review = terms.review_days
    return f"They must last {days - review} days until a delivery{guess} + {review} days until the next order = {days}."


def _quantity(line: PlanLine, outlook: Outlook, terms: Terms) -> list[str]:
    position = line.position
    if position > line.reorder_point:
        return [f"{position:,} is above the reorder point {line.reorder_point:,.1f}: nothing to order."]
    if not line.planned:
        return [f"Nothing to order all the same. {line.reason}"]
    missing = line.order_up_to - position
    whole = packs(missing, position, outlook.pace, terms).wanted
    less = f", of which {line.planned:,} stay within the maximum cover" if line.planned < whole else ""
    steps = [
        f"{position:,} is at or below the reorder point {line.reorder_point:,.1f}: "
        f"{line.order_up_to:,.1f} - {position:,} = {missing:,.1f} are missing.",
        f"In packs of {line.pack_size:,}, and at least {line.minimum_order:,}: {whole:,}{less}.",
    ]
    if line.ordered_since:
        steps.append(f"{line.ordered_since:,} were ordered since: {line.quantity:,} are left to order.")
    return steps


def _money(line: PlanLine) -> list[str]:
    if not line.quantity or line.unit_cost is None:
        return []
    return [f"{line.quantity:,} x {Decimal(line.unit_cost):,} = {Decimal(line.cost or 0):,} {line.currency}."]

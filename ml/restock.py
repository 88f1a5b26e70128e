"""What to order of one product, by when, and why: the arithmetic of an order sheet.

R is the review period, L the lead time, P = L + R; F_P the expected demand of P months and Q_P(τ) the quantile of
their sum.

- Service level τ = Cu / (Cu + Co), what a missed piece costs next to what a left-over one does; else by ABC class.
- Safety stock Q_P(τ) - F_P, reorder point Q_P(τ) (Q_L(τ) where stock is watched all the time), order-up-to S = Q_P(τ).
- Position = on hand + on order - reserved. At or below the reorder point: max(minimum, whole packs up to S), within the
  maximum cover.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from ml.outlook import Outlook

MONTH_DAYS = 365.25 / 12
SERVICE = {"A": 0.98, "B": 0.95, "C": 0.90}
USUAL_LEAD_DAYS = 14
SLOW_PIECES = 10.0  # a period's demand below which single pieces matter
DEAD_MONTHS = 12


class Urgency(StrEnum):
    """Red: late already. Amber: before the next review. Green: there is time, or nothing to do."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"


@dataclass(frozen=True)
class Receipt:
    """Pieces on order, and when they are due."""

    due: date
    pieces: int


@dataclass(frozen=True)
class Stock:
    """Pieces; `on_hand` by the books, which may be below 0. `idle_months`: whole months since the last sale."""

    on_hand: int
    receipts: tuple[Receipt, ...] = ()
    reserved: int = 0
    idle_months: int = 0

    @property
    def on_order(self) -> int:
        """Pieces that are still to come."""
        return sum(receipt.pieces for receipt in self.receipts)

    @property
    def position(self) -> int:
        """What will be there for new customers when all orders have come."""
        return max(0, self.on_hand) + self.on_order - self.reserved


@dataclass(frozen=True)
class Terms:
    """How a product is bought. None: not known. `margin` and `holding`: Cu and Co, money by piece and period."""

    lead_days: int | None = None
    review_days: int = 30
    pack: int = 1
    minimum: int = 0
    unit_cost: Decimal | None = None
    margin: Decimal | None = None
    holding: Decimal | None = None
    abc: str = "B"
    maximum_cover: float = 6.0  # months
    discontinued: bool = False
    watched: bool = False  # stock is looked at every day, not once per review

    @property
    def lead_months(self) -> float:
        """L."""
        return (USUAL_LEAD_DAYS if self.lead_days is None else max(0, self.lead_days)) / MONTH_DAYS

    @property
    def period(self) -> float:
        """P = L + R, in months."""
        return self.lead_months + max(1, self.review_days) / MONTH_DAYS

    @property
    def service(self) -> float:
        """τ."""
        if self.margin is not None and self.holding is not None and self.margin > 0 and self.holding > 0:
            return float(self.margin / (self.margin + self.holding))
        return SERVICE.get(self.abc, SERVICE["B"])


@dataclass(frozen=True)
class Line:
    """What to do about one product. `order_by` and `refill_month` are None where nothing runs out in the outlook."""

    quantity: int
    reorder_point: float
    order_up_to: float
    safety_stock: float
    service: float
    months_of_cover: float
    refill_month: int | None  # 0 is the first month of the outlook
    order_by: date | None
    urgency: Urgency
    cost: Decimal | None
    reason: str


def line(outlook: Outlook, stock: Stock, terms: Terms, today: date, months: tuple[date, ...]) -> Line:
    """The line of one product. `months`: the first days of the outlook's months; the first may have begun."""
    service, period = terms.service, terms.period
    up_to = whole(outlook.quantile(period, service), outlook.mean(period))
    point = outlook.quantile(terms.lead_months if terms.watched else period, service)
    point = min(whole(point, outlook.mean(period)), up_to)
    refill = _refill_month(outlook, stock, service, months)
    latest = None if refill is None else order_by(months[refill], terms)
    quantity, why = _quantity(outlook, stock, terms, point, up_to)
    return Line(
        quantity=quantity,
        reorder_point=point,
        order_up_to=up_to,
        safety_stock=max(0.0, up_to - outlook.mean(period)),
        service=service,
        months_of_cover=months_of_cover(stock.on_hand, outlook),
        refill_month=refill,
        order_by=latest,
        urgency=_urgency(stock, terms, latest, today, outlook.mean(period) > 0 and not is_stopped(stock, terms)),
        cost=None if terms.unit_cost is None else quantity * terms.unit_cost,
        reason=why,
    )


def months_of_cover(on_hand: int, outlook: Outlook) -> float:
    """How long the pieces last at the mean forecast; infinite where nothing is expected to sell."""
    return max(0, on_hand) / outlook.pace if outlook.pace > 0 else math.inf


def whole(pieces: float, mean: float) -> float:
    """Slow movers are counted in pieces: the least S with P(D <= S) >= τ, half a piece corrected for being whole."""
    return float(max(0, math.ceil(pieces - 0.5))) if mean < SLOW_PIECES else pieces


def _refill_month(outlook: Outlook, stock: Stock, service: float, months: tuple[date, ...]) -> int | None:
    """The first month with P(demand until its end > on hand + what is due by then) > 1 - τ."""
    free = max(0, stock.on_hand) - stock.reserved
    for number in range(outlook.months):
        if outlook.quantile(outlook.end(number), service) > free + due_before(end_of(number, months), stock):
            return number
    return None


def end_of(number: int, months: tuple[date, ...]) -> date:
    """The first day after a month."""
    return months[number + 1] if number + 1 < len(months) else (months[number] + timedelta(days=32)).replace(day=1)


def due_before(day: date, stock: Stock) -> int:
    """Pieces on order that should have come by the morning of a day."""
    return sum(receipt.pieces for receipt in stock.receipts if receipt.due < day)


def order_by(first: date, terms: Terms) -> date:
    """The last day on which to order what has to be there on the first of a month."""
    lead = USUAL_LEAD_DAYS if terms.lead_days is None else max(0, terms.lead_days)
    return first - timedelta(days=lead)


def is_stopped(stock: Stock, terms: Terms) -> bool:
    """Whether a product is not ordered any more, whatever its outlook."""
    return terms.discontinued or stock.idle_months >= DEAD_MONTHS


def _urgency(stock: Stock, terms: Terms, latest: date | None, today: date, wanted: bool) -> Urgency:
    if latest is None or not wanted:
        return Urgency.GREEN
    if latest <= today or stock.on_hand <= 0:
        return Urgency.RED
    return Urgency.AMBER if latest <= today + timedelta(days=max(1, terms.review_days)) else Urgency.GREEN


def _quantity(outlook: Outlook, stock: Stock, terms: Terms, point: float, up_to: float) -> tuple[int, str]:
    """How many pieces, and the sentence that says why."""
    if terms.discontinued:
        return 0, f"Discontinued: the {max(0, stock.on_hand)} left are sold off."
    if stock.idle_months >= DEAD_MONTHS:
        return 0, f"No sale for {stock.idle_months} months: not restocked, {max(0, stock.on_hand)} left."
    mean = outlook.mean(terms.period)
    facts = _facts(stock, terms, mean, up_to)
    if mean <= 0 and up_to <= 0:
        return 0, f"Nothing is expected to sell: {facts}."
    if stock.position > point or stock.position >= up_to:
        return 0, f"Enough for now: {facts}."
    choice = packs(up_to - stock.position, stock.position, outlook.pace, terms)
    if choice.ordered == choice.wanted:
        return choice.wanted, f"Order {choice.wanted}: {facts}."
    limit = f"{terms.maximum_cover:g}"
    if not choice.ordered:
        lasts = _months((max(0, stock.position) + choice.least) / max(outlook.pace, 1e-9))
        return 0, f"The least order of {choice.least} would last {lasts}, the limit is {limit}: {facts}."
    return (
        choice.ordered,
        f"Order {choice.ordered}, not {choice.wanted}, to stay within {limit} months of cover: {facts}.",
    )


class Packs(NamedTuple):
    """Whole packs, in pieces: the least that can be ordered, what is wanted, and that within the maximum cover."""

    least: int
    wanted: int
    ordered: int


def packs(missing: float, position: float, pace: float, terms: Terms) -> Packs:
    """What to order of a product that lacks `missing` pieces and sells `pace` a month."""
    pack = max(1, terms.pack)
    least = max(packs_up(terms.minimum, pack), pack)
    wanted = max(least, packs_up(missing, pack))
    most = max(0, math.floor((terms.maximum_cover * pace - position) / pack + 1e-9)) * pack
    return Packs(least, wanted, min(wanted, most) if most >= least else 0)


def packs_up(pieces: float, pack: int) -> int:
    """Pieces in whole packs, no less than wanted."""
    return max(0, math.ceil(pieces / pack - 1e-9)) * pack


def _facts(stock: Stock, terms: Terms, mean: float, up_to: float) -> str:
    """The numbers behind a line, as one clause."""
    days = round(terms.period * MONTH_DAYS)
    there = [f"{stock.on_hand} on hand" + (" by the books (count it)" if stock.on_hand < 0 else "")]
    there += [f"{stock.on_order} on order"] if stock.on_order else []
    there += [f"{stock.reserved} reserved"] if stock.reserved else []
    guess = " (lead time not known, 14 assumed)" if terms.lead_days is None else ""
    return (
        f"{', '.join(there)}; the next {days} days{guess} should sell {mean:.1f}, "
        f"and in {100 * terms.service:.0f} % of cases no more than {up_to:.0f}"
    )


def _months(months: float) -> str:
    return "for ever" if months > 240 else f"{months:.0f} months"

"""Stock that does not earn: what lies dead, what lies too long, and what empty shelves cost."""

from dataclasses import dataclass
from decimal import Decimal

from ml.outlook import Outlook
from ml.restock import DEAD_MONTHS, Stock, months_of_cover

SLOW_MONTHS = 12.0  # cover beyond which stock is slow


@dataclass(frozen=True)
class Idle:
    """`kind`: "dead" (unsold for a year), "slow" (more than a year's cover) or "ok".

    `money` is what the pieces that are too many have cost, None where that is not known.
    """

    kind: str
    pieces: int
    money: Decimal | None


def idle(stock: Stock, outlook: Outlook, unit_cost: Decimal | None) -> Idle:
    """What of a product's stock lies idle."""
    there = max(0, stock.on_hand)
    pieces, kind = 0, "ok"
    if there and stock.idle_months >= DEAD_MONTHS:
        pieces, kind = there, "dead"
    elif there and months_of_cover(there, outlook) > SLOW_MONTHS:
        needed = SLOW_MONTHS * outlook.pace
        pieces, kind = there - int(needed), "slow"
    return Idle(kind, pieces, None if unit_cost is None else pieces * unit_cost)


def sell_through(sold: int, on_hand: int) -> float | None:
    """The share sold of what there was to sell; None where there was nothing."""
    there = max(0, sold) + max(0, on_hand)
    return max(0, sold) / there if there else None


def lost_sales(pieces: float, unit_price: Decimal | None) -> Decimal | None:
    """What empty shelves cost in turnover, in whole pieces; None where the price is not known."""
    return None if unit_price is None else round(pieces) * unit_price

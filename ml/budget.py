"""Spending a sum of money where it does most: pack by pack, by what one more earns for what it costs."""

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from ml.outlook import Outlook
from ml.restock import Line, Stock, Terms


@dataclass(frozen=True)
class Candidate:
    """A line that wants money, and what it was reckoned from."""

    line: Line
    outlook: Outlook
    stock: Stock
    terms: Terms


def within_budget(candidates: Sequence[Candidate], budget: Decimal) -> list[Line]:
    """The lines with the quantities that the budget pays for, in the order given.

    Packs are bought by (Cu·P(D > S) - Co·P(D ≤ S)) / cost, the highest first, S being the position they add to; the
    first purchase of a line is its least order. One that is too dear for what is left is passed over. Where Cu and Co
    are not known their ratio is that of the service level. What has no cost takes no money and stays as it is.
    """
    left = budget
    bought = [0] * len(candidates)
    # Alike in worth, the line that has less so far comes first.
    heap = [_offer(candidate, number, 0) for number, candidate in enumerate(candidates) if _wants_money(candidate)]
    heapq.heapify(heap)
    while heap:
        worth, _, number, pieces = heapq.heappop(heap)
        candidate = candidates[number]
        cost = pieces * (candidate.terms.unit_cost or Decimal(0))
        if worth >= 0 or cost > left:  # worths are negative so that the highest comes first
            continue
        left -= cost
        bought[number] += pieces
        if bought[number] < candidate.line.quantity:
            heapq.heappush(heap, _offer(candidate, number, bought[number]))
    return [_cut(candidate, pieces, budget) for candidate, pieces in zip(candidates, bought, strict=True)]


def _wants_money(candidate: Candidate) -> bool:
    cost = candidate.terms.unit_cost
    return candidate.line.quantity > 0 and cost is not None and cost > 0


def _offer(candidate: Candidate, number: int, bought: int) -> tuple[float, int, int, int]:
    """The next purchase of a line: minus its worth for a unit of money, pieces so far, the line, the pieces."""
    terms = candidate.terms
    pack = max(1, terms.pack)
    pieces = pack
    if bought == 0:
        pieces = max(pack, math.ceil(terms.minimum / pack) * pack)
    pieces = min(pieces, candidate.line.quantity - bought)
    short, over = _costs(terms)
    start = candidate.stock.position + bought
    steps = [start + pieces * share for share in (0.125, 0.375, 0.625, 0.875)]
    chance = sum(candidate.outlook.chance_above(terms.period, at) for at in steps) / len(steps)
    return -(short * chance - over * (1 - chance)) / float(terms.unit_cost or 1), bought, number, pieces


def _costs(terms: Terms) -> tuple[float, float]:
    """Cu and Co by piece, in money."""
    if terms.margin is not None and terms.holding is not None and terms.margin > 0 and terms.holding > 0:
        return float(terms.margin), float(terms.holding)
    cost = float(terms.unit_cost or 1)
    return terms.service * cost, (1 - terms.service) * cost


def _cut(candidate: Candidate, bought: int, budget: Decimal) -> Line:
    line = candidate.line
    if not _wants_money(candidate) or bought == line.quantity:
        return line
    said = f"{bought} of {line.quantity} are within the budget of {budget:,}"
    cost = bought * candidate.terms.unit_cost if candidate.terms.unit_cost is not None else None
    return replace(line, quantity=bought, cost=cost, reason=f"{line.reason.removesuffix('.')}; {said}.")

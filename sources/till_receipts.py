"""What a live till sells: products as the simulated shop has them, in receipts of one or more lines, and returns."""

import itertools
from bisect import bisect
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Literal, NamedTuple

from sources.assortment import assortment
from sources.prices import discount_per_piece, list_prices
from sources.receipts import FURTHER_LINE
from tillstream.shop_calendar import days_between

RETURNED = 0.02
DISCOUNTED, DISCOUNT_PERCENT = 0.08, 10
SECOND_PIECE = 0.1

Kind = Literal["sale", "return"]


class TillProduct(NamedTuple):
    """What can be sold: a price in whole units of the currency, and how often it is sold beside the others."""

    product_id: str
    product_name: str
    unit_price: int
    weight: float


class TillLine(NamedTuple):
    """Pieces of a product, and the discount of the line in whole units of the currency."""

    product: TillProduct
    quantity: int
    discount: str | None


def till_products(seed: int = 7, start: date = date(2023, 1, 1), end: date = date(2025, 12, 31)) -> list[TillProduct]:
    """What the shop of `simulate_shop` has on sale on the last day of such a history, which is made of whole months."""
    days = days_between(start, end)
    stock = assortment(seed, days)
    prices = list_prices(seed, stock.styles, days)[-1]
    return [
        TillProduct(product.product_id, product.name, prices[product.style], style.weight * product.share)
        for product in stock.products
        if (style := stock.styles[product.style]).discontinued is None or style.discontinued >= len(days)
    ]


def receipts(draw: Callable[[], float], products: Sequence[TillProduct]) -> Iterator[tuple[Kind, list[TillLine]]]:
    """Kind and lines of receipt after receipt; what comes back was sold before, once, at the same price.

    `draw` gives random numbers from 0 to below 1.
    """
    reaches = list(itertools.accumulate(product.weight for product in products))
    sold: deque[TillLine] = deque(maxlen=500)
    while True:
        if sold and draw() < RETURNED:
            yield "return", [sold.popleft()]
            continue
        lines: list[TillLine] = []
        while not lines or draw() < FURTHER_LINE:
            product = products[min(bisect(reaches, draw() * reaches[-1]), len(products) - 1)]
            quantity = 2 if draw() < SECOND_PIECE else 1
            off = discount_per_piece(product.unit_price, DISCOUNT_PERCENT) if draw() < DISCOUNTED else 0
            lines.append(TillLine(product, quantity, str(off * quantity) if off else None))
        sold += lines
        yield "sale", lines

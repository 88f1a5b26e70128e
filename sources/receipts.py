"""What customers bring to the tills: the demand of a day in baskets, and the lines that are rung up."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sources.addresses import Address, address
from sources.seasons import HOUR_PROFILE, OPENING_HOUR
from sources.seeds import Purpose, stream

TILLS = ("till-1", "till-2")
FIRST_TILL_SHARE = 0.64
FURTHER_LINE = 0.38  # how often one more line belongs to the same basket
HOME_DELIVERY = 0.12
BARGAIN = 0.05  # share of lines on which a regular customer talks the price down


class Basket(NamedTuple):
    """One customer. `second` of the day; `wanted`: product, pieces and the bargained kyat per piece."""

    second: int
    till_id: str
    wanted: list[tuple[int, int, int]]
    address: Address | None


class Line(NamedTuple):
    """One line of a receipt. Money in kyat per piece; `second` of the day; the product by position."""

    kind: str
    order_id: str
    line_no: int
    till_id: str
    product: int
    quantity: int
    unit_price: int
    discount_per_piece: int
    second: int
    address: Address | None


def baskets(seed: int, day_no: int, products: NDArray[np.int64], quantities: NDArray[np.int64]) -> list[Basket]:
    """The lines that customers want on a day, mixed, put into baskets, in the order of time."""
    draws = stream(seed, Purpose.RECEIPTS, day_no)
    mixed = draws.permutation(len(products))
    bargains = (draws.random(len(products)) < BARGAIN) * draws.choice((500, 1000), size=len(products))
    lines = list(zip(products[mixed].tolist(), quantities[mixed].tolist(), bargains.tolist(), strict=True))
    firsts = np.flatnonzero(draws.random(len(lines)) >= FURTHER_LINE).tolist()
    starts = sorted({0, *firsts}) if lines else []
    ends = [*starts[1:], len(lines)][: len(starts)]
    tills = [TILLS[int(draw >= FIRST_TILL_SHARE)] for draw in draws.random(len(starts)).tolist()]
    seconds = receipt_seconds(draws, len(starts))
    homes = [address(draws) if draw < HOME_DELIVERY else None for draw in draws.random(len(starts)).tolist()]
    return [
        Basket(second, till_id, lines[start:end], home)
        for second, till_id, start, end, home in zip(seconds, tills, starts, ends, homes, strict=True)
    ]


def receipt_seconds(draws: np.random.Generator, receipts: int) -> list[int]:
    """Seconds of the day at which receipts are rung up, in order, within the opening hours."""
    hours = draws.choice(len(HOUR_PROFILE), size=receipts, p=np.array(HOUR_PROFILE) / sum(HOUR_PROFILE))
    seconds: list[int] = np.sort((OPENING_HOUR + hours) * 3600 + draws.integers(3600, size=receipts)).tolist()
    return seconds

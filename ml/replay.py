"""What an order policy would have done: months lived through again, with the demand that really came.

At the start of every month each policy raises its position (on hand + on order) to its level. Orders arrive after
the lead time, demand that meets an empty shelf is lost. Everything is in pieces, series x months.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Replay(NamedTuple):
    """By series: pieces wanted and served, the mean stock of a month (of its start and end), and orders placed."""

    wanted: Floats
    served: Floats
    stock: Floats
    orders: Floats
    months: int

    @property
    def fill_rate(self) -> float:
        """The share of demand that was served."""
        return float(self.served.sum() / max(float(self.wanted.sum()), 1e-9))

    @property
    def cover(self) -> float:
        """Mean stock in months of mean demand."""
        return float(self.stock.sum() * self.months / max(float(self.wanted.sum()), 1e-9))


def replayed(levels: Floats, demand: Floats, lead: int = 1, reorder: Floats | None = None) -> Replay:
    """Lives through the months of `demand` with order-up-to `levels` (series x months).

    An order is placed when the position is at or below `reorder`, by default whenever it is below the level. `lead`:
    months from order to delivery. The first months, until the first delivery, start from what the first level holds.
    """
    number, months = demand.shape
    on_hand = levels[:, 0].copy()
    coming = np.zeros((number, months + lead + 1))
    served, stock, orders = (np.zeros(number) for _ in range(3))
    for month in range(months):
        on_hand = on_hand + coming[:, month]
        position = on_hand + coming[:, month + 1 :].sum(axis=1)
        point = levels[:, month] if reorder is None else reorder[:, month]
        amount = np.where(position <= point, np.maximum(levels[:, month] - position, 0.0), 0.0)
        coming[:, month + lead] += amount
        orders += amount > 0
        if lead == 0:
            on_hand = on_hand + amount
        sold = np.minimum(on_hand, demand[:, month])
        stock += (on_hand + on_hand - sold) / 2
        on_hand = on_hand - sold
        served += sold
    return Replay(demand.sum(axis=1), served, stock / months, orders, months)

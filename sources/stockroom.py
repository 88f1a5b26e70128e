"""The pieces that are physically in the shop, and what the shop's own records make of them."""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Stockroom:
    """Pieces by product. `physical` is never negative; `records` follows the rule that every reader of the events uses:
    last count + deliveries + returns - losses - sales of the days since.
    """

    def __init__(self, opening_stock: Ints) -> None:
        self.physical = opening_stock.copy()
        self.records = np.zeros_like(opening_stock)

    def count(self, product: int) -> int:
        """Counts what is there; from now on the records say the same."""
        self.records[product] = self.physical[product]
        return int(self.physical[product])

    def add(self, product: int, quantity: int) -> None:
        """A delivery, or a piece that came back."""
        self.physical[product] += quantity
        self.records[product] += quantity

    def take(self, product: int, wanted: int) -> int:
        """A sale or a known loss: as many pieces as are there, at most the wanted ones. Gives how many."""
        taken = min(wanted, int(self.physical[product]))
        self.physical[product] -= taken
        self.records[product] -= taken
        return taken

    def vanish(self, product: int) -> None:
        """One piece is gone and nobody noticed: the next count will tell."""
        self.physical[product] -= 1

    def random_product(self, draws: np.random.Generator) -> int | None:
        """The product of a piece picked at random; None when the shop is empty."""
        pieces = int(self.physical.sum())
        if pieces == 0:
            return None
        return int(np.searchsorted(np.cumsum(self.physical), draws.integers(pieces), side="right"))

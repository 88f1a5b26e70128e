"""A shop's products by month, as the forecast reads them, and the same products as they looked at earlier origins."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ml.curves import Variants
from tillstream.errors import TerminalError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST = 120  # months that are read; what lies ten years back tells nothing more
YEAR = 12


@dataclass(frozen=True)
class Panel:
    """Products x months of demand in pieces; the last column is the last month that is over.

    `demand`: NaN before the first sale and where nothing is known. Below 0 (more came back than was sold) counts as 0.
    `ids`: one by product, each once. `groups`: the product's category, or () where there are no totals to keep.
    `trade`: how much trade a month had, for the months of `demand` and those to come (the shop's open days, weighted by
    weekday and festivals, for example); () where months are alike. Only ratios matter.
    `variants`: styles, sizes and colours, where products are parts of styles; None elsewhere.
    """

    demand: Floats
    ids: tuple[str, ...]
    groups: tuple[str, ...] = ()
    trade: Floats = field(default_factory=lambda: np.empty(0))
    variants: Variants | None = None

    def __post_init__(self) -> None:
        number = len(self.ids)
        if self.demand.ndim != 2 or self.demand.shape[0] != number:
            raise TerminalError(
                f"A panel of {number} products has demand of shape {self.demand.shape}.", "One row by product."
            )
        if len(set(self.ids)) != number:
            raise TerminalError("A product is in the panel twice.", "Give each product one row.")
        if self.groups and len(self.groups) != number:
            raise TerminalError(f"{number} products have {len(self.groups)} categories.", "One by product.")
        if self.variants is not None and len(self.variants.styles) != number:
            raise TerminalError(f"{number} products have {len(self.variants.styles)} styles.", "One by product.")
        if self.trade.size and (len(self.trade) < self.demand.shape[1] or not (self.trade > 0).all()):
            raise TerminalError("The trade of a month is missing or not above 0.", "One number above 0 by month.")
        if np.isinf(self.demand).any():
            raise TerminalError("A demand is infinite.", "Leave out what is not known.")

    @property
    def months(self) -> int:
        """How many months of history there are, at most LONGEST of them read."""
        found: int = min(self.demand.shape[1], LONGEST)
        return found

    @cached_property
    def group_numbers(self) -> Ints | None:
        """The category of each product as a number; None where there are none."""
        if not self.groups:
            return None
        order = {name: number for number, name in enumerate(sorted(set(self.groups)))}
        return np.array([order[name] for name in self.groups], dtype=np.int64)

    def trade_ahead(self, horizon: int) -> Floats:
        """The trade of the months to come next to a mean month; where not told, that of the same months a year ago."""
        months = self.demand.shape[1]
        if not self.trade.size:
            return np.ones(horizon)
        mean = self.trade[:months][-self.months :].mean()
        told = self.trade[months : months + horizon]
        last_year = np.resize(self.trade[max(0, months - YEAR) : months], horizon) if months else np.ones(horizon)
        found: Floats = np.concatenate([told, last_year[len(told) :]]) / mean
        return found


def read(panel: Panel) -> tuple[Floats, Floats]:
    """Demand per unit of trade (months x products, 0 where unknown), and where it is known (1.0) or not (0.0).

    A history begins with the first sale, or a year before the end where that is earlier: a product that stood a year
    on the shelf unsold is not new.
    """
    number = len(panel.ids)
    if not panel.months:
        return np.zeros((1, number)), np.zeros((1, number))
    demand = panel.demand[:, -panel.months :].T
    seen = ~np.isnan(demand)
    demand = np.maximum(np.nan_to_num(demand), 0.0)
    begun = np.cumsum(demand > 0, axis=0) > 0
    begun[-YEAR:] = True
    if panel.trade.size:
        trade = panel.trade[: panel.demand.shape[1]][-panel.months :]
        demand = demand * (trade.mean() / trade)[:, None]
    return np.ascontiguousarray(demand), np.ascontiguousarray((seen & begun).astype(np.float64))

"""What is known of a product's demand over some months together, which need not be whole ones."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from tillstream.errors import TerminalError
from tillstream.forecast_models import Model

Floats = NDArray[np.float64]

LEVELS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.98, 0.99)


@dataclass(frozen=True)
class Outlook:
    """Of one product. `expected`: pieces by month. `sums`: quantiles at `levels` x the first 1, 2, … months together.

    `first`: how much of the first month is still to come, 1 for a whole one. Between the ends of months everything is
    drawn as straight lines, from 0 now.
    """

    expected: Floats
    levels: Floats
    sums: Floats
    first: float = 1.0

    def __post_init__(self) -> None:
        if self.sums.shape != (len(self.levels), len(self.expected)) or not len(self.expected):
            raise TerminalError("The quantiles of a product do not fit its months.", "Give one by level and month.")
        if not 0 < self.first <= 1:
            raise TerminalError(f"{self.first} of a month cannot be left.", "Give a share above 0, at most 1.")

    @property
    def months(self) -> int:
        """How many months there are, the first of which may have begun."""
        return len(self.expected)

    @property
    def reach(self) -> float:
        """When the last month is over, in months from now."""
        return self.end(self.months - 1)

    @property
    def pace(self) -> float:
        """Pieces expected by month, in the mean."""
        return self.mean(self.reach) / self.reach

    def end(self, number: int) -> float:
        """When a month is over, in months from now."""
        return number + self.first

    def mean(self, months: float) -> float:
        """F: pieces expected over the first `months`; beyond the last one known, months like their mean."""
        return self._at(np.cumsum(self.expected), months)

    def quantile(self, months: float, level: float) -> float:
        """Q: so many pieces that demand over `months` stays at or below them with the chance `level`."""
        above = min(int(np.searchsorted(self.levels, level)), len(self.levels) - 1)
        below = max(above - 1, 0)
        span = float(self.levels[above] - self.levels[below])
        share = min(max((level - float(self.levels[below])) / span, 0.0), 1.0) if span else 1.0
        return max(0.0, self._at((1 - share) * self.sums[below] + share * self.sums[above], months))

    def chance_above(self, months: float, pieces: float) -> float:
        """P(D > pieces) over `months`; beyond the outermost quantiles, their levels."""
        column = np.array([self._at(row, months) for row in self.sums])
        distinct = np.maximum.accumulate(np.concatenate([[0.0], column])) + 1e-9 * np.arange(len(column) + 1)
        return 1.0 - float(np.interp(pieces, distinct, np.concatenate([[0.0], self.levels])))

    def _at(self, by_month: Floats, months: float) -> float:
        if months <= self.first:
            return float(by_month[0]) * max(0.0, months) / self.first
        if months >= self.reach:
            return float(by_month[-1]) * months / self.reach
        before = min(int(months - self.first), self.months - 2)
        share = months - self.first - before
        return float((1 - share) * by_month[before] + share * by_month[before + 1])


def outlook(model: Model, today: date) -> Outlook:
    """What a stored model says of the months from the one in progress on; `today`: the day of issue."""
    return Outlook(
        expected=np.array(list(model.expected.values()), dtype=np.float64),
        levels=np.array(list(model.sums), dtype=np.float64),
        sums=np.array(list(model.sums.values()), dtype=np.float64),
        first=left_of_month(today) if f"{today:%Y-%m}" in model.expected else 1.0,
    )


def left_of_month(today: date) -> float:
    """The share of a month's days that begins with `today`."""
    days = monthrange(today.year, today.month)[1]
    return (days - today.day + 1) / days

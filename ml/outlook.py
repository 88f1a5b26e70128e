"""What is known of a product's demand over some months together, which need not be whole ones."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tillstream.errors import TerminalError
from tillstream.forecast_models import Model

Floats = NDArray[np.float64]

LEVELS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.925, 0.95, 0.965, 0.98, 0.99)


@dataclass(frozen=True)
class Outlook:
    """Of one product. `expected`: pieces by month. `sums`: quantiles at `levels` x the first 1, 2, … months together.

    Between whole months everything is drawn as straight lines, from 0 now.
    """

    expected: Floats
    levels: Floats
    sums: Floats

    def __post_init__(self) -> None:
        if self.sums.shape != (len(self.levels), len(self.expected)) or not len(self.expected):
            raise TerminalError("The quantiles of a product do not fit its months.", "Give one by level and month.")

    @property
    def months(self) -> int:
        """How far the outlook reaches."""
        return len(self.expected)

    def mean(self, months: float) -> float:
        """F: pieces expected over the first `months`; beyond the last one known, months like their mean."""
        return self._at(np.cumsum(self.expected), months)

    def quantile(self, months: float, level: float) -> float:
        """Q: so many pieces that demand over `months` stays at or below them with the chance `level`."""
        by_month = np.array([np.interp(level, self.levels, column) for column in self.sums.T])
        return max(0.0, self._at(by_month, months))

    def chance_above(self, months: float, pieces: float) -> float:
        """P(D > pieces) over `months`; beyond the outermost quantiles, their levels."""
        column = np.array([self._at(row, months) for row in self.sums])
        distinct = np.maximum.accumulate(np.concatenate([[0.0], column])) + 1e-9 * np.arange(len(column) + 1)
        return 1.0 - float(np.interp(pieces, distinct, np.concatenate([[0.0], self.levels])))

    def _at(self, by_month: Floats, months: float) -> float:
        if months <= self.months:
            return float(np.interp(months, np.arange(self.months + 1), np.concatenate([[0.0], by_month])))
        return float(by_month[-1] * months / self.months)


def outlook(model: Model) -> Outlook:
    """What a stored model says of the months from the one in progress on."""
    return Outlook(
        expected=np.array(list(model.expected.values()), dtype=np.float64),
        levels=np.array(list(model.sums), dtype=np.float64),
        sums=np.array(list(model.sums.values()), dtype=np.float64),
    )

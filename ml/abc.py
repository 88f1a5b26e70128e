"""Which products bring most of the money: A those of the first 80 % of revenue, B of the next 15 %, C the others."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CLASSES = "ABC"
SHARES = (0.80, 0.95)  # of revenue, from which on the next class begins


def classes(revenues: Sequence[Floats]) -> tuple[str, ...]:
    """Of each product, from its revenue in each currency; the best of them, as currencies are never added."""
    ranks = np.min([_ranks(revenue) for revenue in revenues], axis=0)
    return tuple(CLASSES[rank] for rank in ranks)


def _ranks(revenue: Floats) -> NDArray[np.int64]:
    earned = np.maximum(revenue, 0.0)
    order = np.argsort(-earned, kind="stable")
    total = float(earned.sum())
    ranks = np.full(len(revenue), len(CLASSES) - 1, dtype=np.int64)
    if total > 0:
        before = (np.cumsum(earned[order]) - earned[order]) / total  # what dearer products bring
        ranks[order] = np.where(earned[order] > 0, np.searchsorted(SHARES, before + 1e-12, side="right"), len(SHARES))
    return ranks

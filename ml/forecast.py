"""What a forecast says, and how it was come by."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PanelForecast:
    """Products x months to come, in pieces.

    `quantiles`: levels x products x months; a product's never fall from one level to the next. `quantity`: what to
    expect; categories and the shop are the sums of their products. `naive`: what the same month of the last year, else
    the last month, would say. The errors are means at earlier origins (`ml.honesty`), pieces a month, NaN where there
    was none: those of the method that is used, of the same month of the last year and of the last month.
    `season_known` is False with less than two years of history. `weights`: members x products.
    """

    ids: tuple[str, ...]
    quantity: Floats
    levels: tuple[float, ...]
    quantiles: Floats
    naive: Floats
    method: tuple[str, ...]
    backtest_error: Floats
    naive_error: Floats
    last_month_error: Floats
    season_known: NDArray[np.bool_]
    members: tuple[str, ...]
    weights: Floats

"""Order-up-to levels by policy at one origin, each with one knob that buys service with stock.

The shop's rules of thumb multiply what they look at: the same months of last year, or recent ones, are raised by a
factor. Two peers add a safety stock of their own errors instead, normally distributed: docs/decisions/0033.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from benchmarks.monthly_panels import HORIZON, YEAR, Floats
from benchmarks.peers import answer
from ml.forecaster import PanelForecaster
from ml.panel import Panel

PERIOD = 2  # months that a level must last: one until the next review, one until the delivery
GRID = np.array([0.3, 0.4, 0.5, 0.6, 0.7, 0.75, *np.linspace(0.8, 0.98, 19), 0.985, 0.99, 0.995])

Level = Callable[[float], Floats]  # from a knob between 0 and 1 to a level by series


class Levels(NamedTuple):
    """Of one origin, by policy. `promised`: the level of ours that 95 % of all demands should not exceed."""

    by_policy: dict[str, Level]
    promised: Floats


POLICIES = (
    "ours", "seasonal naive", "seasonal naive with safety stock",
    "min/max of 3 months", "min/max of 12 months", "min/max of the peak", "AutoETS",
)  # fmt: skip


def levels(histories: list[Floats], *, fresh: bool) -> Levels:
    """What each policy would hold at the end of these histories (all of one length or longer, no gaps)."""
    months = max(map(len, histories))
    matrix = np.stack([np.pad(x, (months - len(x), 0), constant_values=np.nan) for x in histories])
    model = PanelForecaster(HORIZON).fit(Panel(matrix, tuple(map(str, range(len(matrix))))))
    sums = model.predict_sums(GRID.tolist())[:, :, PERIOD - 1]
    ets = answer("AutoETS", histories, HORIZON, fresh=fresh)
    last = np.stack([x[-2 * YEAR :] for x in histories])
    naive = last[:, -YEAR : PERIOD - YEAR].sum(axis=1)
    naive_error = (last[:, YEAR:] - last[:, :-YEAR]).std(axis=1) * np.sqrt(PERIOD)
    mean = ets.mean[:, :PERIOD].sum(axis=1)
    deviation = np.sqrt((ets.deviation[:, :PERIOD] ** 2).sum(axis=1))
    peak = np.max([last[:, at : at + PERIOD].sum(axis=1) for at in range(YEAR, 2 * YEAR - PERIOD + 1)], axis=0)
    found: dict[str, Level] = {
        "ours": lambda knob: np.array([np.interp(knob, GRID, column) for column in sums.T]),
        "seasonal naive": lambda knob: 6 * knob * naive,
        "seasonal naive with safety stock": lambda knob: np.maximum(naive + 6 * knob * naive_error, 0.0),
        "min/max of 3 months": lambda knob: 6 * knob * PERIOD * last[:, -3:].mean(axis=1),
        "min/max of 12 months": lambda knob: 6 * knob * PERIOD * last[:, -YEAR:].mean(axis=1),
        "min/max of the peak": lambda knob: 3 * knob * peak,
        "AutoETS": lambda knob: np.maximum(mean + (8 * knob - 2) * deviation, 0.0),
    }
    return Levels(found, found["ours"](0.95))

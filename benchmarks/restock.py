"""Replays the last twelve months of panels through the order policy and its peers: `make bench-restock`.

At every month's start each policy is told the months before, and raises every product to its level. How much stock
does each need to serve 98 % of demand? Prints a table, writes benchmarks/results/restock.json, exits 1 on a missed bar.
"""

import argparse
import sys
from collections.abc import Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.figures import Figure, at_most, show, this_machine, told, write
from benchmarks.monthly_panels import COMPETITIONS, YEAR, Floats, competition, slow_movers, without_gaps
from benchmarks.restock_policies import PERIOD, POLICIES, Levels, levels
from benchmarks.shop_demand import simulated
from ml.demand import monthly_demand
from ml.replay import Replay, replayed

FILL = 0.98
HISTORY = 36
MOST_SERIES = 300  # of a panel, evenly spread: AutoETS takes minutes for twelve origins of more
MONTHS, SEED = 60, 5
STEPS = 40  # of a bisection


class Played:
    """A panel to replay: whole series, the demand of the last year (series x months), and what a piece of each weighs.

    `scaled`: the units of the series do not add up, so each is measured by what it was before. Pieces do.
    """

    def __init__(self, name: str, series: list[Floats], scaled: bool, truth: Floats | None = None) -> None:
        self.name, self.series = name, series
        before = [x[-HISTORY - YEAR : -YEAR].mean() if scaled else 1.0 for x in series]
        self.weights = 1 / np.array(before)[:, None]
        self.demand = (np.stack([x[-YEAR:] for x in series]) if truth is None else truth) * self.weights


def main(arguments: Sequence[str]) -> int:
    """Replays all panels; gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.restock", description=__doc__)
    parser.add_argument("--fresh", action="store_true", help="ask the peers again")
    fresh = parser.parse_args(arguments).fresh
    machine = this_machine(1.0)
    with threadpool_limits(1):
        figures = _figures(fresh=fresh)
    show("Stock at equal service", figures)
    print(f"Written to {write('restock', machine, figures)}")
    return int(any(figure.holds is False for figure in figures))


def _figures(*, fresh: bool) -> list[Figure]:
    found, stocks = [], []
    for panel in _panels():
        name, backs = panel.name, range(YEAR, 0, -1)
        origins = [levels([x[: len(x) - back][-HISTORY:] for x in panel.series], fresh=fresh) for back in backs]
        replays = {policy: _at_fill(origins, policy, panel) for policy in POLICIES}
        stocks.append({policy: replay.cover for policy, replay in replays.items()})
        print(f"  {name}: {stocks[-1]}", flush=True)
        found += _told(name, replays, origins, panel)
    return found + _judged(stocks)


def _panels() -> list[Played]:
    """Three competitions, slow movers, and the simulated shop."""
    panels = [(name, [x for x in competition(name) if len(x) >= HISTORY + YEAR]) for name in COMPETITIONS]
    counts = slow_movers(7, 600, 1.5)
    panels.append(("retail", [x for x in counts if (~np.isnan(x)).sum() >= HISTORY + YEAR and x[-YEAR:].sum() > 0]))
    spread = [(name, series[:: max(1, len(series) // MOST_SERIES)][:MOST_SERIES]) for name, series in panels]
    found = [Played(name, [x[~np.isnan(x)] for x in series], name != "retail") for name, series in spread]
    return [*found, _shop()]


def _shop() -> Played:
    """The simulated shop: policies see the demand that can be told from its books, and meet the true one."""
    shop = simulated(MONTHS, SEED)
    demand, truth = monthly_demand(shop.days).demand[:, -HISTORY - YEAR :], shop.truth[:, -YEAR:]
    fit = ~np.isnan(demand[:, 0]) & ~np.isnan(truth).any(axis=1) & (np.nan_to_num(truth).sum(axis=1) > 0)
    return Played("clothing shop", [without_gaps(row) for row in demand[fit]], scaled=False, truth=truth[fit])


def _at_fill(origins: Sequence[Levels], policy: str, panel: Played) -> Replay:
    """The replay with the knob at which FILL of demand is served."""
    low, high = 0.0, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        short = _lived(origins, policy, middle, panel).fill_rate < FILL
        low, high = (middle, high) if short else (low, middle)
    return _lived(origins, policy, high, panel)


def _lived(origins: Sequence[Levels], policy: str, knob: float, panel: Played) -> Replay:
    held = np.stack([origin.by_policy[policy](knob) for origin in origins], axis=1)
    return replayed(held * panel.weights, panel.demand)


def _told(name: str, replays: dict[str, Replay], origins: Sequence[Levels], panel: Played) -> list[Figure]:
    ours, demand = replays["ours"], panel.demand
    sums = np.stack([demand[:, at : at + PERIOD].sum(axis=1) for at in range(YEAR - PERIOD + 1)], axis=1)
    promised = np.stack([origin.promised for origin in origins], axis=1)[:, : sums.shape[1]] * panel.weights
    return [
        *(told(f"{name}: months of stock, {policy}", replay.cover, "months") for policy, replay in replays.items()),
        told(f"{name}: orders of a series in the year (peer: AutoETS)", *_orders(replays)),
        told(f"{name}: fill rate that ours was held to", 100 * ours.fill_rate, "%"),
        told(f"{name}: promised 95 % of two-month demands, kept", 100 * float((sums <= promised).mean()), "%"),
    ]


def _orders(replays: dict[str, Replay]) -> tuple[float, str, float]:
    return float(replays["ours"].orders.mean()), "orders", float(replays["AutoETS"].orders.mean())


def _judged(stocks: list[dict[str, float]]) -> list[Figure]:
    """Goal 8, as the mean of the panels; the worst panel is told."""

    def next_to(peer: str) -> list[float]:
        return [100 * (row["ours"] / row[peer] - 1) for row in stocks]

    def figures(peer: str, values: list[float], limit: float | None = None) -> list[Figure]:
        what, mean = f"stock at {FILL:.0%} fill next to {peer}", float(np.mean(values))
        name = f"{what}, mean of panels"
        judged = told(name, mean, "%") if limit is None else at_most(name, mean, limit, "%")
        return [judged, told(f"{what}, worst panel", max(values), "%")]

    best = [100 * (row["ours"] / min(row[p] for p in POLICIES if p.startswith("min/max")) - 1) for row in stocks]
    safe = "seasonal naive with safety stock"
    return [
        *figures("seasonal naive", next_to("seasonal naive"), -25.0),
        *figures(safe, next_to(safe)),
        *figures("the best min/max rule", best, -15.0),
        *figures("AutoETS with normal safety stock", next_to("AutoETS"), -3.0),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

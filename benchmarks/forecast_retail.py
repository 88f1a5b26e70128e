"""Slow movers and the simulated shop: quantile loss and squared errors next to all that statsforecast has for them."""

from collections import defaultdict

import numpy as np

from benchmarks.accuracy import pinball, rmsse
from benchmarks.figures import Figure, at_most, told
from benchmarks.monthly_panels import BACKS, HORIZON, Floats, Question, shop_question, slow_movers
from benchmarks.peers import QUANTILES, answer
from ml.forecaster import PanelForecaster
from ml.panel import Panel

PEERS = ("AutoETS", "AutoTheta", "SES", "MA3", "SBA", "TSB", "IMAPA", "CrostonOptimized")
SIMPLE = ("MA3", "SES", "IMAPA")


def retail(shop: Floats, *, fresh: bool) -> list[Figure]:
    """Goal 4, over three panels; every one is told. `shop`: products x months of the simulated shop."""
    panels = {
        "retail": slow_movers(7, 800, 1.5),
        "intermittent": slow_movers(8, 800, 0.5),
        "clothing shop": shop,
    }
    losses, errors, found = [], [], []
    for name, demand in panels.items():
        scores = _scores([shop_question(name, demand, back) for back in BACKS], fresh=fresh)
        print(f"  {name}: {scores}", flush=True)
        best = min(PEERS, key=lambda peer: scores[peer][0])
        plain = min(SIMPLE, key=lambda peer: scores[peer][1])
        losses.append(100 * (scores["ours"][0] / scores[best][0] - 1))
        errors.append(100 * (scores["ours"][1] / scores[plain][1] - 1))
        found += [
            told(f"{name}: scaled pinball (peer: {best})", scores["ours"][0], "", scores[best][0]),
            told(f"{name}: RMSSE (peer: {plain})", scores["ours"][1], "", scores[plain][1]),
            at_most(f"{name}: RMSSE next to the best of MA3, SES and IMAPA", errors[-1], 1.0, "%"),
        ]
    return [
        *found,
        at_most("retail panels: scaled pinball next to the best peer, mean", float(np.mean(losses)), -5.0, "%"),
        told("retail panels: scaled pinball next to the best peer, worst", max(losses), "%"),
    ]


def _scores(questions: list[Question], *, fresh: bool) -> dict[str, tuple[float, float]]:
    """Pinball and RMSSE by model, means over the origins."""
    found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    for asked in questions:
        panel = Panel(asked.matrix, tuple(map(str, range(len(asked.histories)))))
        ours = PanelForecaster(HORIZON).fit(panel).predict(HORIZON, QUANTILES)
        found["ours"].append(_both(ours.quantity, ours.quantiles, asked))
        for peer in PEERS:
            said = answer(peer, asked.histories, HORIZON, fresh=fresh)
            found[peer].append(_both(np.maximum(said.mean, 0), np.maximum(said.quantiles, 0), asked))
    return {
        name: (float(np.mean([p for p, _ in rows])), float(np.mean([r for _, r in rows])))
        for name, rows in found.items()
    }


def _both(mean: Floats, quantiles: Floats, asked: Question) -> tuple[float, float]:
    loss = pinball(quantiles, QUANTILES, asked.actual, asked.histories)
    return loss, rmsse(mean, asked.actual, asked.histories)

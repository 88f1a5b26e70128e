"""M1, M3 and tourism: point errors next to AutoETS and AutoTheta, and what the intervals cover."""

from collections import defaultdict
from functools import cached_property

import numpy as np

from benchmarks.accuracy import coverage, mase
from benchmarks.figures import Figure, at_most, between, told
from benchmarks.monthly_panels import BACKS, COMPETITIONS, HORIZON, WINDOWS, Question, competition, question
from benchmarks.peers import answer
from ml.forecaster import PanelForecaster
from ml.panel import Panel

PERIOD = 2  # months of the cumulative quantiles
SERVICE = (0.9, 0.95, 0.98)
SPANS = {36: "36 months", 24: "24 months", 0: "full length"}
COVERS = {36: (78.0, 82.0), 24: (75.0, 86.0), 0: (78.0, 82.0)}


class Score:
    """One panel, one window: means over the origins. MASE of ours and the peers, coverages in percent."""

    def __init__(self, questions: list[Question], *, fresh: bool) -> None:
        self.values: dict[str, float] = {}
        found: defaultdict[str, list[float]] = defaultdict(list)
        for asked in questions:
            for name, value in _scores(asked, fresh=fresh).items():
                found[name].append(value)
        self.values = {name: float(np.mean(values)) for name, values in found.items()}


class Competitions:
    """All panels and windows, each asked once."""

    def __init__(self, *, fresh: bool) -> None:
        self._fresh = fresh

    @cached_property
    def scores(self) -> dict[tuple[str, int], Score]:
        """By panel and window."""
        scores = {}
        for panel in COMPETITIONS:
            series = competition(panel)
            for window in WINDOWS:
                asked = [question(panel, series, window, back) for back in BACKS]
                scores[panel, window] = Score(asked, fresh=self._fresh)
                print(f"  {panel}, {SPANS[window]}: {scores[panel, window].values}", flush=True)
        return scores

    def figures(self) -> list[Figure]:
        """Goals 1 to 3, 5 and 6."""
        found = [figure for window in WINDOWS for figure in self._points(window)]
        for (panel, window), score in self.scores.items():
            cover = between(
                f"{panel}, {SPANS[window]}: 80 % interval covers", score.values["cover"], *COVERS[window], "%"
            )
            found.append(cover)
        return found + self._sums()

    def _mean(self, window: int, name: str) -> float:
        return float(np.mean([self.scores[panel, window].values[name] for panel in COMPETITIONS]))

    def _points(self, window: int) -> list[Figure]:
        span, rows = SPANS[window], [self.scores[panel, window].values for panel in COMPETITIONS]
        found = [
            told(f"{panel}, {span}: MASE (peer: AutoETS)", row["ours"], "", row["ets"])
            for panel, row in zip(COMPETITIONS, rows, strict=True)
        ]
        against_ets = _percent(self._mean(window, "ours"), self._mean(window, "ets"))
        both = (self._mean(window, "ets") + self._mean(window, "theta")) / 2
        against_both = _percent(self._mean(window, "ours"), both)
        against_mix = _percent(self._mean(window, "ours"), self._mean(window, "mix"))
        worst = max(_percent(row["ours"], row["ets"]) for row in rows)
        named = {
            36: [
                at_most(f"{span}: MASE next to AutoETS", against_ets, -8.0, "%"),
                at_most(f"{span}: MASE next to the mean of AutoETS' and AutoTheta's", against_both, -20.0, "%"),
                at_most(f"{span}: worst panel next to AutoETS", worst, 0.0, "%"),
            ],
            24: [at_most(f"{span}: MASE next to AutoETS", against_ets, -30.0, "%")],
            0: [
                told(f"{span}: MASE next to AutoETS", against_ets, "%"),
                at_most(f"{span}: MASE next to the mean of AutoETS' and AutoTheta's", against_both, -4.0, "%"),
            ],
        }
        return [*found, *named[window], told(f"{span}: MASE next to the mean forecast of both", against_mix, "%")]

    def _sums(self) -> list[Figure]:
        """Goal 6: as the mean of the panels at 36 months and at full length; every panel is told."""
        found = []
        for level in SERVICE:
            name, peer = f"sum{level}", f"ets sum{level}"
            rows = {key: score.values for key, score in self.scores.items() if key[1] != 24}
            found += [
                told(
                    f"{panel}, {SPANS[window]}: sums of two months at {level:.2f} (peer: AutoETS)",
                    row[name],
                    "%",
                    row[peer],
                )
                for (panel, window), row in rows.items()
            ]
            mean, limit = float(np.mean([row[name] for row in rows.values()])), 100 * level
            found.append(
                between(f"sums of two months at {level:.2f}, mean of panels", mean, limit - 1.5, limit + 1.5, "%")
            )
        return found


def _scores(asked: Question, *, fresh: bool) -> dict[str, float]:
    histories, actual = asked.histories, asked.actual
    matrix = asked.matrix
    fitted = PanelForecaster(HORIZON).fit(Panel(matrix, tuple(map(str, range(len(matrix))))))
    ours = fitted.predict(HORIZON, (0.1, 0.9))
    sums = fitted.predict_sums(SERVICE)[:, :, PERIOD - 1]
    ets, theta = (answer(model, histories, HORIZON, fresh=fresh) for model in ("AutoETS", "AutoTheta"))
    demand = actual[:, :PERIOD].sum(axis=1)
    normal = ets.mean[:, :PERIOD].sum(axis=1), np.sqrt((ets.deviation[:, :PERIOD] ** 2).sum(axis=1))
    found = {
        "ours": mase(ours.quantity, actual, histories),
        "ets": mase(ets.mean, actual, histories),
        "theta": mase(theta.mean, actual, histories),
        "mix": mase((ets.mean + theta.mean) / 2, actual, histories),
        "cover": coverage(ours.quantiles[0], ours.quantiles[1], actual),
        "ets cover": coverage(ets.quantiles[1], ets.quantiles[5], actual),
    }
    for number, (level, z) in enumerate(zip(SERVICE, (1.2816, 1.6449, 2.0537), strict=True)):
        found[f"sum{level}"] = 100 * float((demand <= sums[number]).mean())
        found[f"ets sum{level}"] = 100 * float((demand <= normal[0] + z * normal[1]).mean())
    return found


def _percent(value: float, peer: float) -> float:
    return 100 * (value / peer - 1)

"""How long a panel takes, on one thread: the best of some runs, as other work on the machine only adds."""

import time
from collections.abc import Callable

import numpy as np

from benchmarks.figures import Figure, at_least, at_most, told
from benchmarks.monthly_panels import HORIZON, competition, question
from benchmarks.peers import answer
from ml.forecaster import PanelForecaster
from ml.panel import Panel

RUNS = 3
FEW = 19
SHOP = 500


def speed(*, fresh: bool) -> list[Figure]:
    """Goal 7: M3's 1,428 series at full length, a small shop, a large one. AutoETS in processor seconds."""
    asked = question("M3", competition("M3"), 0, HORIZON)
    whole = Panel(asked.matrix, tuple(map(str, range(len(asked.histories)))))
    full = _seconds(lambda: _forecast(whole, PanelForecaster(HORIZON)))
    plain = _seconds(lambda: _forecast(whole, PanelForecaster(HORIZON, corrector=False)))
    points = _seconds(lambda: _points(whole))
    few = Panel(asked.matrix[:FEW, -12:], tuple(map(str, range(FEW))))
    small = _seconds(lambda: _forecast(few, PanelForecaster(HORIZON)))
    ets = answer("AutoETS", asked.histories, HORIZON, fresh=fresh).seconds
    counts = np.random.default_rng(1).poisson(5.0, size=(SHOP, 36)).astype(np.float64)
    shop = _seconds(lambda: _forecast(Panel(counts, tuple(map(str, range(SHOP)))), PanelForecaster(HORIZON)))
    return [
        at_most("1,428 series with backtest and intervals (peer: AutoETS)", full, 5.0, "s", ets),
        told("the same without the corrector", plain, "s"),
        at_least("times faster than AutoETS", ets / full, 15.0, "times"),
        at_most("1,428 series, point forecasts", points, 0.25, "s"),
        at_most("19 products of a year", 1000 * small, 50.0, "ms"),
        at_most("500 products of 36 months", shop, 10.0, "s"),
    ]


def _forecast(panel: Panel, model: PanelForecaster) -> None:
    fitted = model.fit(panel)
    fitted.predict(HORIZON, (0.1, 0.5, 0.9))
    fitted.predict_sums((0.9, 0.95, 0.98))


def _points(panel: Panel) -> None:
    PanelForecaster(HORIZON, origins=0).fit(panel).predict(HORIZON, ())


def _seconds(run: Callable[[], None]) -> float:
    """Processor time; the first run is not counted."""
    run()
    times = []
    for _ in range(RUNS):
        started = time.process_time()
        run()
        times.append(time.process_time() - started)
    return min(times)

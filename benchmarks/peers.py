"""What statsforecast says to the same questions: one series after the other, in this process, on one thread.

Slow, so kept on disk under .build/peers by the series asked about, the model and the version of statsforecast.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CACHE = Path(__file__).parents[1] / ".build" / "peers"
LEVELS = (50, 80, 90)  # widths of the central intervals, in percent
QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
WINDOWS = 2  # tries of a conformal interval: as many as the shortest series allow
FALLBACK_MONTHS = 3  # where a model fails, the mean of so many months


class Answer(NamedTuple):
    """`mean`: series x horizon; `quantiles`: QUANTILES x series x horizon. `seconds` of processor time."""

    mean: Floats
    quantiles: Floats
    seconds: float

    @property
    def deviation(self) -> Floats:
        """Of the normal errors that the model assumes: series x horizon."""
        found: Floats = (self.quantiles[QUANTILES.index(0.9)] - self.mean) / 1.2815515655446004
        return found


def answer(model: str, histories: Sequence[Floats], horizon: int, *, fresh: bool) -> Answer:
    """What a model of `MODELS` forecasts; from the disk, unless `fresh`."""
    path = CACHE / f"{model}-{_key(model, histories, horizon)}.npz"
    if path.exists() and not fresh:
        with np.load(path) as found:
            return Answer(found["mean"], found["quantiles"], float(found["seconds"]))
    found = _asked(model, histories, horizon)
    CACHE.mkdir(parents=True, exist_ok=True)
    np.savez(path, **found._asdict())
    return found


def _key(model: str, histories: Sequence[Floats], horizon: int) -> str:
    digest = hashlib.sha256(f"{model} {version('statsforecast')} {horizon} {QUANTILES}".encode())
    for series in histories:
        digest.update(len(series).to_bytes(4, "big") + np.ascontiguousarray(series).tobytes())
    return digest.hexdigest()[:24]


def _asked(model: str, histories: Sequence[Floats], horizon: int) -> Answer:
    made = _models()[model]
    _one(made, histories[0], horizon)  # warm: whatever is compiled or loaded at the first call is not the model's time
    started = time.process_time()
    rows = [_one(made, series, horizon) for series in histories]
    seconds = time.process_time() - started
    means, quantiles = (np.nan_to_num(np.stack(parts)) for parts in zip(*rows, strict=True))
    return Answer(means, quantiles.transpose(1, 0, 2), seconds)


def _one(made: Callable[[int], Any], series: Floats, horizon: int) -> tuple[Floats, Floats]:
    try:
        found = made(horizon).forecast(y=np.ascontiguousarray(series), h=horizon, level=list(LEVELS))
    except Exception:  # a series that a model cannot take is the model's to answer for, by the simplest means
        flat = np.repeat(series[-FALLBACK_MONTHS:].mean(), horizon)
        return flat, np.repeat(flat[None], len(QUANTILES), axis=0)
    low = [found[f"lo-{level}"] for level in sorted(LEVELS, reverse=True)]
    high = [found[f"hi-{level}"] for level in LEVELS]
    return found["mean"], np.stack([*low, found["mean"], *high])


def _models() -> dict[str, Callable[[int], Any]]:
    from statsforecast import models  # noqa: PLC0415 only in the environment of the benchmarks
    from statsforecast.utils import ConformalIntervals  # noqa: PLC0415

    def conformal(horizon: int) -> Any:
        return ConformalIntervals(h=horizon, n_windows=WINDOWS)

    return {
        "AutoETS": lambda _: models.AutoETS(season_length=12),
        "AutoTheta": lambda _: models.AutoTheta(season_length=12),
        "MA3": lambda h: models.WindowAverage(3, prediction_intervals=conformal(h)),
        "SES": lambda h: models.SimpleExponentialSmoothingOptimized(prediction_intervals=conformal(h)),
        "SBA": lambda h: models.CrostonSBA(prediction_intervals=conformal(h)),
        "TSB": lambda h: models.TSB(0.1, 0.1, prediction_intervals=conformal(h)),
        "IMAPA": lambda h: models.IMAPA(prediction_intervals=conformal(h)),
        "CrostonOptimized": lambda h: models.CrostonOptimized(prediction_intervals=conformal(h)),
    }

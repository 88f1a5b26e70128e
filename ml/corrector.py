"""A second opinion on the pool: gradient-boosted trees that learn where it errs, and are heard as far as that has paid.

A model of all series alone loses to exponential smoothing; as a corrector of what the pool gets wrong it gains a
percent or so on large panels, and loses as much on some. So its say (0 to MOST_SAY of what it wants) is chosen on
origins that it has not seen: learned on months of the older half of the backtest, tried on the newer half. On a small
panel it is silent.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from ml.features import month_case
from ml.intervals import Spread
from ml.origins import Origin, known_then
from ml.pool import MEMBERS
from ml.seasonality import SEASON
from ml.weights import combined, member_weights

Floats = NDArray[np.float64]

LEAST_SERIES = 200
LEAST_ERRORS = 4_000
LEAST_OF_HALF = 1_000  # errors of the older half of the origins, and of the newer
HEARD = ("seasonal naive", "MA3", "MA12", "SES", "Theta", "damped trend", "Holt-Winters")
SAYS = np.linspace(0.0, 1.0, 11)
MOST_ROWS = 100_000
MOST_RATIO = 6.0  # errors beyond so many times their usual size teach nothing


class _Lesson(NamedTuple):
    """The origins with the pool's forecasts, and how far these are usually off; horizon x series, scaled."""

    origins: list[Origin]
    forecasts: list[Floats]
    scales: list[Floats]

    def of(self, origins: list[Origin]) -> "_Lesson":
        """What some of the origins alone teach."""
        return _Lesson(origins, self.forecasts[: len(origins)], self.scales[: len(origins)])


class _Trees(NamedTuple):
    """A model and the columns that it reads."""

    model: HistGradientBoostingRegressor
    columns: NDArray[np.bool_]

    def predict(self, features: Floats) -> Floats:
        """Of rows of features, in units of the usual error."""
        found: Floats = self.model.predict(features[:, self.columns])
        return found


def corrections(origins: list[Origin], forecasts: list[Floats], weights: Floats, seed: int) -> list[Floats] | None:
    """What to add to the forecasts of each origin (by how far back it is, 0 first); None: nothing to say.

    Those of earlier origins come from models that have not learned from them, so that their errors stay honest.
    """
    half = (len(origins) - 1) // 2
    if half < 1 or forecasts[0].shape[1] < LEAST_SERIES or _known(origins) < LEAST_ERRORS:
        return None
    then = _then(origins, half)
    if min(_known(then.origins), _known(origins[: half + 1])) < LEAST_OF_HALF:
        return None
    older, shifts = _learned(then, seed)
    say = _say(origins[: half + 1], then, older, shifts)
    if say == 0:
        return None
    lesson = _lesson(origins, forecasts, weights)
    every, _ = _learned(lesson, seed)
    newer, _ = _learned(lesson.of(origins[: half + 1]), seed)
    by_back = [every] + [older] * half + [newer] * (len(origins) - 1 - half)
    return [say * _correction(model, lesson, back) for back, model in enumerate(by_back)]


def _known(origins: list[Origin]) -> int:
    """How many errors there are to learn from."""
    return sum(int((~np.isnan(one.actual)).sum()) for one in origins)


def _then(origins: list[Origin], half: int) -> _Lesson:
    """The lesson as it was `half` months ago, with the weights of then."""
    known = [one._replace(actual=known_then(one, half)) for one in origins]
    weights = member_weights(known)
    return _lesson(known, [combined(one.forecasts, weights) for one in known], weights)


def _say(origins: list[Origin], then: _Lesson, trees: _Trees, shifts: Floats) -> float:
    """Tries every say on the months since then."""
    losses = np.zeros(len(SAYS))
    for one in origins[1:]:
        scale = then.scales[one.back]
        error = (one.actual - then.forecasts[one.back]) / scale - shifts[:, None]
        wanted = _correction(trees, then, one.back) / scale
        there = ~np.isnan(error)
        losses += [float(np.abs(error - say * wanted)[there].sum()) for say in SAYS]
    return float(SAYS[losses.argmin()])


def _lesson(origins: list[Origin], forecasts: list[Floats], weights: Floats) -> _Lesson:
    cases = [month_case(one, forecast, weights) for one, forecast in zip(origins, forecasts, strict=True)]
    spread = Spread(cases)
    return _Lesson(origins, forecasts, [spread.scale(case.features) for case in cases])


def _learned(lesson: _Lesson, seed: int) -> tuple[_Trees, Floats]:
    """The model, and the median error by horizon, which is not its to learn. Both in units of the usual error."""
    ratios = [(one.actual - f) / scale for one, f, scale in zip(*lesson, strict=True)]
    stacked = np.stack(ratios)
    shifts = np.array([_median(stacked[:, step]) for step in range(stacked.shape[1])])
    there = [~np.isnan(ratio) for ratio in ratios]
    features = np.concatenate([_features(lesson, back)[known] for back, known in enumerate(there)])
    wanted = np.concatenate([(ratio - shifts[:, None])[known] for ratio, known in zip(ratios, there, strict=True)])
    model = HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=30, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=200,
        l2_regularization=10.0, early_stopping=False, random_state=seed,
    )  # fmt: skip
    step = max(1, len(wanted) // MOST_ROWS)
    features, wanted = features[::step], wanted[::step]
    columns = _telling(features)
    return _Trees(model.fit(features[:, columns], np.clip(wanted, -MOST_RATIO, MOST_RATIO)), columns), shifts


def _telling(features: Floats) -> NDArray[np.bool_]:
    """Columns with two values at least: from others there is nothing to learn, and scikit-learn 1.9 fails on them."""
    found: NDArray[np.bool_] = np.fmin.reduce(features) < np.fmax.reduce(features)
    return found


def _correction(trees: _Trees, lesson: _Lesson, back: int) -> Floats:
    features = _features(lesson, back)
    found = trees.predict(features.reshape(-1, features.shape[-1])).reshape(features.shape[:-1])
    return np.asarray(found * lesson.scales[back])


def _features(lesson: _Lesson, back: int) -> Floats:
    """Horizon x series x features."""
    one, forecast, scale = lesson.origins[back], lesson.forecasts[back], lesson.scales[back]
    horizon, number = forecast.shape
    apart = [np.clip((one.forecasts[MEMBERS.index(name)] - forecast) / scale, -5.0, 5.0) for name in HEARD]
    season = (one.season.factors[np.arange(horizon) % SEASON] - 1) / scale
    by_series = [
        np.repeat(row[None], horizon, 0) for row in (one.noise, one.season.kept, one.zeros, np.log1p(one.months))
    ]
    steps = np.repeat(np.arange(float(horizon))[:, None], number, axis=1)
    return np.stack([*apart, season, scale, scale / np.maximum(forecast, 0.01), *by_series, steps], axis=-1)


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else 0.0

"""Intervals that were right before: quantiles of the errors at earlier origins, on the scale that each series errs on.

A ridge regression says how far a forecast is likely to be off (`Spread`). Errors over that scale are pooled over the
panel, by horizon and by stratum of the scale, and their quantiles are used (split conformal prediction). Errors of one
month are errors of one month, however many products there are: where products err together, a few months are little
evidence, and the quantiles are drawn to a wide prior.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit
from sklearn.linear_model import RidgeCV

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS = np.array([0.005, 0.01, 0.02, *np.linspace(0.03, 0.97, 48), 0.98, 0.99, 0.995])
STRATA = 3
PENALTIES = (0.1, 1.0, 10.0, 100.0)
MOST_ROWS = 60_000  # errors that the ridge reads: more say no more about a dozen coefficients
CELL_PRIOR = 100.0  # errors with which a cell is half its own and half its horizon's
MONTH_PRIOR = 8.0  # independent errors with which the quantiles are half the data's and half the prior's
HEAVY_TAILS = 5  # degrees of freedom of the prior
FLOOR = 0.1
LEAST_ERRORS = 20
CENTRE = 0.5
SHIFT_KEPT = 0.67  # of what all forecasts missed by: the next period need not err as the last one did
WIDER = 1.03  # of months: the origins span a year or so, and the next one is a draw of its own


class Case(NamedTuple):
    """Forecasts at one origin and what tells how far they may be off; horizon x series, in units of the scale."""

    forecast: Floats
    actual: Floats  # NaN where it is not known
    features: Floats  # features x horizon x series


class Spread:
    """Quantiles of the error of a forecast, learned from earlier origins; one for months, one for sums of months."""

    def __init__(self, cases: list[Case], wider: float = 1.0) -> None:
        """`cases`: the origins, with the same horizons and series. Without any known actual, the prior alone remains.

        `wider`: what to multiply the distances of the quantiles from the forecast by.
        """
        self._wider = wider
        self._horizon = cases[0].forecast.shape[0]
        known = [~np.isnan(case.actual) for case in cases]
        features = np.concatenate([case.features[:, there] for case, there in zip(cases, known, strict=True)], axis=1)
        errors = np.concatenate(
            [(case.actual - case.forecast)[there] for case, there in zip(cases, known, strict=True)]
        )
        self._coefficients, self._intercept = _ridge(features.T, errors)
        scales = [self.scale(case.features) for case in cases]
        ratios = [(case.actual - case.forecast) / scale for case, scale in zip(cases, scales, strict=True)]
        steps = range(self._horizon)
        self._edges = np.stack(
            [_edges([s[step][there[step]] for s, there in zip(scales, known, strict=True)]) for step in steps]
        )
        strata = [self._stratum(scale) for scale in scales]
        errors = np.stack(
            [_step_quantiles([r[step] for r in ratios], [s[step] for s in strata]) for step in range(self._horizon)]
        )
        middle = np.abs(LEVELS - 0.5) <= CENTRE / 2
        self._centres = errors[:, :, middle].mean(axis=2)
        self._quantiles = errors - (1 - SHIFT_KEPT) * self._centres[..., None]

    def scale(self, features: Floats) -> Floats:
        """How far a forecast is off, typically: horizon x series."""
        logs = self._intercept + np.tensordot(self._coefficients, features, axes=1)
        found: Floats = np.exp(np.clip(logs, -6.0, 4.0))
        return found

    def quantiles(self, forecast: Floats, features: Floats, levels: Floats) -> Floats:
        """Levels x horizon x series; not below 0, and never falling from one level to the next."""
        scale = self.scale(features)
        stratum = self._stratum(scale)
        found = np.empty((len(levels), *forecast.shape))
        for step in range(len(forecast)):
            table = self._wider * np.stack([np.interp(levels, LEVELS, row) for row in self._quantiles[step]])
            found[:, step] = forecast[step] + table[stratum[step]].T * scale[step]
        order = np.argsort(levels)
        found[order] = np.maximum.accumulate(np.maximum(found[order], 0.0), axis=0)
        return found

    def centred(self, forecast: Floats, features: Floats) -> Floats:
        """The forecast moved by the mean of the middle CENTRE of its errors: horizon x series, not below 0.

        What the whole panel erred by, at that horizon and stratum, without the few who erred wildly.
        """
        scale = self.scale(features)
        stratum = self._stratum(scale)
        steps = np.arange(len(forecast))[:, None]
        found: Floats = np.maximum(forecast + self._centres[steps, stratum] * scale, 0.0)
        return found

    def _stratum(self, scale: Floats) -> Ints:
        found: Ints = (scale[..., None] > self._edges[:, None]).sum(axis=-1)
        return found


def _edges(scales: list[Floats]) -> Floats:
    """What parts the strata of one horizon."""
    joined = np.concatenate(scales)
    return np.quantile(joined, np.arange(1, STRATA) / STRATA) if len(joined) else np.zeros(STRATA - 1)


def _ridge(features: Floats, errors: Floats) -> tuple[Floats, float]:
    """Coefficients and intercept for the logarithm of an error's size; with few errors, the noise of the series."""
    if len(errors) < LEAST_ERRORS:
        return np.eye(features.shape[1])[0], 0.0
    step = max(1, len(errors) // MOST_ROWS)
    size = np.abs(errors[::step])
    floor = FLOOR * size.mean() + 1e-6
    fitted = RidgeCV(alphas=PENALTIES).fit(features[::step], np.log(size + floor))
    return fitted.coef_, float(fitted.intercept_)


def _step_quantiles(ratios: list[Floats], strata: list[Ints]) -> Floats:
    """Strata x LEVELS, of one horizon; `ratios` and `strata` by origin."""
    known = [~np.isnan(ratio) for ratio in ratios]
    all_ratios = np.concatenate([ratio[there] for ratio, there in zip(ratios, known, strict=True)])
    all_strata = np.concatenate([stratum[there] for stratum, there in zip(strata, known, strict=True)])
    if not len(all_ratios):
        return np.repeat(_prior(1.0)[None], STRATA, axis=0)
    whole = np.quantile(all_ratios, LEVELS)
    independent = _independent([ratio[there] for ratio, there in zip(ratios, known, strict=True) if there.any()])
    trust = independent / (independent + MONTH_PRIOR)
    prior = _prior(float(np.abs(all_ratios).mean()))
    rows = []
    for stratum in range(STRATA):
        members = all_ratios[all_strata == stratum]
        own = np.quantile(members, LEVELS) if len(members) else whole
        share = len(members) / (len(members) + CELL_PRIOR)
        rows.append(trust * (share * own + (1 - share) * whole) + (1 - trust) * prior)
    return np.stack(rows)


def _prior(mean_size: float) -> Floats:
    """Symmetric and heavy-tailed, a third wider than errors of that mean size."""
    typical = np.abs(stdtrit(HEAVY_TAILS, np.linspace(0.005, 0.995, 199))).mean()
    law = stdtrit(HEAVY_TAILS, LEVELS)
    quantiles: Floats = 1.33 * mean_size / typical * (law - law[::-1]) / 2
    return quantiles


def _independent(by_origin: list[Floats]) -> float:
    """How many independent errors these are worth, by the share of their variance that whole months have in common."""
    sizes = np.array([len(errors) for errors in by_origin], dtype=np.float64)
    total = float(sizes.sum())
    if len(by_origin) < 2 or total <= len(by_origin):
        return float(len(by_origin))
    means = np.array([errors.mean() for errors in by_origin])
    within = sum(float(((errors - mean) ** 2).sum()) for errors, mean in zip(by_origin, means, strict=True))
    within /= total - len(by_origin)
    typical = total / len(by_origin)
    between = max(0.0, float(means.var(ddof=1)) - within / typical)
    common = between / max(between + within, 1e-12)
    return total / (1 + (typical - 1) * common)

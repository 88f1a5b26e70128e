"""One estimator for a whole panel: `PanelForecaster().fit(panel).predict(6, (0.1, 0.5, 0.9))`."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ml import totals
from ml.backtest import NAIVE, How, backtest, lumpiness, with_average
from ml.features import month_case, sum_case
from ml.forecast import PanelForecast
from ml.honesty import METHODS
from ml.intervals import WIDER, Case, Spread
from ml.panel import Panel, read
from ml.pieces import MANY, Pieces, whole_pieces
from ml.pool import MEMBERS
from ml.seasonality import OWN_MONTHS
from tillstream.errors import TerminalError

Floats = NDArray[np.float64]

LONGEST_HORIZON = 12
LAW_SAY = 0.5  # of a law of counts about a month of few pieces
FEW_MONTHS = 3.0  # that many times the pieces of a month are few in a sum of months
UNKNOWN_SEASON = 1.25  # an interval where the season is not known, next to what the months so far would make it


class PanelForecaster(BaseEstimator):  # type: ignore[misc]  # scikit-learn carries no types
    """Forecasts all products of a panel together; the same panel and parameters give the same bytes.

    `horizon`: the most months that can be asked for. `origins`: how many earlier months the weights and the intervals
    are learned from, as far as there are so many; with 0 the pool's usual weights and the widest intervals are used.
    `corrector`: learn from the pool's errors too, where there are enough products for that. `seed`: of the corrector.
    """

    def __init__(self, horizon: int = 6, origins: int = 12, *, corrector: bool = True, seed: int = 0) -> None:
        self.horizon = horizon
        self.origins = origins
        self.corrector = corrector
        self.seed = seed

    def fit(self, X: Panel, y: None = None) -> Self:  # noqa: N803 scikit-learn's names
        """Learns from a panel. Raises TerminalError for one without products, or a horizon that cannot be."""
        if not 1 <= self.horizon <= LONGEST_HORIZON:
            raise TerminalError(
                f"A forecast of {self.horizon} months is not possible.", f"Choose 1 to {LONGEST_HORIZON}."
            )
        if not X.ids:
            raise TerminalError("There is no product to forecast.", "Import sales first.")
        demand, seen = read(X)
        found = backtest(
            demand, seen, How(self.horizon, self.origins, X.group_numbers, X.variants, self.corrector, self.seed)
        )
        months = [month_case(one, f, found.weights) for one, f in zip(found.origins, found.forecasts, strict=True)]
        sums = [sum_case(one, f, found.weights) for one, f in zip(found.origins, found.forecasts, strict=True)]
        self.month_spread_, self.sum_spread_ = Spread(months, WIDER), Spread(sums)
        self.month_case_, self.sum_case_ = months[0], sums[0]
        scales, whole = [one.scale for one in found.origins], whole_pieces(X.demand[:, -X.months :])
        self.month_pieces_, self.sum_pieces_ = (
            Pieces(months, scales, whole),
            Pieces(sums, scales, whole, FEW_MONTHS * MANY),
        )
        self.backtest_ = found
        self.ids_ = X.ids
        self.groups_ = X.group_numbers
        self.trade_ = X.trade_ahead(self.horizon)
        return self

    def predict(
        self, horizon: int | None = None, quantiles: Sequence[float] = (0.1, 0.5, 0.9), uplift: Floats | None = None
    ) -> PanelForecast:
        """The forecast of the next months. `uplift`: what the owner expects beyond it, a factor by month (and product).

        Raises TerminalError for more months than were fitted, and for levels outside 0 to 1.
        """
        check_is_fitted(self)
        months = self._months(horizon)
        levels = self._levels(quantiles)
        found, now = self.backtest_, self.backtest_.origins[0]
        units = self._units(uplift)[:months]
        point = self._points()[:months] * units
        season_known = now.months >= OWN_MONTHS
        errors = self._widened(self.month_spread_, self.month_case_, levels)[:, :months] * units
        drawn = self.month_pieces_.quantiles(errors, point, season_known, levels, np.full(len(self.ids_), LAW_SAY))
        spread = self.month_pieces_.rounded(drawn, point)
        worth, nothing = found.worth, np.full(len(self.ids_), np.nan)
        used = np.choose(worth.method, [worth.own, worth.naive, worth.last]) if worth else nothing
        return PanelForecast(
            ids=self.ids_,
            quantity=point.T,
            levels=tuple(float(level) for level in levels),
            quantiles=spread.transpose(0, 2, 1),
            naive=(np.nan_to_num(now.forecasts[NAIVE]) * self._units(None))[:months].T,
            method=self._methods(),
            backtest_error=used * now.scale,
            naive_error=worth.naive * now.scale if worth else nothing,
            last_month_error=worth.last * now.scale if worth else nothing,
            season_known=season_known,
            members=MEMBERS,
            weights=found.weights / found.weights.sum(axis=0),
        )

    def predict_sums(self, levels: Sequence[float], uplift: Floats | None = None) -> Floats:
        """Quantiles of the demand of the first 1, 2, … months together: levels x products x months, in pieces.

        Those of slow movers are a law's about what they sell on average, the more so the more months are without a
        sale: from such quantiles orders are made, and a level that swings with each month's errors leaves stock behind.
        A naive forecast is no average: of nothing, say, the law would promise nothing for sure.
        """
        check_is_fitted(self)
        wanted, factors, now = self._levels(levels), self._units(uplift), self.backtest_.origins[0]
        monthly = self.month_case_.forecast
        plain = np.cumsum(monthly, axis=0)
        units = np.where(plain > 0, np.cumsum(monthly * factors, axis=0) / np.where(plain > 0, plain, 1.0), factors)
        errors = self._widened(self.sum_spread_, self.sum_case_, wanted) * units
        averaged = self._of_pool()
        mean = np.cumsum(with_average(now, monthly, averaged, 1.0) * factors, axis=0)
        most = np.where(averaged, lumpiness(now), 0.0)
        found = self.sum_pieces_.quantiles(errors, mean, now.months >= OWN_MONTHS, wanted, most)
        return found.transpose(0, 2, 1)

    def _points(self) -> Floats:
        """What to expect, scaled: moved by what the panel missed by, within the totals that were agreed on."""
        plain, now = self.month_case_.forecast, self.backtest_.origins[0]
        moved = self.month_spread_.centred(plain, self.month_case_.features)
        point = with_average(now, moved, self._of_pool())
        if self.groups_ is None:
            return point
        agreed, sums = (totals.summed(some * now.scale, self.groups_)[:, :-1] for some in (plain, point))
        found: Floats = point * np.where(sums > 0, agreed / np.where(sums > 0, sums, 1.0), 1.0)[:, self.groups_]
        return found

    def _units(self, uplift: Floats | None) -> Floats:
        """Horizon x products: what to multiply scaled forecasts by."""
        units = self.trade_[:, None] * self.backtest_.origins[0].scale
        if uplift is None:
            return units
        factors = np.atleast_2d(np.asarray(uplift, dtype=np.float64))
        if not np.isfinite(factors).all() or (factors < 0).any() or factors.shape[1] > self.horizon:
            raise TerminalError(
                "An expected uplift is no factor from 0 on, or there are more than months to forecast.",
                "Write 1.2 for a fifth more.",
            )
        ahead = np.ones((len(factors), self.horizon))
        ahead[:, : factors.shape[1]] = factors
        return units * ahead.T

    def _widened(self, spread: Spread, case: Case, levels: Floats) -> Floats:
        found = spread.quantiles(case.forecast, case.features, levels)
        unknown = self.backtest_.origins[0].months < OWN_MONTHS
        return np.maximum(np.where(unknown, case.forecast + UNKNOWN_SEASON * (found - case.forecast), found), 0.0)

    def _chosen(self) -> NDArray[np.int64]:
        """Which of METHODS each product is forecast by."""
        worth = self.backtest_.worth
        return worth.method if worth else np.zeros(len(self.ids_), dtype=np.int64)

    def _of_pool(self) -> NDArray[np.bool_]:
        """Which products the pool forecasts, and neither a naive method nor the launches of others."""
        found: NDArray[np.bool_] = ~self.backtest_.young & (self._chosen() == 0)
        return found

    def _methods(self) -> tuple[str, ...]:
        count = self.backtest_.origins[0].months
        names = [METHODS[number] for number in self._chosen()]
        return tuple(
            "category" if young and not months else "launch" if young and name == METHODS[0] else name
            for name, young, months in zip(names, self.backtest_.young, count, strict=True)
        )

    def _months(self, horizon: int | None) -> int:
        months = self.horizon if horizon is None else horizon
        if not 1 <= months <= self.horizon:
            raise TerminalError(f"{months} months were asked for, {self.horizon} fitted.", "Fit a longer horizon.")
        return months

    def _levels(self, levels: Sequence[float]) -> Floats:
        found = np.asarray(levels, dtype=np.float64)
        if not ((found > 0) & (found < 1)).all():
            raise TerminalError(f"{list(levels)} are no quantiles.", "Choose levels between 0 and 1.")
        return found

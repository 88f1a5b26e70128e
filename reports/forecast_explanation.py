"""A product's forecast: what it was made from, how, and what such forecasts were worth."""

from typing import Any

import msgspec

from reports.demand import Expected, demand_at
from tillstream.errors import TerminalError
from tillstream.forecast_models import EVERY_STORE, model
from tillstream.settings import Settings
from tillstream.stores.forecasts import Forecast
from tillstream.stores.mysql import reading, rows
from tillstream.stores.uplifts import ALL, Uplift, listed


class Past(msgspec.Struct, frozen=True):
    """A month of the history: `demand` makes good for empty shelves, None where nothing is known."""

    month: str
    demand: float | None
    sold: float
    on_shelf: float


class ForecastExplanation(msgspec.Struct, frozen=True):
    """All that stands behind a forecast. `naive`: by month, what the last year's same month, else the last, would say.

    `sums`: by level, no more than so many pieces are asked for in the first 1, 2, … months together. `uplifts`: what
    the owner expects now; a later forecast takes into account what was set after this one.
    """

    issue: Forecast
    product_id: str
    product_name: str
    months: list[Expected]
    naive: dict[str, float | None]
    history: list[Past]
    weights: dict[str, float]
    sums: dict[str, list[float]]
    uplifts: list[Uplift]


def explain_forecast(settings: Settings, product_id: str, month: str | None = None) -> ForecastExplanation:
    """Explains the current forecast of a product. Raises TerminalError where there is none."""
    with reading(settings, "operator") as cursor:
        found = demand_at(cursor, product_id, month)
        key = (found.issue.forecast, EVERY_STORE, product_id)
        columns = rows(cursor, _MODEL, key)
        naive: dict[str, Any] = dict(rows(cursor, _NAIVE, key))
        uplifts = listed(cursor)
    if not columns:
        raise TerminalError(
            f"Forecast {found.issue.forecast} has kept no model of {product_id}.", "Nights keep the last ones only."
        )
    made = model(*columns[0])
    told = {each.month for each in found.months}
    return ForecastExplanation(
        issue=found.issue,
        product_id=product_id,
        product_name=found.months[0].product_name,
        months=found.months,
        naive={each: None if pieces is None else float(pieces) for each, pieces in naive.items() if each in told},
        history=[Past(each, known.demand, known.sold, known.on_shelf) for each, known in made.history.items()],
        weights=dict(sorted(made.weights.items(), key=lambda item: -item[1])),
        sums={f"{level:g}": quantiles for level, quantiles in made.sums.items()},
        uplifts=[each for each in uplifts if each.month in told and each.product_id in (ALL, product_id)],
    )


_KEY = "WHERE `forecast` = %s AND `store_id` = %s AND `product_id` = %s"
_MODEL = f"SELECT `history`, `weights`, `expected`, `sums` FROM `forecast_models` {_KEY}"
_NAIVE = f"SELECT `month`, `naive` FROM `forecast_months` {_KEY}"

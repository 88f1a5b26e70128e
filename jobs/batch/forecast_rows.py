"""A forecast and its plan as rows of the tables, without the forecast's number."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ml import months
from ml.honesty import METHODS
from ml.outlook import LEVELS
from ml.plan import Planned
from ml.shop_forecast import MONTHS, Issued
from tillstream.forecast_models import PLACES, Known, Model, documents
from tillstream.stores.ordering import Product

Row = tuple[Any, ...]

NOWCAST = "nowcast"
LEAST_WEIGHT = 0.0005  # below it, a weight is written as 0
POOL = METHODS[0]
LONGEST_REASON = 1000


def month_rows(scope: str, issued: Issued) -> Iterator[Row]:
    """Rows of `forecast_months`."""
    forecast, first = issued.forecast, months.number_of(issued.store.span.today)
    all_errors = forecast.backtest_error, forecast.naive_error, forecast.last_month_error
    for place, product in enumerate(forecast.ids):
        errors = [_known(each[place]) for each in all_errors]
        for step in range(MONTHS):
            yield (
                scope,
                product,
                months.key(first + step),
                _rounded(forecast.quantity[place, step]),
                *(_rounded(level) for level in forecast.quantiles[:, place, step]),
                _rounded(forecast.naive[place, step]),
                NOWCAST if issued.nowcast and step == 0 else forecast.method[place],
                *errors,
                int(forecast.season_known[place]),
            )


def model_rows(scope: str, issued: Issued) -> Iterator[Row]:
    """Rows of `forecast_models`."""
    first = months.number_of(issued.store.span.today)
    ahead = [months.key(first + step) for step in range(MONTHS)]
    for place, product in enumerate(issued.forecast.ids):
        model = Model(
            history=_history(issued, place),
            weights=_weights(issued, place),
            expected=dict(zip(ahead, issued.remaining[place].tolist(), strict=True)),
            sums=dict(zip(LEVELS, issued.sums[:, place].tolist(), strict=True)),
        )
        yield scope, product, *documents(model)


def _history(issued: Issued, place: int) -> dict[str, Known]:
    """From the first month on of which anything is known."""
    demand = issued.store.demand
    columns = demand.demand[place].tolist(), demand.sold[place].tolist(), demand.seen[place].tolist()
    found: dict[str, Known] = {}
    for step, (wanted, sold, seen) in enumerate(zip(*columns, strict=True)):
        if found or not math.isnan(wanted):
            found[months.key(demand.first_month + step)] = Known(None if math.isnan(wanted) else wanted, sold, seen)
    return found


def _weights(issued: Issued, place: int) -> dict[str, float]:
    """By member; of a product that is not forecast by the pool, its method alone."""
    forecast = issued.forecast
    if forecast.method[place] != POOL:
        return {forecast.method[place]: 1.0}
    weights = zip(forecast.members, forecast.weights[:, place].tolist(), strict=True)
    return {member: weight for member, weight in weights if weight >= LEAST_WEIGHT}


def line_rows(store: str, plan: Sequence[Planned], ids: Sequence[str], products: dict[str, Product]) -> Iterator[Row]:
    """Rows of `plan_lines`."""
    for each in plan:
        product = ids[each.stocked.product]
        yield store, product, *_line(each, products.get(product, Product()))


def _line(each: Planned, product: Product) -> Row:
    line, stock, terms, price = each.line, each.stocked.stock, each.stocked.terms, each.stocked.price
    return (
        line.quantity,
        line.order_by,
        None if line.refill_month is None else f"{each.months[line.refill_month]:%Y-%m}",
        line.urgency.value,
        _rounded(line.reorder_point),
        _rounded(line.order_up_to),
        _rounded(line.safety_stock),
        line.service,
        terms.abc,
        _known(line.months_of_cover),
        each.runs_out_on,
        stock.on_hand,
        stock.on_order,
        stock.reserved,
        terms.lead_days,
        terms.pack,
        terms.minimum,
        product.supplier,
        terms.unit_cost,
        line.cost,
        product.cost_currency if terms.unit_cost is not None else None,
        line.reason[:LONGEST_REASON],
        each.idle.kind,
        each.idle.pieces,
        each.idle.money,
        None if each.sell_through is None else round(each.sell_through, 6),
        _rounded(each.lost_pieces),
        each.lost_money,
        price.currency if price else None,
    )


def refill_rows(store: str, plan: Sequence[Planned], ids: Sequence[str]) -> Iterator[Row]:
    """Rows of `plan_months`."""
    for each in plan:
        for refill in each.refills:
            month = f"{each.months[refill.month]:%Y-%m}"
            reason = refill.reason[:LONGEST_REASON]
            yield store, ids[each.stocked.product], month, refill.quantity, refill.order_by, refill.cost, reason


def run_rows(store: str, runs: dict[tuple[str, str], str]) -> Iterator[Row]:
    """Rows of `broken_size_runs`."""
    for (style, colour), state in sorted(runs.items()):
        yield store, style, colour, state[:LONGEST_REASON]


def _rounded(value: float) -> float:
    return round(float(value), PLACES)


def _known(value: float) -> float | None:
    """A number of the outlook, or None where there is none."""
    return _rounded(value) if np.isfinite(value) else None

"""A forecast and its plan as rows of the tables, without the forecast's number."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from jobs.batch.forecast_candidate import Candidate, Plan
from jobs.batch.forecast_features import Features
from ml.honesty import METHODS
from ml.outlook import LEVELS
from ml.plan import Planned
from ml.shop_forecast import MONTHS, Issued
from tillstream import months, tables
from tillstream.forecast_models import PLACES, Known, Model, documents
from tillstream.stores.ordering import Product
from tillstream.tables import Table

Row = tuple[Any, ...]

NOWCAST = "nowcast"
LEAST_WEIGHT = 0.0005  # below it, a weight is written as 0
POOL = METHODS[0]
LONGEST_REASON = 1000


def rows_of(found: Candidate, features: Features) -> Iterator[tuple[Table, Iterator[Row]]]:
    """The rows of each table, made as they are asked for."""
    for scope, issued in found.issued.items():
        yield tables.FORECAST_MONTHS, _months(scope, issued)
        yield tables.FORECAST_MODELS, _models(scope, issued)
    for store, plan in found.plans.items():
        yield tables.PLAN_LINES, _lines(store, plan.lines, features)
        yield tables.PLAN_MONTHS, _refills(store, plan.lines, features)
        yield tables.SIZE_RUNS, _runs(store, plan)


def _months(scope: str, issued: Issued) -> Iterator[Row]:
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


def _models(scope: str, issued: Issued) -> Iterator[Row]:
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


def _lines(store: str, lines: list[Planned], features: Features) -> Iterator[Row]:
    for each in lines:
        product = features.ids[each.stocked.product]
        yield store, product, *_line(each, features.products.get(product, Product()))


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


def _refills(store: str, lines: list[Planned], features: Features) -> Iterator[Row]:
    for each in lines:
        for refill in each.refills:
            product, month = features.ids[each.stocked.product], f"{each.months[refill.month]:%Y-%m}"
            reason = refill.reason[:LONGEST_REASON]
            yield store, product, month, refill.quantity, refill.order_by, refill.cost, reason


def _runs(store: str, plan: Plan) -> Iterator[Row]:
    for (style, colour), state in sorted(plan.runs.items()):
        yield store, style, colour, state[:LONGEST_REASON]


def _rounded(value: float) -> float:
    return round(float(value), PLACES)


def _known(value: float) -> float | None:
    """A number of the outlook, or None where there is none."""
    return _rounded(value) if np.isfinite(value) else None

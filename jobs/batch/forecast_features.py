"""What a forecast is made from: the published truth and the owner's data, as the arrays that `ml` reads.

The shop's day is the day of the published cut, but no later than the day after the last one with any record: a till
that has not sent for a month is no month without customers. An earlier clock leaves out what lies behind it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from ml.abc import classes
from ml.curves import Variants
from ml.panel import LONGEST
from ml.plan import Price, Stocked
from ml.restock import MONTH_DAYS, Receipt, Stock, Terms
from ml.shelf import CLEARANCE_DAYS
from ml.shop_forecast import MONTHS
from ml.store_record import Catalogue, Record, Span, Store
from tillstream import months
from tillstream.money import CURRENCY_PLACES
from tillstream.stores import ordering, shop_days, uplifts
from tillstream.stores.mysql import Cursor
from tillstream.stores.ordering import Order, Product, Revenue
from tillstream.stores.shop_days import Entries, ShopDays
from tillstream.stores.uplifts import ALL, Uplift

Floats = NDArray[np.float64]

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Features:
    """All that a forecast and its plan stand on. `ids` are in order; `places` has the number of each."""

    span: Span
    ids: tuple[str, ...]
    places: dict[str, int]
    days: ShopDays
    products: dict[str, Product]
    orders: list[Order]
    uplifts: list[Uplift]
    revenues: list[Revenue]


def read(cursor: Cursor, clock: date, as_of: date | None = None) -> Features:
    """Everything as it was known on the day `clock`, of one instant; orders as of a day, by default all of them."""
    published = [each for each in shop_days.published_months(cursor) if each[0] <= f"{clock:%Y-%m}"]
    last = shop_days.last_day(cursor, published, clock)
    today = clock if last is None else min(clock, last + timedelta(days=1))
    number = months.number_of(today)
    kept = [each for each in published if months.key(number - LONGEST) <= each[0] <= months.key(number)]
    days = shop_days.read(cursor, kept, today)
    products = ordering.products(cursor)
    last_year = [each for each in kept if months.key(number - months.YEAR) <= each[0] < months.key(number)]
    ids = tuple(sorted({*days.products, *products}))
    return Features(
        span=Span(date.fromisoformat(f"{min([month for month, _ in kept], default=f'{today:%Y-%m}')}-01"), today),
        ids=ids,
        places={product: place for place, product in enumerate(ids)},
        days=days,
        products=products,
        orders=ordering.open_orders(cursor, as_of or date.max),
        uplifts=uplifts.listed(cursor),
        revenues=ordering.revenues(cursor, last_year),
    )


def catalogue(features: Features) -> Catalogue:
    """The products, in the order of their ids."""
    described = [features.products.get(product, Product()) for product in features.ids]
    gone = [_gone(each, features.span.today) for each in described]
    categories = tuple(each.category for each in described)
    variants = Variants(
        tuple(each.style or f"\0{product}" for product, each in zip(features.ids, described, strict=True)),
        categories,
        tuple(each.size for each in described),
        tuple(each.colour for each in described),
    )
    styled = any(each.style for each in described)
    return Catalogue(features.ids, categories, variants if styled else None, np.array(gone, dtype=np.int64))


def records(features: Features) -> Iterator[tuple[str, Record]]:
    """The record of each store, by name; one at a time, as they are large. A shop without a store has one, ''."""
    places = np.array([features.places[product] for product in features.days.products], dtype=np.int64)
    names = sorted(features.days.stores) or [""]
    for name in names:
        number = features.days.stores.index(name) if features.days.stores else -1
        yield name, _record(features, places, number)


def _record(features: Features, places: NDArray[np.int64], store: int) -> Record:
    shape = (features.span.days, len(features.ids))
    sold, moved, counted = np.zeros(shape), np.zeros(shape), np.full(shape, np.nan)
    stocked = np.zeros(shape[1], dtype=np.bool_)
    days = features.days
    where, (gross, net) = _of_store(days.sales, store, places, features.span)
    sold[where] = np.maximum(gross, 0)
    moved[where] = -net
    where, (change,) = _of_store(days.moves, store, places, features.span)
    moved[where] += change
    stocked[where[1]] = True
    where, (count,) = _of_store(days.counts, store, places, features.span)
    counted[where] = count
    stocked[where[1]] = True
    return Record(features.span, sold, moved, counted, stocked)


def _of_store(
    entries: Entries, store: int, places: NDArray[np.int64], span: Span
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], list[NDArray[np.int64]]]:
    """Where in the arrays of a store its entries belong, and their figures."""
    inside = entries.store == store
    day = entries.day[inside].astype(np.int64) - span.first.toordinal()
    product = places[entries.product[inside]] if len(places) else np.empty(0, dtype=np.int64)
    return (day, product), [figure[inside] for figure in entries.figures]


def factors(features: Features, products: Catalogue) -> Floats:
    """What to multiply forecasts by, by product and month of the outlook: the owner's uplifts, and 0 once it is gone.

    A product's own uplift stands in for that of all.
    """
    found = np.ones((len(features.ids), MONTHS))
    number = months.number_of(features.span.today)
    ahead = {months.key(number + step): step for step in range(MONTHS)}
    for expected in features.uplifts:  # those of all products come first in each month
        step, place = ahead.get(expected.month), features.places.get(expected.product_id)
        if step is not None and expected.product_id == ALL:
            found[:, step] = float(expected.factor)
        elif step is not None and place is not None:
            found[place, step] = float(expected.factor)
    begins = np.array([months.first_day(number + step).toordinal() for step in range(MONTHS + 1)], dtype=np.float64)
    on_sale = (products.gone[:, None] - begins[:-1]) / np.diff(begins)
    return np.maximum(found, 0.0) * np.clip(on_sale, 0.0, 1.0)


def stocked(features: Features, store_name: str, store: Store, own_currency: str) -> list[Stocked]:
    """The products of whose stock in a store anything is on record, with all that their lines are reckoned from."""
    prices, ranks = _prices(features, own_currency), _ranks(features)
    coming: dict[str, list[Receipt]] = {}
    for order in features.orders:
        if order.store == store_name:
            coming.setdefault(order.product, []).append(Receipt(order.due, order.pieces))
    today = features.span.today
    found = []
    for place in np.flatnonzero(store.stocked).tolist():
        product = features.ids[place]
        quiet = int((today.toordinal() - int(store.quiet_since[place])) / MONTH_DAYS)
        stock = Stock(int(store.on_hand[place]), tuple(coming.get(product, ())), idle_months=quiet)
        terms = _terms(features.products.get(product, Product()), ranks[place], today)
        found.append(Stocked(place, stock, terms, prices.get(product)))
    return found


def _terms(product: Product, rank: str, today: date) -> Terms:
    return Terms(
        lead_days=product.lead_days,
        pack=product.pack,
        minimum=product.minimum,
        unit_cost=product.unit_cost,
        abc=rank,
        discontinued=_is_over(product, today),
    )


def _gone(product: Product, today: date) -> int:
    day = product.discontinued_on
    return NEVER if day is None or day > today else day.toordinal() + CLEARANCE_DAYS


def _is_over(product: Product, today: date) -> bool:
    return product.discontinued_on is not None and product.discontinued_on <= today


def _prices(features: Features, own_currency: str) -> dict[str, Price]:
    """What a piece of each product brought in the last year: in the shop's own currency, else in the usual one."""
    found: dict[str, tuple[tuple[bool, int], Price]] = {}
    for each in features.revenues:
        if each.units > 0:
            worth = (each.currency == own_currency, each.units)
            unit = Decimal(1).scaleb(-CURRENCY_PLACES[each.currency])
            price = Price((each.revenue / each.units).quantize(unit), each.currency)
            if each.product not in found or worth > found[each.product][0]:
                found[each.product] = (worth, price)
    return {product: price for product, (_, price) in found.items()}


def _ranks(features: Features) -> tuple[str, ...]:
    by_currency: dict[str, Floats] = {}
    for each in features.revenues:
        revenue = by_currency.setdefault(each.currency, np.zeros(len(features.ids)))
        revenue[features.places[each.product]] = float(each.revenue)
    return classes(list(by_currency.values()) or [np.zeros(len(features.ids))])

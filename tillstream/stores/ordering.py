"""What a plan stands on besides sales and stock: the owner's products and orders, and revenue."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import msgspec

from tillstream.stores.mysql import Cursor, rows


class Product(msgspec.Struct, frozen=True):
    """A product as the owner describes it; `lead_days` its own, else its supplier's."""

    category: str = ""
    style: str = ""
    size: str = ""
    colour: str = ""
    supplier: str | None = None
    unit_cost: Decimal | None = None
    cost_currency: str | None = None
    lead_days: int | None = None
    pack: int = 1
    minimum: int = 0
    discontinued_on: date | None = None


class Order(msgspec.Struct, frozen=True):
    """What is still to come of an order."""

    store: str
    product: str
    pieces: int
    due: date


class Revenue(msgspec.Struct, frozen=True):
    """What a product brought in a currency, over some months."""

    product: str
    currency: str
    units: int
    revenue: Decimal


def products(cursor: Cursor) -> dict[str, Product]:
    """The reference data, by product."""
    found = rows(
        cursor,
        "SELECT p.`product_id`, COALESCE(p.`category`, ''), COALESCE(p.`style`, ''), COALESCE(p.`size`, ''), "
        "COALESCE(p.`colour`, ''), p.`supplier`, p.`unit_cost`, p.`cost_currency`, "
        "COALESCE(p.`lead_time_days`, s.`lead_time_days`), GREATEST(COALESCE(p.`pack_size`, 1), 1), "
        "GREATEST(COALESCE(p.`minimum_order`, 0), 0), p.`discontinued_on` "
        "FROM `products` p LEFT JOIN `suppliers` s ON s.`supplier` = p.`supplier`",
    )
    return {product: Product(*described) for product, *described in found}


def open_orders(cursor: Cursor, day: date) -> list[Order]:
    """What was on order on a day, in the order of entry. Of what has come since, nobody knows how much was there then.

    It counts as still to come in whole.
    """
    found = rows(
        cursor,
        "SELECT `store_id`, `product_id`, "
        "CASE WHEN `closed_on` IS NULL THEN `quantity` - `received` ELSE `quantity` END AS `pieces`, `due_on` "
        "FROM `orders` WHERE `ordered_on` <= %s AND (`closed_on` IS NULL OR `closed_on` > %s) ORDER BY `order_id`",
        (day, day),
    )
    return [Order(*order) for order in found if order[2] > 0]


def revenues(cursor: Cursor, months: Sequence[tuple[str, int]]) -> list[Revenue]:
    """What each product brought in some published months (with the generation of each), by currency."""
    sums: dict[tuple[str, str], tuple[int, Decimal]] = {}
    for month, generation in months:
        for product, currency, units, revenue in rows(
            cursor,
            "SELECT `product_id`, `currency`, SUM(`units`), SUM(`revenue`) FROM `truth_sales_by_month` "
            "WHERE `generation` = %s AND `month` = %s GROUP BY `product_id`, `currency`",
            (generation, month),
        ):
            before = sums.get((product, currency), (0, Decimal(0)))
            sums[product, currency] = (before[0] + int(units), before[1] + revenue)
    return [Revenue(*key, *values) for key, values in sorted(sums.items())]

"""What the owner expects beyond the forecast: a factor by month, of a product or of all of them."""

from decimal import Decimal

import msgspec

from tillstream import tables
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores.mysql import Cursor, connect, rows, transaction
from tillstream.stores.reference import known_product

ALL = ""  # the product of a factor for all of them


class Uplift(msgspec.Struct, frozen=True):
    """1.2: a fifth more than the forecast. `product_id` is ALL for every product that has no factor of its own."""

    month: str
    product_id: str
    factor: Decimal


def put(settings: Settings, uplift: Uplift) -> None:
    """Puts a factor in the place of the one for this month and product. Raises TerminalError for a strange product."""
    connection = connect(settings, "operator")
    try:
        with transaction(connection) as cursor:
            if uplift.product_id != ALL:
                known_product(cursor, uplift.product_id)
            cursor.execute(tables.replacing_upsert(tables.UPLIFTS), msgspec.structs.astuple(uplift))
    finally:
        connection.close()


def remove(settings: Settings, month: str, product_id: str) -> None:
    """Takes a factor away. Raises TerminalError where there is none."""
    connection = connect(settings, "operator")
    try:
        with transaction(connection) as cursor:
            cursor.execute(
                "DELETE FROM `expected_uplifts` WHERE `month` = %s AND `product_id` = %s", (month, product_id)
            )
            if not cursor.rowcount:
                raise TerminalError(
                    f"No uplift is set for {month} and {product_id or 'all products'}.",
                    "`tillstream uplifts list` shows them.",
                )
    finally:
        connection.close()


def listed(cursor: Cursor) -> list[Uplift]:
    """All factors, by month; that of all products comes first in each."""
    query = "SELECT `month`, `product_id`, `factor` FROM `expected_uplifts` ORDER BY `month`, `product_id`"
    return [Uplift(*row) for row in rows(cursor, query)]

"""Products and suppliers, as the owner's file has them, and questions about what the shop knows."""

from collections.abc import Sequence
from typing import Any

from tillstream import tables
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores.mysql import Cursor, connect, rows, transaction
from tillstream.views.stock import LEAD_TIME_DAYS


def put_products(settings: Settings, products: Sequence[tuple[Any, ...]], suppliers: Sequence[tuple[Any, ...]]) -> None:
    """Puts rows (columns as in `tables.PRODUCTS` and `tables.SUPPLIERS`) in the place of those with the same key.

    One transaction; twice is the same as once. Products that the file does not name stay as they are.
    """
    connection = connect(settings, "operator")
    try:
        with transaction(connection) as cursor:
            if suppliers:
                cursor.executemany(tables.replacing_upsert(tables.SUPPLIERS), suppliers)
            if products:
                cursor.executemany(tables.replacing_upsert(tables.PRODUCTS), products)
    finally:
        connection.close()


def known_product(cursor: Cursor, product_id: str) -> str:
    """The product's name. Raises TerminalError for one that was neither imported nor ever sold or moved."""
    found = rows(
        cursor,
        "SELECT `product_name` FROM `products` WHERE `product_id` = %s "
        "UNION ALL SELECT `product_name` FROM `product_directory` WHERE `product_id` = %s",
        (product_id, product_id),
    )
    if not found:
        raise TerminalError(
            f"There is no product '{product_id}'.",
            "Give its id, not its name; `tillstream products import FILE` makes new products known.",
        )
    return str(found[0][0])


def known_store(cursor: Cursor, store_id: str | None) -> str:
    """The store, by default the only one. Raises TerminalError for a store without any sale or stock movement."""
    stores = [store for (store,) in rows(cursor, _STORES)]
    if store_id in stores:
        return str(store_id)
    if store_id is None and len(stores) == 1:
        return str(stores[0])
    if not stores:
        raise TerminalError("No store is known yet.", "Import its sales or its stock first: `tillstream import PATH`.")
    listing = ", ".join(stores)
    if store_id is None:
        raise TerminalError("There are several stores.", f"Say for which one with `--store`: {listing}.")
    raise TerminalError(f"There is no store '{store_id}'.", f"These are known: {listing}.")


def lead_time_days(cursor: Cursor, product_id: str) -> int:
    """Days from order to delivery: the product's own, else its supplier's, else what is usual."""
    found = rows(
        cursor,
        "SELECT COALESCE(p.`lead_time_days`, s.`lead_time_days`) FROM `products` p "
        "LEFT JOIN `suppliers` s ON s.`supplier` = p.`supplier` WHERE p.`product_id` = %s",
        (product_id,),
    )
    return int(found[0][0]) if found and found[0][0] is not None else LEAD_TIME_DAYS


_STORES = " UNION ".join(
    f"SELECT `store_id` FROM `{table}`" for table in ("truth_sales_by_month", "live_sales", "truth_stock", "live_stock")
)

"""Reference data: products and suppliers, as the owner's file has them."""

from collections.abc import Sequence
from typing import Any

from tillstream import tables
from tillstream.settings import Settings
from tillstream.stores.mysql import connect, transaction


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

"""A shop whose truth is published, written by hand: what a forecast is made from, without a night."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from tests.gate_night import Line, Move, put, write_truth
from tillstream import tables
from tillstream.settings import Settings
from tillstream.stores.mysql import Cursor, connect, transaction

GENERATION, EPOCH = 1, 2


@dataclass
class PublishedShop:
    """Sales and stock as a night has published them on `cut_day`, and the owner's products (columns by name)."""

    cut_day: date
    lines: list[Line] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    products: dict[str, dict[str, object]] = field(default_factory=dict)
    suppliers: dict[str, int] = field(default_factory=dict)

    def sell(self, day: date, product: str, quantity: int = 1, **more: object) -> None:
        """A line at noon."""
        self.lines.append(Line(datetime.combine(day, time(12)), product, quantity, **more))  # type: ignore[arg-type]

    def move(self, day: date, kind: str, quantity: int, product: str, store: str = "yangon-1") -> None:
        """A delivery, loss or count."""
        self.moves.append(Move(day, kind, quantity, product, store))

    def write(self, settings: Settings) -> None:
        """Puts it in the place of whatever was published."""
        connection = connect(settings, "migrate")
        try:
            with transaction(connection) as cursor:
                _write(cursor, self)
        finally:
            connection.close()


def clear(cursor: Cursor) -> None:
    """A shop of which nothing is known."""
    for table in tables.TABLES:
        if table not in (tables.SHOP, tables.HEARTBEAT, tables.LAYERS, tables.CURRENT_FORECAST):
            cursor.execute(f"DELETE FROM `{table.name}`")
    cursor.execute("UPDATE `current_forecast` SET `forecast` = 0")
    cursor.execute("UPDATE `layers` SET `current_epoch` = 1, `published_epoch` = 1, `final_before` = ''")
    cursor.execute("INSERT INTO `epochs` (`epoch`, `opened_at`) VALUES (1, UTC_TIMESTAMP(3))")


def _write(cursor: Cursor, shop: PublishedShop) -> None:
    clear(cursor)
    opened = datetime.combine(shop.cut_day, time(5))  # UTC: in Yangon it is half past eleven
    months = {f"{line.hour:%Y-%m}" for line in shop.lines} | {f"{move.day:%Y-%m}" for move in shop.moves}
    put(cursor, tables.EPOCHS, [(EPOCH, opened)])
    cursor.execute("UPDATE `layers` SET `current_epoch` = %s, `published_epoch` = %s", (EPOCH, EPOCH))
    made: Sequence[object] = (opened, opened, 1, opened, opened)
    put(cursor, tables.GENERATIONS, [(GENERATION, EPOCH, "night-1", "night", None, 1, "abc1234", *made)])
    put(cursor, tables.PUBLICATIONS, [(1, GENERATION, EPOCH, 1, "night", opened)])
    put(cursor, tables.PUBLISHED_MONTHS, [(month, GENERATION, month < f"{shop.cut_day:%Y-%m}") for month in months])
    write_truth(cursor, GENERATION, shop.lines, shop.moves, months)
    names = {line.product for line in shop.lines} | {move.product for move in shop.moves}
    put(cursor, tables.PRODUCT_NAMES, [(each, each.title(), opened) for each in sorted(names)])
    columns = [column.name for column in tables.PRODUCTS.values]
    described = [
        (product, *({"product_name": product.title()} | values).values())
        for product, values in (
            (product, {name: given.get(name) for name in columns} | {"product_name": product.title()})
            for product, given in shop.products.items()
        )
    ]
    put(cursor, tables.PRODUCTS, described)
    put(cursor, tables.SUPPLIERS, list(shop.suppliers.items()))

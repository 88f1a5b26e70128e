"""Orders at suppliers, line by line, as the owner enters them: what has yet to come counts in the plan."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import msgspec

from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.stores.mysql import Cursor, connect, rows, transaction
from tillstream.stores.reference import known_product, known_store, lead_time_days

LOCK, PATIENCE_SECONDS = "tillstream.orders", 10


class Order(msgspec.Struct, frozen=True):
    """One line: `received` pieces of `quantity` have come; `closed_on` is the day when no more was to come."""

    order_id: int
    store_id: str
    product_id: str
    product_name: str
    quantity: int
    received: int
    ordered_on: date
    due_on: date
    closed_on: date | None

    @property
    def outstanding(self) -> int:
        """Pieces that are yet to come."""
        return 0 if self.closed_on else self.quantity - self.received


class Wish(msgspec.Struct, frozen=True):
    """What is ordered; without a store the shop's only one, without `due_on` after the product's lead time."""

    product_id: str
    quantity: int
    ordered_on: date
    due_on: date | None = None
    store_id: str | None = None


Received = Callable[[Order, int], None]


@contextmanager
def alone(settings: Settings) -> Iterator[Cursor]:
    """A transaction of which there is one at a time, so that no two calls find the same number or pieces."""
    connection = connect(settings, "operator")
    try:
        with transaction(connection) as cursor:
            [(mine,)] = rows(cursor, "SELECT GET_LOCK(%s, %s)", (LOCK, PATIENCE_SECONDS))
            if not mine:
                raise TransientError("Somebody else is recording orders.", "Try again in a moment.")
            yield cursor
    finally:
        connection.close()  # gives the lock back, after the commit


def add(settings: Settings, wish: Wish) -> Order:
    """Records an order under the next free number. Raises TerminalError for what is not known or cannot be."""
    with alone(settings) as cursor:
        known_product(cursor, wish.product_id)
        return put(cursor, wish, known_store(cursor, wish.store_id))


def put(cursor: Cursor, wish: Wish, store_id: str) -> Order:
    """Likewise within the transaction of `alone`, of a product and for a store that are known to be known."""
    due_on = wish.due_on or wish.ordered_on + timedelta(days=lead_time_days(cursor, wish.product_id))
    if due_on < wish.ordered_on:
        raise TerminalError(f"An order of {wish.ordered_on} cannot be due on {due_on}.", "Give a later `--due`.")
    [(order_id,)] = rows(cursor, "SELECT COALESCE(MAX(`order_id`), 0) + 1 FROM `orders`")
    cursor.execute(
        "INSERT INTO `orders` (`order_id`, `store_id`, `product_id`, `quantity`, `ordered_on`, `due_on`, "
        "`recorded_at`) VALUES (%s, %s, %s, %s, %s, %s, UTC_TIMESTAMP(3))",
        (order_id, store_id, wish.product_id, wish.quantity, wish.ordered_on, due_on),
    )
    return _find(cursor, order_id)


def receive(
    settings: Settings, order_id: int, day: date, pieces: int | None = None, before_commit: Received | None = None
) -> Order:
    """Records that so many pieces of an order have come, or all that were outstanding. The last ones close it.

    `before_commit` gets the order as it will be, and the pieces; what it raises leaves the order as it was.
    """
    with alone(settings) as cursor:
        order = _open(cursor, order_id, day)
        come = order.outstanding if pieces is None else pieces
        if come > order.outstanding:
            raise TerminalError(
                f"Of order {order_id} only {order.outstanding:,} pieces are outstanding, not {come:,}.",
                "If more has come than was ordered, record the rest as an order of its own.",
            )
        cursor.execute(
            "UPDATE `orders` SET `received` = %s, `closed_on` = %s WHERE `order_id` = %s",
            (order.received + come, day if come == order.outstanding else None, order_id),
        )
        received = _find(cursor, order_id)
        if before_commit is not None:
            before_commit(received, come)
        return received


def cancel(settings: Settings, order_id: int, day: date) -> Order:
    """Records that nothing more of an order is to come."""
    with alone(settings) as cursor:
        _open(cursor, order_id, day)
        cursor.execute("UPDATE `orders` SET `closed_on` = %s WHERE `order_id` = %s", (day, order_id))
        return _find(cursor, order_id)


def listed(cursor: Cursor, *, closed: bool = False) -> list[Order]:
    """The open orders, those due first in front; with `closed`, all."""
    return [Order(*row) for row in rows(cursor, f"{_SELECT} WHERE %s OR o.`closed_on` IS NULL {_SORT}", (closed,))]


_SELECT = (
    "SELECT o.`order_id`, o.`store_id`, o.`product_id`, COALESCE(p.`product_name`, d.`product_name`, o.`product_id`), "
    "o.`quantity`, o.`received`, o.`ordered_on`, o.`due_on`, o.`closed_on` FROM `orders` o "
    "LEFT JOIN `products` p ON p.`product_id` = o.`product_id` "
    "LEFT JOIN `product_directory` d ON d.`product_id` = o.`product_id`"
)
_SORT = "ORDER BY o.`due_on`, o.`order_id`"


def _find(cursor: Cursor, order_id: int) -> Order:
    found = rows(cursor, f"{_SELECT} WHERE o.`order_id` = %s", (order_id,))
    if not found:
        raise TerminalError(f"There is no order {order_id}.", "`tillstream orders list --all` shows them.")
    return Order(*found[0])


def _open(cursor: Cursor, order_id: int, day: date) -> Order:
    order = _find(cursor, order_id)
    if order.closed_on:
        raise TerminalError(
            f"Order {order_id} was closed on {order.closed_on}: {order.received:,} of {order.quantity:,} had come.",
            "`tillstream orders list` shows the open ones.",
        )
    if day < order.ordered_on:
        raise TerminalError(f"Order {order_id} is of {order.ordered_on}; {day} is before that.", "Give a later day.")
    return order

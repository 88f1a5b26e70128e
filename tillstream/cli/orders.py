"""What the owner tells the plan: orders at suppliers, and uplifts that the past does not show."""

from datetime import date
from decimal import Decimal

import click

from tillstream.cli.output import Day, Month, Number, as_json, print_json, print_table
from tillstream.events import STOCK, encode
from tillstream.settings import Settings, load
from tillstream.shop_calendar import today, zone
from tillstream.stores import kafka
from tillstream.stores import orders as order_book
from tillstream.stores import uplifts as uplift_book
from tillstream.stores.mysql import reading

MOST_PIECES = 100_000  # of one order line: more is a slip of the finger
FACTOR = Number("factor", 100, 3, "1.2 for a fifth more than the forecast, 0.5 for half of it")


@click.group()
def orders() -> None:
    """Orders at suppliers: what has yet to come is not ordered again."""


@orders.command()
@click.argument("product")
@click.argument("quantity", type=click.IntRange(1, MOST_PIECES))
@click.option("--store", help="Where it goes; default: the only store.")
@click.option("--ordered", type=Day(), help="The day it was ordered; default: today.")
@click.option("--due", type=Day(), help="The day it should come; default: after the product's lead time.")
@as_json
def add(product: str, quantity: int, store: str | None, ordered: date | None, due: date | None, json: bool) -> None:
    """Records an order of so many pieces of a product, named by its id."""
    settings = load()
    wish = order_book.Wish(product, quantity, ordered or _today(settings), due, store)
    order = order_book.add(settings, wish)
    _print_order(order, f"{order.quantity:,} pieces are due on {order.due_on} in {order.store_id}.", json)


@orders.command()
@click.argument("order_id", metavar="ORDER", type=click.IntRange(1))
@click.argument("pieces", required=False, type=click.IntRange(1))
@click.option("--on", "day", type=Day(), help="The day it came; default: today.")
@click.option("--to-stock", is_flag=True, help="Send the delivery as a stock movement, too.")
@as_json
def received(order_id: int, pieces: int | None, day: date | None, to_stock: bool, json: bool) -> None:
    """Records that an order has come: so many pieces, or all that were outstanding.

    Stock on hand counts stock movements. Where tills or imports send the deliveries, that is all; elsewhere --to-stock
    sends them.
    """
    settings = load()
    came_on = day or _today(settings)
    send = _deliver(settings, came_on) if to_stock else None
    order = order_book.receive(settings, order_id, came_on, pieces, send)
    rest = f"{order.outstanding:,} are outstanding" if order.outstanding else "it is complete"
    _print_order(order, f"{order.received:,} of {order.quantity:,} pieces have come, {rest}.", json)


@orders.command()
@click.argument("order_id", metavar="ORDER", type=click.IntRange(1))
@as_json
def cancel(order_id: int, json: bool) -> None:
    """Records that nothing more of an order will come."""
    settings = load()
    order = order_book.cancel(settings, order_id, _today(settings))
    _print_order(order, f"closed, {order.quantity - order.received:,} pieces will not come.", json)


@orders.command("list")
@click.option("--all", "every", is_flag=True, help="Those that have come or were given up, too.")
@as_json
def list_orders(every: bool, json: bool) -> None:
    """The open orders, those due first in front."""
    with reading(load(), "operator") as cursor:
        found = order_book.listed(cursor, closed=every)
    if json:
        print_json(found)
        return
    print_table(
        "Orders" if every else "Open orders",
        ("order", "store", "product", "id", "pieces", "received", "ordered on", "due on", "closed on"),
        (
            (str(o.order_id), o.store_id, o.product_name, o.product_id, o.quantity, o.received, o.ordered_on, o.due_on,
             o.closed_on)
            for o in found
        ),
    )  # fmt: skip


@click.group()
def uplifts() -> None:
    """What you expect beyond the forecast: a factor by month, which the next forecast takes into account."""


of_product = click.option("--product", default=uplift_book.ALL, metavar="ID", help="One product; without it, all.")


@uplifts.command("set")
@click.argument("month", type=Month())
@click.argument("factor", type=FACTOR)
@of_product
def set_uplift(month: str, factor: Decimal, product: str) -> None:
    """Expects so much more in a month: 1.2 is a fifth more than the forecast. A product's own factor counts alone."""
    uplift_book.put(load(), uplift_book.Uplift(month, product, factor))
    click.echo(f"{month}: {factor.normalize():f} times what is forecast of {product or 'all products'}, from tonight.")


@uplifts.command("list")
@as_json
def list_uplifts(json: bool) -> None:
    """All factors, by month."""
    with reading(load(), "operator") as cursor:
        found = uplift_book.listed(cursor)
    if json:
        print_json(found)
    else:
        rows = ((u.month, u.product_id or "all", f"{u.factor.normalize():f}") for u in found)
        print_table("Expected uplifts", ("month", "product", "factor"), rows)


@uplifts.command("remove")
@click.argument("month", type=Month())
@of_product
def remove_uplift(month: str, product: str) -> None:
    """Takes a factor away."""
    uplift_book.remove(load(), month, product)
    click.echo(f"{month}: {product or 'all products'} as forecast, from tonight.")


def _deliver(settings: Settings, day: date) -> order_book.Received:
    """Sends the delivery before the order is recorded as received: a failure leaves it to be entered again."""
    from sources.order_delivery import delivery

    def send(order: order_book.Order, pieces: int) -> None:
        movement = delivery(order, pieces, day, zone(settings.timezone))
        with kafka.Producer(settings, "operator") as producer:
            producer.send(STOCK, movement.order_id, encode(movement))

    return send


def _today(settings: Settings) -> date:
    return today(zone(settings.timezone))


def _print_order(order: order_book.Order, what: str, json: bool) -> None:
    if json:
        print_json(order)
    else:
        click.echo(f"Order {order.order_id}, {order.product_name}: {what}")


COMMANDS = (orders, uplifts)

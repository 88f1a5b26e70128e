"""The stock movement of an order that has come, for shops in which nothing else sends deliveries."""

from datetime import date
from zoneinfo import ZoneInfo

from tillstream.events import StockMovement, event_id, normalised
from tillstream.shop_calendar import opening
from tillstream.stores.orders import Order

TILL = "orders"


def delivery(order: Order, pieces: int, day: date, shop_zone: ZoneInfo) -> StockMovement:
    """The delivery of `pieces` on a day, the last of all that `order` has received so far.

    Its line number is their sum: no two parts of an order have the same, and a part that is entered again, because its
    recording failed after it was sent, is the same event.
    """
    order_id = f"{order.order_id}-{order.ordered_on:%Y%m%d}"
    return StockMovement(
        event_id=event_id(TILL, order_id, order.received), schema_version=1, order_id=order_id,
        line_no=order.received, till_id=TILL, store_id=order.store_id, product_id=order.product_id,
        product_name=normalised(order.product_name), kind="delivery", quantity=pieces, day=day,
        recorded_at=opening(day, shop_zone),
    )  # fmt: skip

"""The delivery of an order: an event that the contract takes, the same whenever the same part is entered again."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sources.order_delivery import delivery
from tillstream.events import STOCK, Rules, StockMovement, decoder, encode
from tillstream.stores.orders import Order

YANGON = ZoneInfo("Asia/Yangon")
DAY = date(2026, 3, 20)
RECEIVED_MS = int(datetime(2026, 3, 20, 6, tzinfo=UTC).timestamp() * 1000)


def order(received: int) -> Order:
    return Order(7, "main", "TS-01", "ချည်ပုဆိုး\t", 24, received, date(2026, 3, 10), date(2026, 3, 24), None)


def test_the_contract_takes_it() -> None:
    sent = delivery(order(12), 12, DAY, YANGON)
    taken = decoder(STOCK, Rules("Asia/Yangon", date(2000, 1, 1)))(encode(sent), RECEIVED_MS)

    assert isinstance(taken, StockMovement)
    assert taken == sent
    assert (taken.kind, taken.quantity, taken.day, taken.store_id, taken.product_id) == (
        "delivery", 12, DAY, "main", "TS-01",
    )  # fmt: skip


def test_a_part_that_is_entered_again_is_the_same_event_and_another_part_is_not() -> None:
    first = delivery(order(12), 12, DAY, YANGON)

    assert encode(delivery(order(12), 12, DAY, YANGON)) == encode(first)
    assert delivery(order(24), 12, DAY, YANGON).event_id != first.event_id

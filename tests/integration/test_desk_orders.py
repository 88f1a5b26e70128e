"""Orders and uplifts as people enter them: known things only, each once, and no message that leaves one guessing."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import ClassVar

import pytest

from tests.integration.desk import Desk, Item
from tillstream import tables
from tillstream.errors import TerminalError, TransientError
from tillstream.stores import kafka, orders
from tillstream.stores.mysql import connect
from tillstream.stores.orders import Wish

SHIRT = Item("TS-01", "T-Shirt", lead=None)
SOCKS = Item("SK-01", "Socks", lead=3)
DAY = date(2026, 3, 10)


@pytest.fixture
def shop(desk: Desk) -> Desk:
    desk.open(SHIRT, SOCKS)
    return desk


def test_an_order_is_due_after_the_products_lead_time(shop: Desk) -> None:
    assert shop.json("orders", "add", "SK-01", "12", "--ordered", "2026-03-10") == {
        "order_id": 1, "store_id": "main", "product_id": "SK-01", "product_name": "Socks", "quantity": 12,
        "received": 0, "ordered_on": "2026-03-10", "due_on": "2026-03-13", "closed_on": None,
    }  # fmt: skip
    assert shop.json("orders", "add", "TS-01", "6", "--ordered", "2026-03-10")["due_on"] == "2026-03-24"  # the usual
    shop.put(tables.SUPPLIERS, ("Golden Loom", 21))
    assert shop.json("orders", "add", "TS-01", "6", "--ordered", "2026-03-10")["due_on"] == "2026-03-31"
    assert shop.json("orders", "add", "TS-01", "6", "--due", "2030-01-01")["due_on"] == "2030-01-01"


def test_an_order_comes_in_parts_and_is_closed_by_the_last(shop: Desk) -> None:
    shop.run("orders", "add", "TS-01", "12", "--ordered", "2026-03-10")

    assert "5 of 12 pieces have come, 7 are outstanding" in shop.run("orders", "received", "1", "5")
    assert [order["received"] for order in shop.json("orders", "list")] == [5]
    closed = shop.json("orders", "received", "1", "--on", "2026-03-20")
    assert (closed["received"], closed["closed_on"]) == (12, "2026-03-20")
    assert shop.json("orders", "list") == []
    assert len(shop.json("orders", "list", "--all")) == 1
    assert shop.run("orders", "list") == "Open orders: none\n"


def test_an_order_that_is_given_up_is_no_longer_outstanding(shop: Desk) -> None:
    shop.run("orders", "add", "TS-01", "12")
    shop.run("orders", "received", "1", "5")

    assert "7 pieces will not come" in shop.run("orders", "cancel", "1")
    assert shop.json("orders", "list") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "nothing", "3"), "no product 'nothing'"),
        (("add", "T-Shirt", "3"), "Give its id, not its name"),
        (("add", "TS-01", "3", "--store", "branch"), "no store 'branch'.\nThese are known: main."),
        (("add", "TS-01", "3", "--ordered", "2026-03-10", "--due", "2026-03-09"), "cannot be due on 2026-03-09"),
        (("received", "7"), "no order 7"),
        (("received", "1", "13"), "only 12 pieces are outstanding, not 13"),
        (("received", "1", "--on", "2020-01-01"), "is before that"),
        (("received", "2"), "Order 2 was closed on"),
        (("cancel", "2"), "Order 2 was closed on"),
        (("cancel", "9"), "no order 9"),
    ],
)
def test_what_cannot_be_is_one_message_and_changes_nothing(shop: Desk, arguments: tuple[str, ...], words: str) -> None:
    shop.run("orders", "add", "TS-01", "12")
    shop.run("orders", "add", "TS-01", "6")
    shop.run("orders", "received", "2")
    before = shop.json("orders", "list", "--all")

    with pytest.raises(TerminalError) as caught:
        shop.run("orders", *arguments)

    assert words in str(caught.value)
    assert shop.json("orders", "list", "--all") == before


def test_of_several_stores_one_is_named(desk: Desk) -> None:
    desk.open(SHIRT, stores=("main", "branch"))

    with pytest.raises(TerminalError, match=r"several stores.\nSay for which one with `--store`: branch, main"):
        desk.run("orders", "add", "TS-01", "3")
    assert desk.json("orders", "add", "TS-01", "3", "--store", "branch")["store_id"] == "branch"


def test_where_nothing_was_sold_there_is_no_store_to_order_for(desk: Desk) -> None:
    desk.open(SHIRT, stores=())

    with pytest.raises(TerminalError, match="No store is known yet"):
        desk.run("orders", "add", "TS-01", "3")


def test_orders_entered_at_once_have_numbers_of_their_own(shop: Desk) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: orders.add(shop.settings, Wish("TS-01", 1, DAY)).order_id, range(40)))

    assert sorted(found) == list(range(1, 41))


def test_pieces_that_two_people_receive_at_once_come_once(shop: Desk) -> None:
    orders.add(shop.settings, Wish("TS-01", 10, DAY))

    def receive(_: int) -> bool:
        try:
            orders.receive(shop.settings, 1, DAY + timedelta(days=1), 4)
        except TerminalError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(receive, range(6))) == 2
    assert shop.json("orders", "list")[0]["received"] == 8


def test_nobody_waits_for_a_lock_that_was_left_behind(shop: Desk) -> None:
    with pytest.raises(TerminalError, match="no product"):
        shop.run("orders", "add", "nothing", "3")

    assert shop.json("orders", "add", "TS-01", "3")["order_id"] == 1


def test_uplifts_are_set_replaced_and_taken_away(shop: Desk) -> None:
    shop.run("uplifts", "set", "2026-12", "1.25")
    shop.run("uplifts", "set", "2026-12", "1.3")
    shop.run("uplifts", "set", "2026-12", "2", "--product", "TS-01")

    assert shop.json("uplifts", "list") == [
        {"month": "2026-12", "product_id": "", "factor": "1.300"},
        {"month": "2026-12", "product_id": "TS-01", "factor": "2.000"},
    ]
    shop.run("uplifts", "remove", "2026-12")
    shop.run("uplifts", "remove", "2026-12", "--product", "TS-01")
    assert shop.run("uplifts", "list") == "Expected uplifts: none\n"


def test_an_uplift_of_what_is_not_known_is_refused(shop: Desk) -> None:
    with pytest.raises(TerminalError, match="no product 'nothing'"):
        shop.run("uplifts", "set", "2026-12", "2", "--product", "nothing")
    with pytest.raises(TerminalError, match="No uplift is set for 2026-12 and all products"):
        shop.run("uplifts", "remove", "2026-12")


def test_the_operator_may_record_orders_and_take_none_away(shop: Desk) -> None:
    connection = connect(shop.settings, "operator")
    try:
        with pytest.raises(Exception, match="denied"), connection.cursor() as cursor:
            cursor.execute("DELETE FROM orders")
    finally:
        connection.close()


class Producer:
    """Takes records as the product's does, or is away."""

    sent: ClassVar[list[tuple[str, str, bytes]]] = []
    away: ClassVar[bool] = False

    def __init__(self, _settings: object, _account: str) -> None:
        pass

    def __enter__(self) -> "Producer":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def send(self, topic: str, key: str, value: bytes) -> None:
        if self.away:
            raise TransientError("Kafka does not answer.")
        self.sent.append((topic, key, value))


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bytes]]:
    """What was sent to Kafka."""
    monkeypatch.setattr(kafka, "Producer", Producer)
    monkeypatch.setattr(Producer, "sent", [])
    return Producer.sent


def test_what_has_come_is_put_on_the_books_on_request(shop: Desk, sent: list[tuple[str, str, bytes]]) -> None:
    shop.run("orders", "add", "TS-01", "12", "--ordered", "2026-03-10")
    shop.run("orders", "received", "1", "5")
    assert sent == []

    shop.run("orders", "received", "1", "4", "--on", "2026-03-20", "--to-stock")
    [(topic, key, value)] = sent
    event = json.loads(value)
    assert (topic, key) == ("stock", "1-20260310")
    assert (event["kind"], event["quantity"], event["day"]) == ("delivery", 4, "2026-03-20")
    assert event["event_id"] == "orders-1-20260310-9"


def test_a_delivery_that_cannot_be_sent_leaves_the_order_open(
    shop: Desk, sent: list[tuple[str, str, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.run("orders", "add", "TS-01", "12")
    monkeypatch.setattr(Producer, "away", True)
    with pytest.raises(TransientError):
        shop.run("orders", "received", "1", "--to-stock")
    monkeypatch.setattr(Producer, "away", False)

    assert shop.json("orders", "list")[0]["received"] == 0
    shop.run("orders", "received", "1", "--to-stock")
    assert len(sent) == 1

"""What was produced into Kafka for a test, and an empty live layer to count it with."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.night.stores import empty, raw_record
from tillstream.accounts import EVENTS, MONGO_DATABASE
from tillstream.events import SALES, Sale, encode, event_id
from tillstream.settings import Settings
from tillstream.stores import kafka, live
from tillstream.stores.mysql import connect, rows, transaction

OPENED = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class ShopRecord:
    """The events that a test has sent, in order; `run` keeps the ids of one test apart from those of others."""

    run: str
    rng: random.Random
    sent: list[Sale] = field(default_factory=list)

    def next_event(self) -> Sale:
        """A new sale, one sent again, or one whose id was used for another sale."""
        roll = self.rng.random()
        if self.sent and roll < 0.15:
            return self.rng.choice(self.sent)
        if self.sent and roll < 0.2:
            first = self.rng.choice(self.sent)
            return self._sale(first.order_id, quantity=first.quantity + self.rng.randint(1, 9))
        return self._sale(f"{self.run}-{len(self.sent)}", quantity=self.rng.randint(1, 5))

    def produce(self, settings: Settings, number: int) -> None:
        """Sends so many events."""
        with kafka.Producer(settings, "till") as producer:
            for _ in range(number):
                sale = self.next_event()
                self.sent.append(sale)
                producer.send(SALES, str(self.rng.random()), encode(sale))

    def ids(self) -> set[str]:
        """Each event once."""
        return {sale.event_id for sale in self.sent}

    def _sale(self, order_id: str, quantity: int) -> Sale:
        return Sale(
            event_id=event_id("till", order_id, 1), schema_version=1, kind="sale", order_id=order_id, line_no=1,
            till_id="till", store_id="shop", product_id=f"p{self.rng.randrange(3)}", product_name="Shirt",
            quantity=quantity, unit_price="1.25", currency="USD",
            sold_at=OPENED + timedelta(days=self.rng.randrange(120)),
        )  # fmt: skip


def begin_anew(settings: Settings) -> dict[kafka.Source, int]:
    """Empties the stores, and starts counting at Kafka's end; gives that."""
    empty(settings)
    ends = {source: end for source, (_, end) in kafka.TopicReader(settings, "stream").bounds().items()}
    connection = connect(settings, "migrate")
    live.register(connection, ends)
    with transaction(connection) as cursor:
        for (topic, partition), end in ends.items():
            cursor.execute(
                "UPDATE stream_offsets SET next_offset = %s WHERE topic = %s AND `partition` = %s",
                (end, topic, partition),
            )
    connection.close()
    return ends


def units_shown(settings: Settings) -> int:
    """All pieces in the view of months."""
    connection = connect(settings, "bi")
    with transaction(connection) as cursor:
        [(units,)] = rows(cursor, "SELECT COALESCE(SUM(units), 0) FROM sales_by_month")
    connection.close()
    return int(units)


def raw_units(settings: Settings) -> dict[str, int]:
    """Pieces by event id, as the raw record has them."""
    with raw_record(settings) as client:
        found = client[MONGO_DATABASE][EVENTS].find({}, {"quantity": 1})
        return {document["_id"]: document["quantity"] for document in found}

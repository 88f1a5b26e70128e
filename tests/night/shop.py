"""A shop for tests of the night: its records go through the stream's own pass and transaction, without Spark."""

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa

from jobs.streaming.recording import Recording, recorded
from tests.night.fold import added_up
from tillstream.events import SALES, STOCK, Event, Sale, StockMovement, encode, event_id
from tillstream.settings import Settings
from tillstream.stores import live, live_batch
from tillstream.stores.kafka import Source
from tillstream.stores.mysql import connect

PARTITIONS = {SALES: 3, STOCK: 2}
RECEIVED = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass
class Shop:
    """Records by partition, as Kafka would have them, and how they are counted. The same seed sells the same."""

    settings: Settings
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    records: dict[Source, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    sent: list[Event] = field(default_factory=list)

    def sell(self, day: date, **changes: object) -> Sale:
        """One sale at noon of a day, in UTC; sent, and not yet counted."""
        order = f"o{len(self.sent)}"
        fields: dict[str, object] = {
            "event_id": "", "schema_version": 1, "kind": "sale", "order_id": order, "line_no": 1, "till_id": "till",
            "store_id": "main", "product_id": f"p{self.rng.randrange(4)}", "product_name": "Shirt",
            "quantity": self.rng.randint(1, 5), "unit_price": f"{self.rng.randrange(9999)}.{self.rng.randrange(99):02}",
            "currency": "USD",
            "sold_at": datetime.combine(day, datetime.min.time(), UTC) + timedelta(hours=self.rng.randrange(2, 16)),
        }  # fmt: skip
        fields |= changes
        fields["event_id"] = event_id("till", str(fields["order_id"]), int(str(fields["line_no"])))
        sale = Sale(**fields)  # type: ignore[arg-type]
        self.send(sale)
        return sale

    def move(self, kind: str, day: date, quantity: int, **changes: object) -> StockMovement:
        """One stock movement of a day."""
        order = f"m{len(self.sent)}"
        fields: dict[str, object] = {
            "event_id": event_id("stock", order, 1), "schema_version": 1, "kind": kind, "order_id": order, "line_no": 1,
            "till_id": "stock", "store_id": "main", "product_id": f"p{self.rng.randrange(4)}", "product_name": "Shirt",
            "quantity": quantity, "day": day, "recorded_at": datetime.combine(day, datetime.min.time(), UTC),
        }  # fmt: skip
        movement = StockMovement(**(fields | changes))  # type: ignore[arg-type]
        self.send(movement)
        return movement

    def trade(self, first: date, days: int, a_day: int = 6) -> None:
        """Days of ordinary trade: sales, returns, discounts, two currencies, stock movements, and a few sent twice."""
        for day in (first + timedelta(days=n) for n in range(days)):
            for _ in range(a_day):
                roll = self.rng.random()
                if roll < 0.1 and self.sent:
                    self.send(self.rng.choice(self.sent))
                elif roll < 0.25:
                    self.move(self.rng.choice(["delivery", "loss", "count"]), day, self.rng.randint(1, 30))
                elif roll < 0.35:
                    self.sell(day, kind="return")
                elif roll < 0.5:
                    self.sell(day, discount="0.05", store_id="branch", currency="EUR", product_name="Shirt, blue")
                else:
                    self.sell(day)

    def send(self, event: Event) -> None:
        """An event into a partition, as a record of its own."""
        topic = SALES if isinstance(event, Sale) else STOCK
        self.records[topic, self.rng.randrange(PARTITIONS[topic])].append(encode(event))
        self.sent.append(event)

    def garbage(self) -> None:
        """A record that is no event."""
        self.records[SALES, 0].append(b"{")

    def count(self) -> None:
        """Counts every record that was sent since, in one micro-batch."""
        connection = connect(self.settings, "stream")
        try:
            live.register(connection, self.records)
            floor = live.counted_offsets(connection)
            batch = record_batch(
                (source, floor[source], values[floor[source] :]) for source, values in sorted(self.records.items())
            )
            counting = list(recorded([batch], Recording(self.settings, floor)))
            live_batch.apply(connection, added_up(counting, self.settings.timezone), floor)
        finally:
            connection.close()


def record_batch(parts: Iterable[tuple[Source, int, list[bytes]]]) -> pa.RecordBatch:
    """Records as Spark's Kafka source gives them."""
    found = [(*source, first + n, value) for source, first, values in parts for n, value in enumerate(values)]
    received = [RECEIVED] * len(found)
    return pa.RecordBatch.from_pydict(
        {
            "topic": pa.array([topic for topic, *_ in found], pa.string()),
            "partition": pa.array([partition for _, partition, *_ in found], pa.int32()),
            "offset": pa.array([offset for _, _, offset, _ in found], pa.int64()),
            "timestamp": pa.array(received, pa.timestamp("us", "UTC")),
            "key": pa.array([b"key"] * len(found), pa.binary()),
            "value": pa.array([value for *_, value in found], pa.binary()),
        }
    )

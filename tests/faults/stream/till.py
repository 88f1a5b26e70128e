"""A till that sends to Kafka and keeps a list of what it sent. It shares nothing with the product but a topic.

Amounts are whole cents and times are on the shop's own clock, so that the list can be added up without the product's
money, calendar or event contract.
"""

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from confluent_kafka import KafkaError, Message, Producer

OFFSET = "+06:30"  # of the shop's clock, all year
PRODUCTS = ("tee", "socks", "belt", "Tee")
TOPIC_OF = {"sale": "sales", "return": "sales", "delivery": "stock", "loss": "stock", "count": "stock"}
FLUSH_SECONDS = 150


@dataclass(frozen=True)
class Line:
    """One event as the till knows it: `cents` and `off` are price and discount, `at` is on the shop's clock."""

    kind: str
    order: str
    number: int
    till: str
    store: str
    product: str
    quantity: int
    at: datetime
    currency: str = "USD"
    cents: int = 0
    off: int = 0
    day: date | None = None

    @property
    def event_id(self) -> str:
        return f"{self.till}-{self.order}-{self.number}"

    @property
    def topic(self) -> str:
        return TOPIC_OF[self.kind]


@dataclass(frozen=True)
class Sent:
    """A record that Kafka took, and where; `line` is None for rubbish."""

    line: Line | None
    topic: str
    partition: int
    offset: int

    @property
    def coordinates(self) -> str:
        return f"{self.topic}-{self.partition}-{self.offset}"


class Till:
    """Sends events of one store. `sent` is complete after each call, in the order of sending."""

    def __init__(self, kafka_servers: str, password: str, store: str, rng: random.Random) -> None:
        self.store = store
        self.sent: list[Sent] = []
        self._rng = rng
        self._orders = 0
        self._failed: list[KafkaError] = []
        self._producer = Producer(
            {"bootstrap.servers": kafka_servers, "enable.idempotence": True, "acks": "all", "linger.ms": 5,
             "security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512",
             "sasl.username": "tillstream_till", "sasl.password": password,
             "topic.metadata.refresh.interval.ms": 1_000, "log_level": 0}
        )  # fmt: skip

    def trade(self, number: int) -> None:
        """So many events: mostly new ones, a few sent again, used twice for different things, or rubbish."""
        self.queue_trade(number)
        self.flush()

    def queue_trade(self, number: int) -> None:
        """As `trade`, without waiting for Kafka; what is sent again was in Kafka before the call."""
        known = [sent.line for sent in self.sent if sent.line is not None]
        for _ in range(number):
            roll = self._rng.random()
            if known and roll < 0.05:
                self._queue(self._rng.choice(known))
            elif known and roll < 0.08:
                line = self._rng.choice(known)
                self._queue(replace(line, quantity=line.quantity + self._rng.randint(1, 9)))
            elif roll < 0.09:
                self._queue_rubbish()
            else:
                self._queue(self._movement() if self._rng.random() < 0.05 else self._sale())

    def send(self, lines: Iterable[Line]) -> None:
        """These, in this order."""
        for line in lines:
            self._queue(line)
        self.flush()

    def sale(self, **parts: Any) -> Line:
        """A sale that was never sent, or a return."""
        return replace(self._sale(), **parts)

    def flush(self) -> None:
        """Waits until Kafka has everything."""
        left = self._producer.flush(FLUSH_SECONDS)
        assert not left, f"Kafka did not take {left} records"
        assert not self._failed, f"Kafka refused records: {self._failed[0]}"

    def _queue(self, line: Line) -> None:
        self._produce(line.topic, line.order, json.dumps(_fields(line)).encode(), line)

    def _queue_rubbish(self) -> None:
        self._produce("sales", "rubbish", self._rng.choice([b"", b"{", b"[]", b"\xff", b'{"kind": "sale"}']), None)

    def _produce(self, topic: str, key: str, value: bytes, line: Line | None) -> None:
        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                self._failed.append(error)
            else:
                partition, offset = message.partition(), message.offset()
                assert partition is not None
                assert offset is not None
                self.sent.append(Sent(line, topic, partition, offset))

        self._producer.produce(topic, value, key.encode(), on_delivery=delivered)
        self._producer.poll(0)

    def _sale(self) -> Line:
        rng = self._rng
        currency = rng.choice(["USD", "MMK"])
        unit = 100 if currency == "MMK" else 1  # of a kyat there are no cents
        cents = rng.randint(1, 3_000_000 // unit) * unit
        return Line(
            kind="return" if rng.random() < 0.1 else "sale",
            order=self._next_order(),
            number=1 if rng.random() < 0.7 else 2,
            till=f"till-{self.store}",
            store=self.store,
            product=rng.choice(PRODUCTS),
            quantity=rng.randint(1, 5),
            at=self._instant(),
            currency=currency,
            cents=cents,
            off=rng.randint(0, cents // unit) * unit if rng.random() < 0.2 else 0,
        )

    def _movement(self) -> Line:
        at = self._instant()
        return Line(
            kind=self._rng.choice(["delivery", "delivery", "loss", "count"]),
            order=self._next_order(),
            number=1,
            till=f"till-{self.store}",
            store=self.store,
            product=self._rng.choice(PRODUCTS),
            quantity=self._rng.randint(1, 500),
            at=at,
            day=at.date(),
        )

    def _next_order(self) -> str:
        self._orders += 1
        return f"o{self._orders}"

    def _instant(self) -> datetime:
        return datetime(2024, 12, 1) + timedelta(minutes=self._rng.randrange(90 * 1440))  # noqa: DTZ001 the shop's clock


def _fields(line: Line) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "event_id": line.event_id, "schema_version": 1, "kind": line.kind, "order_id": line.order,
        "line_no": line.number, "till_id": line.till, "store_id": line.store, "product_id": line.product,
        "product_name": line.product.title(), "quantity": line.quantity,
    }  # fmt: skip
    instant = line.at.isoformat(timespec="seconds") + OFFSET
    if line.topic == "stock":
        return fields | {"day": str(line.day), "recorded_at": instant}
    if line.off:
        fields["discount"] = _amount(line.off, line.currency)
    return fields | {
        "unit_price": _amount(line.cents, line.currency), "currency": line.currency, "sold_at": instant
    }  # fmt: skip


def _amount(cents: int, currency: str) -> str:
    return str(cents // 100) if currency == "MMK" else f"{cents // 100}.{cents % 100:02}"

"""Kafka: the topics as they are, and a producer that never loses or reorders a record of one key."""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka import Producer as KafkaProducer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from tillstream.errors import TerminalError, TransientError
from tillstream.events import TOPICS
from tillstream.settings import Settings

TIMEOUT_SECONDS = 15.0
MAX_RECORD_BYTES = 8 * 1024 * 1024  # far above an event: what a till sends by mistake must reach the quarantine
PARTITIONS = {"sales": 4, "stock": 2}

Source = tuple[str, int]  # topic, partition


class Producer:
    """Sends records, idempotently and acknowledged by every in-sync replica.

    A send that is repeated after a lost connection is not written twice; a process that is started again sends again,
    which the stream sees by the event id. `flush` (and leaving the `with` block) raises TransientError when Kafka did
    not take a record in time, and so does the first `send` when Kafka does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self._producer = KafkaProducer(
            connection(settings)
            | {
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 5,
                "compression.type": "lz4",
                "message.max.bytes": MAX_RECORD_BYTES,
                "delivery.timeout.ms": 120_000,
            }
        )
        self._failure: KafkaError | None = None
        self._met = False
        self.delivered = 0

    def send(self, topic: str, key: str, value: bytes | None, headers: Mapping[str, bytes] | None = None) -> None:
        """Queues one record; waits while the queue (bounded) is full."""
        if not self._met:  # or a queue of records would find out, minutes later
            _metadata(self._producer)
            self._met = True
        while True:
            try:
                self._producer.produce(
                    topic, value, key.encode(), headers=dict(headers or {}), on_delivery=self._on_delivery
                )
            except BufferError:
                self._producer.poll(0.1)
                self._raise_failure()
            else:
                self._producer.poll(0)
                return

    def flush(self) -> None:
        """Waits until every record is acknowledged. Raises TransientError if one is not."""
        self._producer.flush()
        self._raise_failure()

    def __enter__(self) -> "Producer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.flush()
        else:
            self._producer.purge()

    def _on_delivery(self, error: KafkaError | None, _message: object) -> None:
        if error is None:
            self.delivered += 1
        else:
            self._failure = error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise TransientError(
                f"Kafka did not take every record: {self._failure.str()}.",
                "Check `tillstream status`, then run the same command again: what was sent counts once.",
            )


def connection(settings: Settings) -> dict[str, Any]:
    """What every Kafka client of this product is configured with."""
    return {"bootstrap.servers": settings.kafka_servers, "log_level": 2, "topic.metadata.refresh.interval.ms": 10_000}


def admin(settings: Settings) -> AdminClient:
    """A client for looking at and creating topics."""
    return AdminClient(connection(settings))


def create_topics(settings: Settings) -> list[str]:
    """Creates the topics that are missing; gives their names. The broker's own clock stamps each record."""
    client = admin(settings)
    existing = _metadata(client).topics
    wanted = [topic for topic in TOPICS if topic not in existing]
    retention = "-1" if settings.retention_days < 0 else str(settings.retention_days * 86_400_000)
    config = {
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(MAX_RECORD_BYTES),
        "retention.ms": retention,
    }
    requests = [
        NewTopic(topic, num_partitions=PARTITIONS[topic], replication_factor=-1, config=config) for topic in wanted
    ]
    for topic, created in (client.create_topics(requests) if requests else {}).items():
        try:
            created.result(TIMEOUT_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TransientError(f"Kafka did not create the topic {topic}: {error.args[0].str()}.") from error
    if wanted:
        _wait_for_leaders(settings)
    return wanted


def delete_records(settings: Settings, before: Mapping[Source, int]) -> int:
    """Deletes what lies below these offsets; gives how many offsets that is.

    Nobody can read them from then on. They leave the disk with their segment, a week after its first record at most.
    Raises TransientError when Kafka does not answer or refuses.
    """
    reader = OffsetReader(settings)
    first = {source: low for source, (low, _) in reader.bounds().items()}
    reader.close()
    wanted = {source: end for source, end in before.items() if end > first.get(source, end)}
    if not wanted:
        return 0
    client = admin(settings)  # its futures die with it
    asked = client.delete_records([TopicPartition(*source, end) for source, end in wanted.items()])
    for source, deleted in asked.items():
        try:
            deleted.result(TIMEOUT_SECONDS)
        except KafkaException as error:
            raise TransientError(
                f"Kafka did not delete the records of {source.topic}-{source.partition}: {error.args[0].str()}."
            ) from error
    return sum(end - first[source] for source, end in wanted.items())


def topic_ids(client: AdminClient) -> dict[str, str]:
    """Kafka's own identity of each of the product's topics. Raises TerminalError when one is missing."""
    described = client.describe_topics(TopicCollection(list(TOPICS)), request_timeout=TIMEOUT_SECONDS)
    ids = {}
    for topic, future in described.items():
        try:
            ids[topic] = str(future.result().topic_id)
        except KafkaException as error:
            if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise TerminalError(f"Kafka has no topic '{topic}'.", "`tillstream up` creates it.") from error
            raise TransientError(f"Kafka does not answer: {error.args[0].str()}.") from error
    return ids


class OffsetReader:
    """Looks at the first and next offset of every partition of the product's topics."""

    def __init__(self, settings: Settings) -> None:
        self._consumer = Consumer(connection(settings) | {"group.id": "tillstream-watch", "enable.auto.commit": False})

    def bounds(self) -> dict[Source, tuple[int, int]]:
        """(first offset, next offset) of each partition. Raises TransientError when Kafka does not answer."""
        try:
            topics = self._consumer.list_topics(timeout=TIMEOUT_SECONDS).topics
            sources = [(topic, number) for topic in TOPICS if topic in topics for number in topics[topic].partitions]
            return {
                (topic, number): self._consumer.get_watermark_offsets(
                    TopicPartition(topic, number), timeout=TIMEOUT_SECONDS, cached=False
                )
                for topic, number in sources
            }
        except KafkaException as error:
            raise TransientError(f"Kafka does not answer: {error.args[0].str()}.") from error

    def close(self) -> None:
        """Leaves Kafka."""
        self._consumer.close()


def is_up(settings: Settings) -> bool:
    """Whether the broker answers within two seconds."""
    try:
        admin(settings).list_topics(timeout=2)
    except KafkaException:
        return False
    return True


def _wait_for_leaders(settings: Settings) -> None:
    """Returns when every partition answers: a new one has no leader for a moment."""
    reader = OffsetReader(settings)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    try:
        while True:
            try:
                reader.bounds()
            except TransientError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return
    finally:
        reader.close()


def _metadata(client: AdminClient | KafkaProducer) -> Any:
    try:
        return client.list_topics(timeout=TIMEOUT_SECONDS)
    except KafkaException as error:
        raise TransientError(f"Kafka does not answer: {error.args[0].str()}.", "Check `tillstream status`.") from error

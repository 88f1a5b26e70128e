"""Kafka: the topics as they are, and a producer that never loses or reorders a record of one key."""

import re
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka import Producer as KafkaProducer
from confluent_kafka.admin import AdminClient, OffsetSpec

from tillstream.accounts import kafka_name
from tillstream.errors import TerminalError, TillstreamError, TransientError
from tillstream.events import TOPICS
from tillstream.settings import Settings
from tillstream.stores import tls

TIMEOUT_SECONDS = 15.0
LOOK_SECONDS, POLL_SECONDS = 2.0, 0.1
MAX_RECORD_BYTES = 8 * 1024 * 1024  # far above an event: what a till sends by mistake must reach the quarantine
PARTITIONS = {"sales": 4, "stock": 2}
MECHANISM = "SCRAM-SHA-512"  # the password itself is never sent
REFUSED = {
    KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError.UNSUPPORTED_SASL_MECHANISM, KafkaError.ILLEGAL_SASL_STATE,
    KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED,
}  # fmt: skip
# A Java client takes a password file as it is, and puts it between quotation marks.
JAVA_PASSWORD = re.compile(r"[!#-\[\]-~]+")

Source = tuple[str, int]  # topic, partition


class Producer:
    """Sends records, idempotently and acknowledged by every in-sync replica.

    A send that is repeated after a lost connection is not written twice; a process that is started again sends again,
    which the stream sees by the event id. `flush` (and leaving the `with` block) raises TransientError when Kafka did
    not take a record in time, and so does the first `send` when Kafka does not answer; TerminalError when Kafka
    refuses the account, and when a record is too large.
    """

    def __init__(self, settings: Settings, account: str) -> None:
        self._refusals: list[KafkaError] = []
        self._producer = KafkaProducer(
            connection(settings, account)
            | {
                "error_cb": self._refusals.append,
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
            _metadata(self._producer, self._refusals, TIMEOUT_SECONDS)
            self._met = True
        while True:
            try:
                self._producer.produce(
                    topic, value, key.encode(), headers=dict(headers or {}), on_delivery=self._on_delivery
                )
            except BufferError:
                self._hear(POLL_SECONDS)
                self._raise_failure()
            except KafkaException as error:
                self._hear(POLL_SECONDS)  # brings why, if the producer has failed for good
                raise translation(error.args[0]) from error
            else:
                self._hear(0)
                return

    def flush(self) -> None:
        """Waits until every record is acknowledged. Raises TransientError if one is not."""
        while len(self._producer):
            self._hear(POLL_SECONDS)
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

    def _hear(self, seconds: float) -> None:
        """Raises TillstreamError when the producer has failed for good.

        Only a poll ends where it learns that. A flush goes on with callbacks, in which the error may be lost.
        """
        try:
            self._producer.poll(seconds)
        except KafkaException as error:
            raise translation(error.args[0]) from error

    def _on_delivery(self, error: KafkaError | None, _message: object) -> None:
        if error is None:
            self.delivered += 1
        else:
            self._failure = error

    def _raise_failure(self) -> None:
        if self._failure is None:
            return
        if self._failure.code() in REFUSED:
            raise translation(self._failure)
        raise TransientError(
            f"Kafka did not take every record: {self._failure.str()}.",
            "Check `tillstream status`, then run the same command again: what was sent counts once.",
        )


class TopicReader:
    """Looks at the product's topics: their identities, and the first and next offset of every partition.

    Every look raises TransientError when Kafka does not answer, TerminalError when it refuses the account.
    """

    def __init__(self, settings: Settings, account: str) -> None:
        self._refusals: list[KafkaError] = []
        self._client = AdminClient(connection(settings, account) | {"error_cb": self._refusals.append})

    def partitions(self, timeout: float = TIMEOUT_SECONDS) -> dict[str, list[int]]:
        """The topics that are there and the account may see, with their partitions."""
        topics = _metadata(self._client, self._refusals, timeout).topics
        return {topic: sorted(topics[topic].partitions) for topic in TOPICS if topic in topics}

    def bounds(self) -> dict[Source, tuple[int, int]]:
        """(first offset, next offset) of each partition."""
        sources = [(topic, number) for topic, numbers in self.partitions().items() for number in numbers]
        specs = OffsetSpec.earliest(), OffsetSpec.latest()  # type: ignore[no-untyped-call]
        first, end = (self._offsets(sources, spec) for spec in specs)
        return {source: (first[source], end[source]) for source in sources}

    def topic_ids(self) -> dict[str, str]:
        """Kafka's own identity of each topic. Raises TerminalError when one is missing."""
        self.partitions()
        described = self._client.describe_topics(TopicCollection(list(TOPICS)), request_timeout=TIMEOUT_SECONDS)
        ids = {}
        for topic, future in described.items():
            try:
                ids[topic] = str(future.result().topic_id)
            except KafkaException as error:
                if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
                    raise TerminalError(f"Kafka has no topic '{topic}'.", "`tillstream up` creates it.") from error
                raise translation(error.args[0]) from error
        return ids

    def _offsets(self, sources: list[Source], spec: OffsetSpec) -> dict[Source, int]:
        asked = {TopicPartition(*source): spec for source in sources}
        listed = self._client.list_offsets(asked, request_timeout=TIMEOUT_SECONDS) if asked else {}
        try:
            return {(at.topic, at.partition): future.result().offset for at, future in listed.items()}
        except KafkaException as error:
            raise translation(error.args[0]) from error


def delete_records(settings: Settings, account: str, before: Mapping[Source, int]) -> int:
    """Deletes what lies below these offsets; gives how many offsets that is.

    Nobody can read them from then on. They leave the disk with their segment, a week after its first record at most.
    Raises TransientError when Kafka does not answer, TerminalError when it refuses the account.
    """
    first = {source: low for source, (low, _) in TopicReader(settings, account).bounds().items()}
    wanted = {source: end for source, end in before.items() if end > first.get(source, end)}
    client = AdminClient(connection(settings, account))  # its futures die with it
    asked = [TopicPartition(*source, end) for source, end in wanted.items()]
    for deleted in (client.delete_records(asked) if asked else {}).values():
        try:
            deleted.result(TIMEOUT_SECONDS)
        except KafkaException as error:
            raise translation(error.args[0]) from error
    return sum(end - first[source] for source, end in wanted.items())


def connection(settings: Settings, account: str) -> dict[str, Any]:
    """What a client is configured with that is one of `accounts.KAFKA_RIGHTS`, or the administrator.

    Raises TerminalError when a server does not prove who it is.
    """
    for server in settings.kafka_servers.split(","):
        tls.check(settings, "kafka", server)  # the client itself would go on trying
    trusted = {"ssl.ca.location": tls.authorities(settings)} if settings.uses_tls("kafka") else {}
    return {
        "bootstrap.servers": settings.kafka_servers,
        "security.protocol": _protocol(settings),
        "sasl.mechanism": MECHANISM,
        "sasl.username": kafka_name(account),
        "sasl.password": settings.secret(f"kafka_{account}"),
        "log_level": 0,  # what fails is raised, or seen again
        "topic.metadata.refresh.interval.ms": 10_000,
        **trusted,
    }


def java_connection(settings: Settings, account: str) -> dict[str, str]:
    """The same for a Java client, which reads the password file itself: whoever sees these options sees no password.

    Raises TerminalError when it could not.
    """
    name = f"kafka_{account}"
    folder = settings.secrets_folder.absolute()
    settings.secret(name)
    if not JAVA_PASSWORD.fullmatch((folder / name).read_text()):
        raise TerminalError(
            f"The password file {folder / name} has what Kafka's Java client cannot use.",
            'It takes one line of ASCII without spaces, ", \\ and a line break at its end: write it with printf %s.',
        )
    if {":", "}"} & set(str(folder)):
        raise TerminalError(
            f"Kafka's Java client cannot read passwords in {folder}, for ':' or '}}' is in its name.",
            "Set TILLSTREAM_SECRETS to another folder.",
        )
    trusted = (
        {"ssl.truststore.type": "PEM", "ssl.truststore.location": tls.authorities(settings)}
        if settings.uses_tls("kafka")
        else {}
    )
    return {
        "bootstrap.servers": settings.kafka_servers,
        "security.protocol": _protocol(settings),
        "sasl.mechanism": MECHANISM,
        "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required "
        f'username="{kafka_name(account)}" password="${{directory:{folder}:{name}}}";',
        "config.providers": "directory",
        "config.providers.directory.class": "org.apache.kafka.common.config.provider.DirectoryConfigProvider",
        **trusted,
    }


def is_up(settings: Settings) -> bool:
    """Whether the broker answers the operator within two seconds."""
    try:
        TopicReader(settings, "operator").partitions(LOOK_SECONDS)
    except TillstreamError:
        return False
    return True


def answers(settings: Settings) -> bool:
    """Whether a broker answers within two seconds, be it only to turn the operator away."""
    reader = TopicReader(settings, "operator")
    try:
        reader.partitions(LOOK_SECONDS)
    except TillstreamError as error:
        return isinstance(error, TerminalError)
    return True


def translation(error: KafkaError) -> TillstreamError:
    """What an error of Kafka's means: may the same call succeed later?"""
    if error.code() in REFUSED:
        return TerminalError(f"Kafka refused: {error.str()}.", "Check the account's password file and its rights.")
    if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
        return TerminalError(f"A record is too large for Kafka: it takes {MAX_RECORD_BYTES:,} bytes.")
    return TransientError(f"Kafka does not answer: {error.str()}.", "Check `tillstream status`.")


def _protocol(settings: Settings) -> str:
    return "SASL_SSL" if settings.uses_tls("kafka") else "SASL_PLAINTEXT"


def _metadata(client: AdminClient | KafkaProducer, refusals: list[KafkaError], timeout: float) -> Any:
    """Waits no longer than until Kafka refuses: its client would go on trying."""
    deadline = time.monotonic() + timeout
    while True:
        try:
            found = client.list_topics(timeout=POLL_SECONDS)
        except KafkaException as error:
            client.poll(0)  # brings what failed meanwhile
            for refusal in refusals:
                if refusal.code() in REFUSED:
                    raise translation(refusal) from error
            if time.monotonic() > deadline:
                raise translation(error.args[0]) from error
        else:
            refusals.clear()
            return found

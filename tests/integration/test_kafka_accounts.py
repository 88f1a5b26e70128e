"""On a real broker each account can do with topics what is declared, and nothing else; strangers can do nothing."""

import dataclasses
import re
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
    ScramMechanism,
    UserScramCredentialDeletion,
)
from confluent_kafka.cimpl import NewPartitions, NewTopic
from py4j.protocol import Py4JJavaError

from jobs.kafka_source import from_kafka
from jobs.session import batch_session
from stack import folders
from stack.lifecycle import down, up
from tests.integration.conftest import STORES
from tests.unit.test_docs_commands import example
from tillstream.accounts import KAFKA_ADMINISTRATOR, KAFKA_RIGHTS
from tillstream.errors import TerminalError
from tillstream.events import TOPICS
from tillstream.settings import Settings
from tillstream.stores import kafka, kafka_server

SECONDS = 20.0
HANDSHAKE, VERSIONS, CREATE_TOPICS, AUTHENTICATE = 17, 18, 19, 36  # requests of Kafka's protocol
SCRAM = ScramMechanism.SCRAM_SHA_512
FORBIDDEN = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError._NOENT,  # of a topic that one may not even look at, the client finds no leader to ask
}  # fmt: skip

Connection = dict[str, Any]


def writes(connection: Connection, topic: str) -> None:
    """As a till does: idempotently, which once was a right of its own."""
    failed: list[KafkaError | None] = []
    producer = Producer(connection | {"enable.idempotence": True, "error_cb": failed.append})
    producer.produce(topic, b"{}", b"rights", on_delivery=lambda error, _message: failed.append(error))
    deadline = time.monotonic() + SECONDS
    while len(producer):
        producer.poll(0.1)
        assert time.monotonic() < deadline, f"Kafka says nothing of {topic}"
    raise_first(failed)


def reads(connection: Connection, topic: str) -> None:
    consumer = Consumer(connection | {"group.id": "x", "enable.auto.commit": False, "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, 0, 0)])
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        message = consumer.poll(1)
        error = message.error() if message is not None else None
        if message is None or (error is not None and error.code() == KafkaError.GROUP_AUTHORIZATION_FAILED):
            continue  # it looks for its group, which it does not need here
        consumer.close()
        return raise_first([] if error is None or error.code() == KafkaError._PARTITION_EOF else [error])
    raise AssertionError(f"Kafka says nothing of {topic}")


def looks(connection: Connection, topic: str) -> None:
    client = AdminClient(connection)
    client.describe_topics(TopicCollection([topic]))[topic].result(SECONDS)


def deletes(connection: Connection, topic: str) -> None:
    client = AdminClient(connection)
    at = TopicPartition(topic, 0, 0)  # nothing, if it were allowed
    client.delete_records([at])[at].result(SECONDS)


def grows(connection: Connection, topic: str) -> None:
    client = AdminClient(connection)
    client.create_partitions([NewPartitions(topic, 9)], validate_only=True)[topic].result(SECONDS)


def configures(connection: Connection, topic: str) -> None:
    client = AdminClient(connection)
    entry = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    client.incremental_alter_configs([resource], validate_only=True)[resource].result(SECONDS)


def looks_at_configuration(connection: Connection, topic: str) -> None:
    client = AdminClient(connection)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    client.describe_configs([resource])[resource].result(SECONDS)


OPERATIONS: dict[str, Callable[[Connection, str], None]] = {
    "WRITE": writes, "READ": reads, "DESCRIBE": looks, "DELETE": deletes, "ALTER": grows,
    "ALTER_CONFIGS": configures, "DESCRIBE_CONFIGS": looks_at_configuration,
}  # fmt: skip


def creates_a_topic(connection: Connection) -> None:
    client = AdminClient(connection)
    client.create_topics([NewTopic("other", 1)], validate_only=True)["other"].result(SECONDS)


def gives_rights(connection: Connection) -> None:
    client = AdminClient(connection)
    right = AclBinding(
        ResourceType.TOPIC, "other", ResourcePatternType.LITERAL, "User:nobody", "*",
        AclOperation.READ, AclPermissionType.ALLOW,
    )  # fmt: skip
    client.create_acls([right])[right].result(SECONDS)


def looks_at_rights(connection: Connection) -> None:
    client = AdminClient(connection)
    if not client.describe_acls(kafka_server.ANY).result(
        SECONDS
    ):  # there are some: the client makes nothing of refusals
        raise KafkaException(KafkaError(KafkaError.CLUSTER_AUTHORIZATION_FAILED))


def takes_a_password_away(connection: Connection) -> None:
    client = AdminClient(connection)
    done = client.alter_user_scram_credentials([UserScramCredentialDeletion("nobody", SCRAM)])["nobody"]
    refusal = done.exception(SECONDS)
    if isinstance(refusal, KafkaException) and refusal.args[0].code() != KafkaError.RESOURCE_NOT_FOUND:
        raise refusal  # who may, learns that there is nobody


def looks_at_a_group(connection: Connection) -> None:
    client = AdminClient(connection)
    client.list_consumer_group_offsets([ConsumerGroupTopicPartitions("x")])["x"].result(SECONDS)


OF_THE_CLUSTER = (creates_a_topic, gives_rights, looks_at_rights, takes_a_password_away, looks_at_a_group)


def raise_first(errors: list[KafkaError | None]) -> None:
    for error in errors:
        if error is not None:
            raise KafkaException(error)


def is_granted(attempt: Callable[..., None], *arguments: Any) -> bool:
    try:
        attempt(*arguments)
    except KafkaException as error:
        if error.args[0].code() not in FORBIDDEN:
            raise
        return False
    return True


@pytest.mark.parametrize("account", KAFKA_RIGHTS)
@pytest.mark.parametrize("topic", TOPICS)
def test_an_account_can_do_with_a_topic_what_is_declared(servers: Settings, account: str, topic: str) -> None:
    declared = KAFKA_RIGHTS[account].get(topic, ())
    connection = kafka.connection(servers, account)

    # A consumer that may not even look at a topic is told nothing, and waits.
    asked = {name: attempt for name, attempt in OPERATIONS.items() if declared or attempt is not reads}
    granted = {name for name, attempt in asked.items() if is_granted(attempt, connection, topic)}
    assert granted == ({*declared, "DESCRIBE"} if declared else set())


@pytest.mark.parametrize("account", KAFKA_RIGHTS)
def test_no_account_has_a_say_in_the_cluster(servers: Settings, account: str) -> None:
    connection = kafka.connection(servers, account)
    assert not [attempt.__name__ for attempt in OF_THE_CLUSTER if is_granted(attempt, connection)]


def test_the_administrator_can_do_everything(servers: Settings) -> None:
    connection = kafka.connection(servers, KAFKA_ADMINISTRATOR)

    assert [name for name, attempt in OPERATIONS.items() if not is_granted(attempt, connection, "stock")] == []
    assert [attempt.__name__ for attempt in OF_THE_CLUSTER if not is_granted(attempt, connection)] == []


def test_an_account_sees_our_topics_only(servers: Settings) -> None:
    client = AdminClient(kafka.connection(servers, "till"))
    assert set(client.list_topics(timeout=SECONDS).topics) == set(TOPICS)


def test_a_stranger_is_told_nothing(servers: Settings) -> None:
    stranger = AdminClient({"bootstrap.servers": servers.kafka_servers, "log_level": 0})
    with pytest.raises(KafkaException):
        stranger.list_topics(timeout=2)


def asked(connection: socket.socket, request: int, version: int, body: bytes) -> bytes:
    """What a server answers to a request of Kafka's protocol; nothing when it hangs up."""
    said = struct.pack(">hhih", request, version, 1, -1) + body
    connection.sendall(struct.pack(">i", len(said)) + said)
    with connection.makefile("rb") as answer:
        length = answer.read(4)
        return answer.read(struct.unpack(">i", length)[0])[4:] if length else b""


def text(words: str) -> bytes:
    return struct.pack(">h", len(words)) + words.encode()


def login(port: int, mechanism: str, password: str) -> int:
    """The number of the error that a listener answers with; 0: welcome."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        error: int = struct.unpack(">h", asked(connection, HANDSHAKE, 1, text(mechanism))[:2])[0]
        if not error:
            secret = f"\0{KAFKA_ADMINISTRATOR}\0{password}".encode()
            answer = asked(connection, AUTHENTICATE, 0, struct.pack(">i", len(secret)) + secret)
            error = struct.unpack(">h", answer[:2])[0]
        return error


def test_the_controller_hangs_up_on_who_has_no_password(servers: Settings) -> None:
    with socket.create_connection(("127.0.0.1", servers.kafka_port + 1), SECONDS) as connection:
        assert asked(connection, VERSIONS, 0, b"")  # so much is told to everybody
        one_topic = struct.pack(">i", 1) + text("other") + struct.pack(">ihii", 1, 1, 0, 0)
        assert asked(connection, CREATE_TOPICS, 2, one_topic + struct.pack(">i?", 1000, True)) == b""


def test_the_controller_knows_the_administrator_by_his_password_only(servers: Settings) -> None:
    port = servers.kafka_port + 1
    assert login(port, "PLAIN", servers.secret(f"kafka_{KAFKA_ADMINISTRATOR}")) == 0
    assert login(port, "PLAIN", "guessed") == KafkaError.SASL_AUTHENTICATION_FAILED
    assert login(port, "SCRAM-SHA-512", "guessed") == KafkaError.UNSUPPORTED_SASL_MECHANISM


def test_no_password_is_sent_to_the_broker(servers: Settings) -> None:
    right = servers.secret(f"kafka_{KAFKA_ADMINISTRATOR}")
    assert login(servers.kafka_port, "PLAIN", right) == KafkaError.UNSUPPORTED_SASL_MECHANISM


@pytest.fixture
def mistaken(servers: Settings, tmp_path: Path) -> Settings:
    """Settings with other passwords than the broker knows."""
    for account in (KAFKA_ADMINISTRATOR, *KAFKA_RIGHTS):
        (tmp_path / f"kafka_{account}").write_text("not-the-password")
    return dataclasses.replace(servers, secrets=tmp_path)


def test_a_wrong_password_is_said_at_once(mistaken: Settings) -> None:
    begun = time.monotonic()
    for attempt in (
        kafka.TopicReader(mistaken, "batch").bounds,
        kafka.TopicReader(mistaken, "stream").topic_ids,
        lambda: kafka.Producer(mistaken, "till").send("sales", "key", b"{}"),
        lambda: kafka_server.create_topics(mistaken),
    ):
        with pytest.raises(TerminalError, match=r"Kafka refused: .*[Aa]uthentication failed.*\n.*password file"):
            attempt()
    assert time.monotonic() - begun < 10


def test_spark_reads_and_shows_no_password(servers: Settings, mistaken: Settings) -> None:
    with batch_session(servers, "accounts", 1, reads_kafka=True) as session:
        records = from_kafka(session.read, servers, "batch").option("subscribe", "sales").load()
        assert records.count() >= 0
        plans = records._jdf.queryExecution().toString()
        configured = session.sparkContext.getConf().toDebugString()
        with pytest.raises(Py4JJavaError) as refused:
            from_kafka(session.read, mistaken, "batch").option("subscribe", "sales").load().count()

    assert servers.secret("kafka_batch") not in plans + configured
    assert "SaslAuthenticationException" in str(refused.value)
    assert not set(mistaken.secret("kafka_batch").split()) & set(re.findall(r"[\w-]+", str(refused.value)))


def test_what_is_not_granted_is_said_at_once(servers: Settings) -> None:
    begun = time.monotonic()
    with (
        pytest.raises(TerminalError, match=r"Kafka refused: .*[Aa]uthorization failed"),
        kafka.Producer(servers, "stream") as producer,
    ):
        producer.send("sales", "key", b"{}")
    assert time.monotonic() - begun < 10


def test_of_a_producer_that_has_failed_for_good_the_next_send_says_why(servers: Settings) -> None:
    producer = kafka.Producer(servers, "stream")

    def send_twice() -> None:
        producer.send("sales", "key", b"{}")  # mostly before Kafka has refused
        time.sleep(1)
        producer.send("sales", "key", b"{}")

    with pytest.raises(TerminalError, match=r"Kafka refused: .*[Aa]uthorization failed"):
        send_twice()


def test_a_record_that_is_too_large_is_refused_by_its_size(servers: Settings) -> None:
    with (
        pytest.raises(TerminalError, match="A record is too large for Kafka: it takes 8,388,608 bytes"),
        kafka.Producer(servers, "till") as producer,
    ):
        producer.send("sales", "key", b" " * (kafka.MAX_RECORD_BYTES + 1))


def test_the_cookbooks_program_gets_an_account(
    servers: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TILLSTREAM_HOME", str(servers.home))
    monkeypatch.setattr("sys.argv", ["account.py", "till-9"])
    exec(example("AclBinding"), {})  # noqa: S102 the example itself is what is tested
    password = capsys.readouterr().out.strip()
    connection = kafka.connection(servers, "till") | {"sasl.username": "till-9", "sasl.password": password}

    granted = {name for name, attempt in OPERATIONS.items() if is_granted(attempt, connection, "sales")}
    assert granted == {"WRITE", "DESCRIBE"}
    assert not is_granted(writes, connection, "stock")
    kafka_server.grant(servers, {account: servers.secret(f"kafka_{account}") for account in KAFKA_RIGHTS})
    assert is_granted(writes, connection, "sales")


def test_a_right_that_is_no_longer_declared_is_taken_away(servers: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    passwords = {account: servers.secret(f"kafka_{account}") for account in KAFKA_RIGHTS}
    till = kafka.connection(servers, "till")
    monkeypatch.setitem(KAFKA_RIGHTS, "till", {"sales": ("WRITE",)})
    kafka_server.grant(servers, passwords)
    assert [topic for topic in TOPICS if is_granted(writes, till, topic)] == ["sales"]

    monkeypatch.undo()
    kafka_server.grant(servers, passwords)
    assert [topic for topic in TOPICS if is_granted(writes, till, topic)] == ["sales", "stock"]


def test_a_broker_whose_passwords_are_lost_learns_new_ones(servers: Settings) -> None:
    before = kafka.TopicReader(servers, "operator").topic_ids()
    down(servers)
    for path in folders.secrets(servers).glob("kafka_*"):
        path.unlink()
    folders.stamp(servers, "kafka").unlink()

    up(servers, services=STORES)
    assert kafka.TopicReader(servers, "operator").topic_ids() == before

"""What a Kafka needs before the product's accounts can use it. Run as its administrator."""

import time
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)
from confluent_kafka.cimpl import NewTopic

from tillstream.accounts import KAFKA_ADMINISTRATOR, KAFKA_RIGHTS, kafka_name
from tillstream.errors import TransientError
from tillstream.events import TOPICS
from tillstream.settings import Settings
from tillstream.stores import kafka

ADMISSION_SECONDS = 60.0
ITERATIONS = 4096  # the least that the mechanism allows; a generated password is beyond guessing
ANY = AclBindingFilter(
    ResourceType.ANY, None, ResourcePatternType.ANY, None, None,  # type: ignore[arg-type]  # None: whatever it is
    AclOperation.ANY, AclPermissionType.ANY,
)  # fmt: skip


def administrator(settings: Settings) -> AdminClient:
    """A client that may do everything."""
    return AdminClient(kafka.connection(settings, KAFKA_ADMINISTRATOR))


def admit_administrator(settings: Settings) -> None:
    """Gives the administrator the password of his file, at a broker that knows him otherwise. Waits until it is up."""
    client = AdminClient(kafka.connection(settings, KAFKA_ADMINISTRATOR) | {"sasl.mechanism": "PLAIN"})
    _give_passwords(client, {KAFKA_ADMINISTRATOR: settings.secret(f"kafka_{KAFKA_ADMINISTRATOR}")}, ADMISSION_SECONDS)


def create_topics(settings: Settings) -> list[str]:
    """Creates the topics that are missing; gives their names. The broker's own clock stamps each record."""
    existing = kafka.TopicReader(settings, KAFKA_ADMINISTRATOR).partitions()
    wanted = [topic for topic in TOPICS if topic not in existing]
    retention = "-1" if settings.retention_days < 0 else str(settings.retention_days * 86_400_000)
    config = {
        "message.timestamp.type": "LogAppendTime",
        "max.message.bytes": str(kafka.MAX_RECORD_BYTES),
        "retention.ms": retention,
    }
    requests = [NewTopic(topic, kafka.PARTITIONS[topic], replication_factor=-1, config=config) for topic in wanted]
    client = administrator(settings)
    for topic, created in (client.create_topics(requests) if requests else {}).items():
        try:
            created.result(kafka.TIMEOUT_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise TransientError(f"Kafka did not create the topic {topic}: {error.args[0].str()}.") from error
    if wanted:
        _wait_for_leaders(settings)
    return wanted


def grant(settings: Settings, passwords: dict[str, str]) -> None:
    """Makes each account with its password and its rights, and no others."""
    client = administrator(settings)
    _give_passwords(client, passwords, kafka.TIMEOUT_SECONDS)
    wanted = {_binding(*right) for right in _rights()}
    there = {right for right in client.describe_acls(ANY).result(kafka.TIMEOUT_SECONDS) if _is_ours(right)}
    if wanted - there:
        _done(client.create_acls(list(wanted - there)))
    if there - wanted:
        _done(client.delete_acls([_filter(right) for right in there - wanted]))


def _give_passwords(client: AdminClient, passwords: dict[str, str], seconds: float) -> None:
    credential = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS)
    accounts: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(kafka_name(account), credential, password.encode())
        for account, password in passwords.items()
    ]
    _done(client.alter_user_scram_credentials(accounts, request_timeout=seconds))


def _rights() -> list[tuple[str, str, str]]:
    return [
        (account, topic, operation)
        for account, rights in KAFKA_RIGHTS.items()
        for topic, operations in rights.items()
        for operation in operations
    ]


def _binding(account: str, topic: str, operation: str) -> AclBinding:
    return AclBinding(
        ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, _principal(account), "*",
        AclOperation[operation], AclPermissionType.ALLOW,
    )  # fmt: skip


def _filter(right: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        right.restype, right.name, right.resource_pattern_type, right.principal, right.host,
        right.operation, right.permission_type,
    )  # fmt: skip


def _is_ours(right: AclBinding) -> bool:
    return right.principal in {_principal(account) for account in KAFKA_RIGHTS}


def _principal(account: str) -> str:
    return f"User:{kafka_name(account)}"


def _done(futures: dict[Any, Any]) -> None:
    for future in futures.values():
        try:
            future.result()
        except KafkaException as error:
            raise kafka.translation(error.args[0]) from error


def _wait_for_leaders(settings: Settings) -> None:
    """Returns when every partition answers: a new one has no leader for a moment."""
    reader = kafka.TopicReader(settings, KAFKA_ADMINISTRATOR)
    deadline = time.monotonic() + kafka.TIMEOUT_SECONDS
    while True:
        try:
            reader.bounds()
        except TransientError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return

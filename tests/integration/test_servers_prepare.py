"""Servers that nobody has prepared become usable by one command, and stay so when it is run again."""

import dataclasses
import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from stack.mysql import EXTERNAL_ADMINISTRATOR
from stack.servers import prepare
from tests.e2e.command_line import CommandLine
from tests.integration.own_servers import ACCOUNT_SECRETS, PATIENCE, own_servers, quiet, write
from tillstream.accounts import KAFKA_ADMINISTRATOR, KAFKA_RIGHTS, kafka_name
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.stores import kafka, kafka_server, mongo, mongo_server, mysql


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with own_servers(tmp_path_factory.mktemp("bare")) as settings:
        yield settings


def test_every_missing_password_is_named_at_once(bare: Settings) -> None:
    with pytest.raises(TerminalError) as raised:
        prepare(bare, quiet, PATIENCE)

    missing = raised.value.what.rpartition(": ")[2].rstrip(".").split(", ")
    assert missing == [*ACCOUNT_SECRETS]


def test_one_command_makes_everything_and_again_changes_passwords_only(bare: Settings) -> None:
    for name in ACCOUNT_SECRETS:
        write(bare, name, secrets.token_hex(24))
    said: list[str] = []
    prepare(bare, said.append, PATIENCE)
    assert [line.split(" at ")[0] for line in said] == ["kafka", "mongo", "mysql"]
    first = everything(bare)
    assert first["member"] == f"127.0.0.1:{bare.mongo_port}"
    assert first["views"]
    assert first["rights"] == {
        (f"User:{kafka_name(account)}", topic, operation)
        for account, topics in KAFKA_RIGHTS.items()
        for topic, operations in topics.items()
        for operation in operations
    }

    write(bare, "mysql_bi", secrets.token_hex(24))
    write(bare, "mongo_operator", secrets.token_hex(24))
    write(bare, "kafka_operator", secrets.token_hex(24))
    mongo._clients.clear()
    prepare(bare, quiet, PATIENCE)
    assert everything(bare) == first


def test_it_is_a_command_as_well(bare: Settings) -> None:
    output, _ = CommandLine(bare.home).run(
        *("servers", "prepare"), TILLSTREAM_KAFKA=bare.kafka, TILLSTREAM_MONGO=bare.mongo, TILLSTREAM_MYSQL=bare.mysql,
        TILLSTREAM_SECRETS=str(bare.secrets),
    )  # fmt: skip

    assert [line.split(" at ")[0] for line in output.splitlines()] == ["kafka", "mongo", "mysql"]


def everything(settings: Settings) -> dict[str, object]:
    """What the accounts find: Kafka's topics, the replica set, the collections' indexes, the views."""
    connection = mysql.connect(settings, "bi")
    with mysql.snapshot(connection) as cursor:
        views = mysql.rows(cursor, "SHOW TABLES")
    connection.close()
    password = settings.secret("mongo_administrator")
    with MongoClient[mongo.Document](
        f"mongodb://{settings.mongo_hosts}", username=mongo_server.ADMINISTRATOR, password=password
    ) as client:
        member = client.admin.command("replSetGetConfig")["config"]["members"][0]["host"]
    return {
        "topics": kafka.TopicReader(settings, "operator").topic_ids(),
        "rights": rights(settings),
        "member": member,
        "indexes": mongo.events(settings, "migrate").index_information(),
        "rejects": mongo.rejects(settings, "operator").find_one(),
        "views": views,
    }


def rights(settings: Settings) -> set[tuple[str, str, str]]:
    client = kafka_server.administrator(settings)
    granted = client.describe_acls(kafka_server.ANY).result(PATIENCE)
    return {(right.principal, right.name, right.operation.name) for right in granted}


def test_a_wrong_administrators_password_is_said(bare: Settings) -> None:
    right = bare.secret(EXTERNAL_ADMINISTRATOR)
    write(bare, EXTERNAL_ADMINISTRATOR, "wrong")
    with pytest.raises(TerminalError, match="refused: Access denied for user 'root'"):
        prepare(bare, quiet, PATIENCE)
    write(bare, EXTERNAL_ADMINISTRATOR, right)


def test_a_wrong_password_of_kafkas_administrator_is_said(bare: Settings) -> None:
    name = f"kafka_{KAFKA_ADMINISTRATOR}"
    right = bare.secret(name)
    write(bare, name, "wrong")
    with pytest.raises(TerminalError, match=r"Kafka refused: .*invalid credentials"):
        prepare(bare, quiet, PATIENCE)
    write(bare, name, right)


@pytest.mark.parametrize(
    "nowhere",
    [{"kafka": "127.0.0.1:1"}, {"mongo": "127.0.0.1:1/?replicaSet=rs0"}, {"mysql": "127.0.0.1:1"}],
    ids="-".join,
)
def test_a_server_that_does_not_answer_is_waited_for_and_named(bare: Settings, nowhere: dict[str, Any]) -> None:
    elsewhere = dataclasses.replace(bare, **({"kafka": "", "mongo": "", "mysql": ""} | nowhere))
    [(name, address)] = nowhere.items()

    with pytest.raises(TransientError, match=re.escape(f"{name} at {address} does not answer")):
        prepare(elsewhere, quiet, 0.5)


def test_without_a_server_elsewhere_there_is_nothing_to_do(bare: Settings) -> None:
    with pytest.raises(TerminalError, match="No server is said to run elsewhere"):
        prepare(dataclasses.replace(bare, kafka="", mongo="", mysql=""), quiet, PATIENCE)

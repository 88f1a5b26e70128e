"""Servers that nobody has prepared become usable by one command, and stay so when it is run again.

They are the embedded stack's own, run as somebody else would: with an administrator each, and nothing else.
"""

import dataclasses
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from stack import folders
from stack.kafka import KAFKA
from stack.mongo import MONGO
from stack.mysql import MYSQL
from stack.ports import settle
from stack.secrets_folder import create_missing
from stack.servers import prepare
from stack.service import Service
from tillstream.accounts import MONGO_RIGHTS, MYSQL_ACCOUNTS
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.stores import kafka, mongo, mongo_server, mysql

SERVERS = (KAFKA, MONGO, MYSQL)
PATIENCE = 60.0
SET_NAME = "tillstream"
LOCAL_ROOT, DISTANT_ROOT = "mysql_root", "mysql_administrator"


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings that name such servers, and a folder with the administrators' passwords only."""
    home = tmp_path_factory.mktemp("bare")
    own = settle(Settings(home=home, ports="auto"), (), print)
    folders.prepare(own, tuple(server.name for server in SERVERS))
    create_missing(own, SERVERS)
    running = []
    try:
        for server in SERVERS:
            server.prepare(own)
            running.append(started(own, server))
        (home / "passwords").mkdir()
        elsewhere = dataclasses.replace(
            own,
            secrets=home / "passwords",
            kafka=f"127.0.0.1:{own.kafka_port}",
            mongo=f"127.0.0.1:{own.mongo_port}/?replicaSet={SET_NAME}",
            mysql=f"127.0.0.1:{own.mysql_port}",
        )
        write(elsewhere, "mongo_administrator", own.secret("mongo_administrator"))
        write(elsewhere, DISTANT_ROOT, secrets.token_hex(24))
        let_root_come_from_elsewhere(own, elsewhere.secret(DISTANT_ROOT))
        yield elsewhere
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(60)
        shutil.rmtree(home)


def started(own: Settings, server: Service) -> "subprocess.Popen[bytes]":
    launch = server.launch(own)
    for name, text in launch.files.items():
        folders.write(launch.directory / name, text)
    with (launch.directory / "output").open("wb") as output:
        return subprocess.Popen(
            launch.command, cwd=launch.directory, env=os.environ | launch.environment, stdout=output, stderr=output
        )


def let_root_come_from_elsewhere(own: Settings, password: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not mysql.is_up(own) and time.monotonic() < deadline:
        time.sleep(0.1)
    connection = mysql.connect_administrator(folders.sockets(own) / "mysql.sock", own.secret(LOCAL_ROOT))
    with connection.cursor() as cursor:
        cursor.execute("CREATE USER 'root'@'%%' IDENTIFIED BY %s", (password,))
        cursor.execute("GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION")
    connection.close()


def write(settings: Settings, name: str, password: str) -> None:
    (folders.secrets(settings) / name).write_text(password)


def quiet(_line: str) -> None:
    pass


def test_every_missing_password_is_named_at_once(bare: Settings) -> None:
    with pytest.raises(TerminalError) as raised:
        prepare(bare, quiet, PATIENCE)

    missing = raised.value.what.rpartition(": ")[2].rstrip(".").split(", ")
    assert missing == [*(f"mongo_{name}" for name in MONGO_RIGHTS), *(f"mysql_{name}" for name in MYSQL_ACCOUNTS)]


def test_one_command_makes_everything_and_again_changes_passwords_only(bare: Settings) -> None:
    for name in [*(f"mongo_{name}" for name in MONGO_RIGHTS), *(f"mysql_{name}" for name in MYSQL_ACCOUNTS)]:
        write(bare, name, secrets.token_hex(24))
    said: list[str] = []
    prepare(bare, said.append, PATIENCE)
    assert [line.split(" at ")[0] for line in said] == ["kafka", "mongo", "mysql"]
    first = everything(bare)
    assert first["member"] == f"127.0.0.1:{bare.mongo_port}"
    assert first["views"]

    write(bare, "mysql_bi", secrets.token_hex(24))
    write(bare, "mongo_operator", secrets.token_hex(24))
    mongo._clients.clear()
    prepare(bare, quiet, PATIENCE)
    assert everything(bare) == first


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
        "topics": kafka.topic_ids(kafka.admin(settings)),
        "member": member,
        "indexes": mongo.events(settings, "migrate").index_information(),
        "rejects": mongo.rejects(settings, "operator").find_one(),
        "views": views,
    }


def test_a_wrong_administrators_password_is_said(bare: Settings) -> None:
    right = bare.secret(DISTANT_ROOT)
    write(bare, DISTANT_ROOT, "wrong")
    with pytest.raises(TerminalError, match="refused: Access denied for user 'root'"):
        prepare(bare, quiet, PATIENCE)
    write(bare, DISTANT_ROOT, right)


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

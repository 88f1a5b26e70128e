"""The embedded stack's servers run as somebody else would: with an administrator each, and nothing else."""

import dataclasses
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from stack import folders
from stack.kafka import KAFKA
from stack.mongo import MONGO
from stack.mysql import EXTERNAL_ADMINISTRATOR, MYSQL, administrator
from stack.ports import settle
from stack.secrets_folder import create_missing
from stack.service import Launch, Service
from tillstream.accounts import KAFKA_RIGHTS, MONGO_RIGHTS, MYSQL_ACCOUNTS
from tillstream.settings import Settings
from tillstream.stores import mysql

SERVERS = (KAFKA, MONGO, MYSQL)
PATIENCE = 60.0
SET_NAME = "tillstream"
ACCOUNT_SECRETS = (
    *(f"kafka_{name}" for name in KAFKA_RIGHTS),
    *(f"mongo_{name}" for name in MONGO_RIGHTS),
    *(f"mysql_{name}" for name in MYSQL_ACCOUNTS),
)


def as_it_is(_server: Service, launch: Launch) -> Launch:
    """No other way to run a server."""
    return launch


@contextmanager
def own_servers(
    home: Path, host: str = "127.0.0.1", changed: Callable[[Service, Launch], Launch] = as_it_is
) -> Iterator[Settings]:
    """Settings that name such servers, and a folder with the administrators' passwords only."""
    own = settle(Settings(home=home, ports="auto"), (), print)
    folders.prepare(own, tuple(server.name for server in SERVERS))
    create_missing(own, SERVERS)
    running = []
    try:
        for server in SERVERS:
            server.prepare(own)
            running.append(started(changed(server, server.launch(own))))
        (home / "passwords").mkdir()
        elsewhere = dataclasses.replace(
            own,
            secrets=home / "passwords",
            kafka=f"{host}:{own.kafka_port}",
            mongo=f"{host}:{own.mongo_port}/?replicaSet={SET_NAME}",
            mysql=f"{host}:{own.mysql_port}",
        )
        for name in ("kafka_administrator", "mongo_administrator"):
            write(elsewhere, name, own.secret(name))
        write(elsewhere, EXTERNAL_ADMINISTRATOR, secrets.token_hex(24))
        let_root_come_from_elsewhere(own, elsewhere.secret(EXTERNAL_ADMINISTRATOR))
        yield elsewhere
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(60)
        shutil.rmtree(home)


def started(launch: Launch) -> "subprocess.Popen[bytes]":
    """The process of a server."""
    for name, text in launch.files.items():
        folders.write(launch.directory / name, text)
    with (launch.directory / "output").open("wb") as output:
        return subprocess.Popen(
            launch.command, cwd=launch.directory, env=os.environ | launch.environment, stdout=output, stderr=output
        )


def let_root_come_from_elsewhere(own: Settings, password: str) -> None:
    """As the administrator of a database that is not ours does."""
    deadline = time.monotonic() + PATIENCE
    while not mysql.is_up(own) and time.monotonic() < deadline:
        time.sleep(0.1)
    connection = administrator(own)
    with connection.cursor() as cursor:
        cursor.execute("CREATE USER 'root'@'%%' IDENTIFIED BY %s", (password,))
        cursor.execute("GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION")
    connection.close()


def write(settings: Settings, name: str, password: str) -> None:
    """Puts a password where the settings say."""
    (folders.secrets(settings) / name).write_text(password)


def quiet(_line: str) -> None:
    """A report that nobody reads."""

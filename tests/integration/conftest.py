"""Real servers, started once for all integration tests."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.session import batch_session
from stack import folders
from stack.lifecycle import down, up
from stack.mysql import ACCOUNT_SECRETS, EXTERNAL_ADMINISTRATOR, administrator
from stack.servers import prepare
from tests.integration.desk import Desk
from tests.integration.own_servers import PATIENCE, quiet, write
from tests.night.shop import Shop
from tests.night.stores import empty
from tillstream.accounts import DATABASE
from tillstream.settings import Settings

STORES = ("kafka", "mongo", "mysql")
# A MySQL in the place of the embedded MariaDB, as host:port, and the file of its root's password: `make test-mysql`.
MYSQL = os.environ.get("TILLSTREAM_TEST_MYSQL", "")
MYSQL_PASSWORD = os.environ.get("TILLSTREAM_TEST_MYSQL_PASSWORD", "")


@pytest.fixture(scope="session")
def spark_jvm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Spark's JVM, one in a process, can read Kafka: one that a night has started never will, whatever comes later."""
    with batch_session(Settings(home=tmp_path_factory.mktemp("spark")), "tests", 1, reads_kafka=True):
        pass


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory, spark_jvm: None) -> Iterator[Settings]:
    """Kafka, MongoDB and MySQL on ports of their own, empty but for topics, indexes and tables."""
    settings = Settings(home=tmp_path_factory.mktemp("servers"), ports="auto", mysql=MYSQL)
    if MYSQL:
        prepare_mysql(settings)
    try:
        yield up(settings, services=STORES)
    finally:
        down(settings)
        if MYSQL:
            drop_database(settings)
        shutil.rmtree(settings.home)


def prepare_mysql(settings: Settings) -> None:
    """Makes in a MySQL without the product's database what `up` makes in the embedded one."""
    folders.make_private(folders.secrets(settings))
    write(settings, EXTERNAL_ADMINISTRATOR, Path(MYSQL_PASSWORD).read_text().strip())
    for name in ACCOUNT_SECRETS:
        write(settings, name, secrets.token_hex(24))
    with contextlib.closing(administrator(settings)) as root, root.cursor() as cursor:
        if cursor.execute("SHOW DATABASES LIKE %s", (DATABASE,)):
            pytest.exit(f"The MySQL at {MYSQL} has a database '{DATABASE}', which the tests would empty.", 2)
    prepare(settings, quiet, PATIENCE)


def drop_database(settings: Settings) -> None:
    """Leaves that MySQL as it was, but for the accounts."""
    with contextlib.closing(administrator(settings)) as root, root.cursor() as cursor:
        cursor.execute(f"DROP DATABASE `{DATABASE}`")


@pytest.fixture
def shop(servers: Settings) -> Iterator[Shop]:
    """A shop without a past, whose records are counted without Kafka."""
    empty(servers)
    yield Shop(servers)
    empty(servers)


@pytest.fixture
def desk(servers: Settings) -> Iterator[Desk]:
    """A desk in a shop without products, sales or forecasts."""
    empty(servers)
    found = Desk(servers)
    found.clear()
    yield found
    empty(servers)
    found.clear()

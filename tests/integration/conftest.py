"""Real servers, started once for all integration tests."""

import shutil
from collections.abc import Iterator

import pytest

from jobs.session import batch_session
from stack.lifecycle import down, up
from tests.integration.desk import Desk
from tests.night.shop import Shop
from tests.night.stores import empty
from tillstream.settings import Settings

STORES = ("kafka", "mongo", "mysql")


@pytest.fixture(scope="session")
def spark_jvm(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Spark's JVM, one in a process, can read Kafka: one that a night has started never will, whatever comes later."""
    with batch_session(Settings(home=tmp_path_factory.mktemp("spark")), "tests", 1, reads_kafka=True):
        pass


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory, spark_jvm: None) -> Iterator[Settings]:
    """Kafka, MongoDB and MySQL on ports of their own, empty but for topics, indexes and tables."""
    settings = Settings(home=tmp_path_factory.mktemp("servers"), ports="auto")
    try:
        yield up(settings, services=STORES)
    finally:
        down(settings)
        shutil.rmtree(settings.home)


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

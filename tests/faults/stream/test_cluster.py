"""The same product on a cluster, by settings alone; under load a broker, MongoDB's primary and a Spark worker die."""

import random
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from jobs.batch import recount
from stack.lifecycle import down
from tests.faults.stream.book import book_of
from tests.faults.stream.cluster import Cluster
from tests.faults.stream.comparison import assert_exact
from tests.faults.stream.shop import Shop, wait_until
from tests.faults.stream.till import Till
from tests.night import nights
from tillstream.settings import Settings
from tillstream.stores.mongo import Document

BURST, PAUSE_SECONDS = 200, 0.2


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    """Its servers run."""
    home = Path(tempfile.mkdtemp(prefix="cluster-"))
    running = Cluster(home, Settings(home=home / "shop", ports="auto", batch_size=20_000))
    try:
        running.start()
        yield running
    finally:
        running.end()
        shutil.rmtree(home)


@pytest.fixture
def shop(cluster: Cluster) -> Iterator[Shop]:
    """The stream and MySQL, on the cluster."""
    running = Shop(cluster.settings)
    try:
        running.up()
        yield running
    finally:
        print(running.log()[-6_000:])
        down(running.settings)


def primary(settings: Settings) -> int:
    """The number of the member that is the replica set's primary; -1 while there is none."""
    hosts = settings.mongo_hosts.partition("/")[0].split(",")
    with MongoClient[Document](f"mongodb://{settings.mongo_hosts}") as client:
        return hosts.index(client.admin.command("hello").get("primary", hosts[0]))


def test_members_die_under_load_and_every_figure_is_exact(cluster: Cluster, shop: Shop, rng: random.Random) -> None:
    password = shop.settings.secret("kafka_till")
    till, over = Till(shop.settings.kafka_servers, password, "store-1", rng), threading.Event()

    def trade() -> None:
        while not over.wait(PAUSE_SECONDS):
            till.trade(BURST)

    def trades_go_on() -> None:
        counted = sum(shop.counted().values())
        wait_until(lambda: sum(shop.counted().values()) > counted + 5 * BURST, "figures go on")

    trading = threading.Thread(target=trade)
    trading.start()
    try:
        trades_go_on()
        nights.night(shop.settings, "first", recount.work)
        cluster.kill(f"kafka-{rng.randrange(3)}")
        trades_go_on()
        cluster.kill(f"mongo-{primary(shop.settings)}")
        trades_go_on()
        cluster.kill(f"worker-{rng.randrange(2)}")
        trades_go_on()
        nights.night(shop.settings, "second", recount.work)
    finally:
        over.set()
        trading.join()
    shop.wait_until_counted()
    assert_exact(shop.settings, till.store, book_of(till.sent, frozenset()))

"""Every process of the stack dies at once, the supervisor as well."""

import random
import time

import pytest

from stack import processes
from tests.faults.stream.conftest import Check
from tests.faults.stream.shop import Shop, wait_until
from tests.faults.stream.till import Till


@pytest.mark.sample
def test_all_processes_are_killed_at_once(shop: Shop, till: Till, rng: random.Random, is_exact: Check) -> None:
    till.trade(3_000)
    time.sleep(rng.uniform(0, 1))
    till.queue_trade(300)
    assert shop.kill() >= 6  # supervisor, Kafka, mongod, MySQL, the stream and its JVM
    wait_until(lambda: not processes.of_stack(shop.home), "all are dead", seconds=10)
    shop.up()
    till.flush()
    is_exact()

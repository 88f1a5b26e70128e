"""MongoDB dies, or refuses one document."""

import time

import pytest

from tests.faults.stream.conftest import Check
from tests.faults.stream.shop import Shop, wait_until
from tests.faults.stream.till import Till


@pytest.mark.sample
def test_mongod_is_killed_and_comes_back(shop: Shop, till: Till, is_exact: Check, is_sample: bool) -> None:
    till.trade(2_000)
    shop.kill_and_keep_away("mongo")
    till.trade(200)
    time.sleep(1 if is_sample else 20)
    shop.up("mongo")
    is_exact()


def test_mongod_refuses_one_document_of_a_bulk(shop: Shop, till: Till, is_exact: Check) -> None:
    till.trade(20)
    shop.wait_until_counted()
    bad = till.sale()
    shop.refuse_document(bad.event_id)
    till.queue_trade(200)
    till.send([bad])
    till.trade(200)
    wait_until(lambda: shop.heartbeat()[0] == "stopped", "the stream has stopped")
    assert bad.event_id in shop.heartbeat()[1]
    shop.refuse_document(None)
    shop.up()
    is_exact()

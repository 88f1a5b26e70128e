"""A till that sends events again, of any age, or uses an id twice."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.faults.stream.conftest import Check
from tests.faults.stream.shop import Shop
from tests.faults.stream.till import Till
from tillstream.stores.mongo import rejects

YEAR = timedelta(days=366)


@pytest.mark.sample
def test_a_till_sends_its_last_thousand_events_again(shop: Shop, till: Till, is_exact: Check) -> None:
    old = till.sale()
    year_old = replace(old, at=old.at - YEAR)
    till.send([year_old])
    sales = [till.sale() for _ in range(1_000)]
    till.send(sales)
    shop.wait_until_counted()
    till.send([*sales, year_old])
    till.trade(20)
    is_exact()


@pytest.mark.sample
def test_an_id_is_used_again_for_something_else(shop: Shop, till: Till, rng: random.Random, is_exact: Check) -> None:
    sales = [till.sale() for _ in range(50)]
    till.send(sales)
    till.send(replace(sale, cents=sale.cents + 100) for sale in sales[:10])  # perhaps in the same batch
    shop.wait_until_counted()
    later = rng.sample(sales, 10)
    till.send(replace(sale, quantity=sale.quantity + 1) for sale in later)
    is_exact()
    found = rejects(shop.settings, "operator").count_documents({"event_id": {"$regex": f"^till-{till.store}-"}})
    assert found == 20

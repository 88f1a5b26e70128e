"""kill -9 of the Spark stream at given and at random moments. The histories of the stand-in have many more of them."""

import contextlib
import random
import signal
import time

import pytest

from tests.faults.stream.comparison import Inexact
from tests.faults.stream.conftest import Check
from tests.faults.stream.shop import PATIENCE_SECONDS, Shop, wait_until
from tests.faults.stream.stream_process import AFTER_MYSQL, BETWEEN_THE_STORES, MOMENTS
from tests.faults.stream.till import Till

RANDOM_KILLS = 6


@pytest.mark.sample
def test_killed_in_the_middle_of_a_bulk(shop: Shop, till: Till, rng: random.Random, is_exact: Check) -> None:
    before = shop.raw_count()
    till.trade(6_000)
    wanted = before + rng.randint(1, 3_000)
    wait_until(lambda: shop.raw_count() >= wanted, "the raw record is being written", pause=0.002)
    shop.kill("stream")
    print(f"killed with {shop.raw_count() - before} events in the raw record, {shop.behind()} records uncounted")
    till.trade(50)
    is_exact()


@pytest.mark.timeout(600)
def test_killed_at_each_moment_in_turn(shop: Shop, till: Till, rng: random.Random, is_exact: Check) -> None:
    shop.stop("stream")
    for moment in rng.sample(MOMENTS, len(MOMENTS)):
        till.trade(100)
        with shop.stream_by_hand(shop.home, "--die-at", moment) as stream:
            assert stream.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    till.trade(100)
    shop.up()
    is_exact()


@pytest.mark.timeout(600)
def test_killed_at_random_moments(shop: Shop, till: Till, rng: random.Random, is_exact: Check) -> None:
    for _ in range(RANDOM_KILLS):
        until = time.monotonic() + rng.uniform(0, 20)  # while it starts, or runs
        while time.monotonic() < until:
            till.trade(rng.randint(1, 200))
            time.sleep(0.2)
        shop.kill("stream")
    is_exact()


@pytest.mark.spoils
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("design", "moment"), [("no_floor", AFTER_MYSQL), ("counts_if_newly_inserted", BETWEEN_THE_STORES)]
)
def test_a_wrong_design_in_the_real_stream_is_caught(
    shop: Shop, till: Till, is_exact: Check, design: str, moment: str
) -> None:
    shop.stop("stream")
    till.trade(100)
    with shop.stream_by_hand(shop.home, "--die-at", moment) as stream:
        assert stream.wait(PATIENCE_SECONDS) == -signal.SIGKILL
    with shop.stream_by_hand(shop.home, "--plant", design):
        till.trade(100)  # all may have been counted before it died: what comes now waits for the replay
        with pytest.raises(Inexact) as caught:
            is_exact()
    with contextlib.suppress(IndexError):
        print(str(caught.value).splitlines()[0])

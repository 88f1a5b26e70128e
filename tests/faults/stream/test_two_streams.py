"""Somebody has started a second stream. It is no use, but does no harm."""

import time
from collections.abc import Callable

import pytest

from jobs.streaming.checkpoint import CHECKPOINT
from tests.faults.stream.conftest import Check
from tests.faults.stream.shop import Shop, wait_until
from tests.faults.stream.till import Till


@pytest.mark.timeout(600)
def test_two_streams_with_a_checkpoint_each(shop: Shop, till: Till, is_exact: Check) -> None:
    other = shop.home / "other"
    with shop.stream_by_hand(other) as stream:
        _trade_until((other / CHECKPOINT / "commits" / "3").exists, till)
        assert stream.poll() is None
        is_exact()
    till.trade(100)
    is_exact()


@pytest.mark.timeout(600)
def test_two_streams_with_the_same_checkpoint(shop: Shop, till: Till, is_exact: Check) -> None:
    with shop.stream_by_hand(shop.home):
        log = shop.home / "by-hand.log"
        seen = log.stat().st_size
        _trade_until(lambda: b"The stream is running." in log.read_bytes()[seen:], till)
        until = time.monotonic() + 15
        _trade_until(lambda: time.monotonic() > until, till)
        is_exact()
    till.trade(100)
    is_exact()


def _trade_until(is_met: Callable[[], bool], till: Till) -> None:
    def traded() -> bool:
        till.trade(30)
        return is_met()

    # A till without a pause would move the floor under the slower stream for ever.
    wait_until(traded, "both streams run", seconds=300, pause=10)

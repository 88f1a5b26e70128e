"""Spark's checkpoint is lost or damaged: the stream reads all again, and adds nothing twice."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.streaming.checkpoint import CHECKPOINT
from tests.e2e.command_line import CommandLine
from tests.faults.stream.conftest import Check
from tests.faults.stream.shop import Shop
from tests.faults.stream.till import Till


def _newest(log: Path) -> Path:
    return max((path for path in log.iterdir() if path.name.isdecimal()), key=lambda path: int(path.name))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "deleted": shutil.rmtree,
    "metadata deleted": lambda checkpoint: (checkpoint / "metadata").unlink(),
    "newest offsets empty": lambda checkpoint: _newest(checkpoint / "offsets").write_bytes(b""),
    "newest commit empty": lambda checkpoint: _newest(checkpoint / "commits").write_bytes(b""),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_checkpoint_is_damaged(shop: Shop, till: Till, is_exact: Check, damage: str) -> None:
    till.trade(200)
    shop.wait_until_counted()
    shop.kill_and_keep_away("stream")
    till.trade(200)
    DAMAGES[damage](shop.home / CHECKPOINT)
    said = len(shop.log())
    shop.up()
    is_exact()
    assert ("The checkpoint was set aside" in shop.log()[said:]) == (damage != "deleted")


@pytest.mark.parametrize("log", ["offsets", "commits"])
def test_an_operator_repairs_a_checkpoint_that_spark_refuses(
    shop: Shop, till: Till, rng: random.Random, is_exact: Check, log: str
) -> None:
    till.trade(200)
    shop.wait_until_counted()
    shop.kill_and_keep_away("stream")
    till.trade(200)
    _newest(shop.home / CHECKPOINT / log).write_bytes(b'v1\n{"' + rng.randbytes(20).hex().encode() + b'"}')
    CommandLine(shop.home).run("repair", "checkpoint")
    is_exact()

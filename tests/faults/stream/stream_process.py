"""The product's stream, dying at a given moment or with a wrong design planted: `python -m … [--die-at M] [--plant D]`.

Patches functions of the product in this process, which a test has started; the product knows nothing of it.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import psutil

from jobs.streaming import main as stream
from jobs.streaming import micro_batch
from jobs.streaming.micro_batch import MicroBatches
from tests.faults.stream import wrong_designs
from tillstream.stores import live_batch

BEFORE_ANY_WRITE = "before-any-write"
BETWEEN_THE_STORES = "after-mongodb-before-mysql"
IN_THE_TRANSACTION = "in-the-transaction-of-mysql"
AFTER_MYSQL = "after-mysql-before-the-commit-log"
MOMENTS = (BEFORE_ANY_WRITE, BETWEEN_THE_STORES, IN_THE_TRANSACTION, AFTER_MYSQL)


def die(*_anything: Any, **_whatever: Any) -> Any:
    """kill -9 for this process, its JVM and its Python workers."""
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os.kill(os.getpid(), signal.SIGKILL)


def _after(work: Callable[..., Any]) -> Callable[..., Any]:
    def done_and_dead(*arguments: Any) -> None:
        work(*arguments)
        die()

    return done_and_dead


def arm(moment: str) -> None:
    """The next batch with records ends this process."""
    if moment == BEFORE_ANY_WRITE:
        setattr(MicroBatches, "_added_up", die)  # noqa: B010 a method is replaced
    elif moment == BETWEEN_THE_STORES:
        vars(live_batch)["apply"] = die
    elif moment == IN_THE_TRANSACTION:
        vars(live_batch)["_advance"] = die
    else:
        vars(live_batch)["apply"] = _after(live_batch.apply)


def plant(design: str) -> None:
    """Puts a wrong design in the place of the product's."""
    if design == "no_floor":
        vars(micro_batch)["Recording"] = wrong_designs.recording_without_floors
    else:
        vars(micro_batch)["recorded"] = wrong_designs.recorded_if_newly_inserted


def main() -> int:
    """Runs the stream; gives its exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--die-at", choices=MOMENTS)
    parser.add_argument("--plant", choices=wrong_designs.DESIGNS)
    chosen = parser.parse_args()
    if chosen.die_at:
        arm(chosen.die_at)
    if chosen.plant:
        plant(chosen.plant)
    return stream.main()


if __name__ == "__main__":
    sys.exit(main())

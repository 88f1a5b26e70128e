"""Runs a live till: sends its records at a chosen rate, until it has sent enough or its time is over."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from sources.till import Fault, Till, TillFaults, till_records
from sources.till_receipts import TillProduct
from tillstream.errors import TerminalError

NO_FAULTS = TillFaults()
SHORTEST_SLEEP, LONGEST_SLEEP = 0.005, 0.2  # seconds: few wake-ups at high rates, a quick stop at low ones


class Sender(Protocol):
    """What takes the records: `tillstream.stores.kafka.Producer`, or a list in a test."""

    def send(self, topic: str, key: str, value: bytes | None) -> None:
        """Queues one record."""


@dataclass(frozen=True)
class TillRun:
    """How fast and how long: records per second; records; seconds. Without an end it runs until it is stopped."""

    rate: float
    count: int | None = None
    seconds: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.rate > 0:
            raise TerminalError(f"{self.rate} is not a rate.", "Choose a number of records per second above 0.")
        if (self.count is not None and self.count < 1) or (self.seconds is not None and not self.seconds > 0):
            raise TerminalError("A run that ends before it begins sends nothing.", "Choose a count or a time above 0.")


@dataclass(frozen=True)
class TillClock:
    """Time, as a till needs it: aware instants, seconds that never jump, and sleep."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


SYSTEM_CLOCK = TillClock()


@dataclass(frozen=True)
class TillSummary:
    """What was sent, in records. `events`: sound ones, each counted once: what the shop's lines must have grown by.

    A record with two faults counts in both.
    """

    sent: int
    events: int
    resent: int
    corrupted: int
    delayed: int
    reordered: int
    seconds: float


def run_till(
    sender: Sender,
    run: TillRun,
    products: Sequence[TillProduct],
    till: Till,
    faults: TillFaults = NO_FAULTS,
    clock: TillClock = SYSTEM_CLOCK,
    stopped: Callable[[], bool] = lambda: False,
) -> TillSummary:
    """Sends until `run` is over or `stopped` says so; what the till then still holds back goes out at once.

    A sender that is slower than the rate is not pressed: the rest of the time is made up for as far as it can. The
    caller flushes the sender.
    """
    start = clock.monotonic()
    deadline = float("inf") if run.seconds is None else start + run.seconds

    def over() -> bool:
        return stopped() or clock.monotonic() >= deadline

    def goes_on(promised: int) -> bool:
        return (run.count is None or promised < run.count) and not over()

    records = till_records(run.seed, faults, clock.now, products, till, goes_on)
    sent, events, counts = 0, 0, Counter[Fault]()
    while True:
        _wait(start + sent / run.rate, clock, over)
        record = next(records, None)
        if record is None:
            break
        sender.send(record.topic, record.key, record.value)
        sent += 1
        counts.update(record.faults)
        events += Fault.CORRUPTED not in record.faults and Fault.RESENT not in record.faults
    numbers = {fault.name.lower(): counts[fault] for fault in Fault}
    return TillSummary(sent=sent, events=events, seconds=clock.monotonic() - start, **numbers)


def _wait(due: float, clock: TillClock, over: Callable[[], bool]) -> None:
    while (left := due - clock.monotonic()) > 0 and not over():
        clock.sleep(min(max(left, SHORTEST_SLEEP), LONGEST_SLEEP))

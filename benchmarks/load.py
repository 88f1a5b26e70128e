"""Sending records: a backlog as fast as Kafka takes it, or a steady rate with the time of each record on it."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import numpy as np
from confluent_kafka import Consumer, TopicPartition
from numpy.typing import NDArray

from benchmarks.shop_events import STORES, backlog_moments, present_moments, records
from tillstream.accounts import KAFKA_ADMINISTRATOR
from tillstream.events import SALES
from tillstream.settings import Settings
from tillstream.stores.kafka import Producer, TopicReader, connection

SENDERS = 2
SENT_AT = "sent_at"  # the header that carries the sender's clock, in nanoseconds
TICK_SECONDS = 0.005
READ_SECONDS = 30.0

Moments = Callable[[int], Iterator[bytes]]  # of one of so many senders, as `shop_events.backlog_moments`
Result = TypeVar("Result")
Ends = dict[int, int]  # partition of `sales` to the offset that its next record gets


def ends(settings: Settings) -> Ends:
    """How far each partition of the sales reaches now."""
    bounds = TopicReader(settings, "stream").bounds()
    return {partition: end for (topic, partition), (_, end) in bounds.items() if topic == SALES}


def send_backlog(
    settings: Settings, size: int, name: str = "backlog", moments: Moments = backlog_moments,
    stores: Sequence[str] = STORES,
) -> None:  # fmt: skip
    """Sends `size` records, out of several processes. Backlogs of different names have no event in common."""
    with processes(SENDERS) as pool:
        shares = [size // SENDERS + (number < size % SENDERS) for number in range(SENDERS)]
        sent = [
            pool.submit(_send_share, settings, f"{name}{n}", moments, share, stores) for n, share in enumerate(shares)
        ]
        for done in sent:
            done.result()


def _send_share(settings: Settings, till: str, moments: Moments, size: int, stores: Sequence[str]) -> None:
    with Producer(settings, "till") as producer:
        for record in islice(records(till, moments(SENDERS), stores), size):
            producer.send(SALES, record.key, record.value)


def new_till(name: str) -> str:
    """A till that no shop has seen: what another of its name sells would break the contract, with ids used again."""
    return f"{name}-{time.time():.0f}"


@contextmanager
def beside(enough: Path, work: Callable[..., Result], *arguments: object) -> Iterator[Future[Result]]:
    """While the block runs, so does `work`, in a process of its own: until its last argument, `enough`, is a file."""
    enough.unlink(missing_ok=True)
    with processes(1) as pool:
        working = pool.submit(work, *arguments, enough)
        try:
            yield working
        finally:
            enough.touch()
        working.result()


@contextmanager
def steady_load(settings: Settings, till: str, rate: int) -> Iterator[None]:
    """Sends `rate` records per second out of a process of its own while the block runs."""
    with beside(settings.home / f"{till}.enough", _send_steadily, settings, till, rate):
        yield


def _send_steadily(settings: Settings, till: str, rate: int, enough: Path) -> None:
    source = records(till, present_moments())
    begun, sent = time.monotonic(), 0
    with Producer(settings, "till") as producer:
        while not enough.exists():
            due = int((time.monotonic() - begun) * rate) - sent
            for record in islice(source, due):
                # The time of the call, not the time when it was due: this process being late is not the stream's.
                producer.send(SALES, record.key, record.value, {SENT_AT: b"%d" % time.time_ns()})
            sent += due
            time.sleep(TICK_SECONDS)


def sending_times(settings: Settings, first: Ends, last: Ends) -> dict[int, NDArray[np.float64]]:
    """Of each partition the sending times, in epoch seconds, of the records from `first` to below `last`."""
    times = {partition: np.zeros(end - first[partition]) for partition, end in last.items()}
    left = sum(map(len, times.values()))
    consumer = Consumer(
        connection(settings, KAFKA_ADMINISTRATOR) | {"group.id": "benchmark", "enable.auto.commit": False}
    )
    consumer.assign([TopicPartition(SALES, partition, offset) for partition, offset in first.items()])
    deadline = time.monotonic() + READ_SECONDS
    while left:
        for message in consumer.consume(10_000, 0.5):
            partition, offset = message.partition() or 0, message.offset() or 0
            headers = dict(message.headers() or ())
            if offset < last[partition]:
                times[partition][offset - first[partition]] = int(headers[SENT_AT] or 0) / 1e9
                left -= 1
                deadline = time.monotonic() + READ_SECONDS
        if time.monotonic() > deadline:
            raise TimeoutError(f"Kafka gave back all but {left} of the records that it had acknowledged")
    consumer.close()
    return times


def processes(number: int) -> ProcessPoolExecutor:
    """Processes that begin afresh: a fork would inherit connections."""
    return ProcessPoolExecutor(number, mp_context=get_context("spawn"))

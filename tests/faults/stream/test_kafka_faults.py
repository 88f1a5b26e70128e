"""Kafka goes away, gets more partitions, or no longer has what it had."""

import contextlib
import random
import time

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.cimpl import NewPartitions

from tests.e2e.command_line import CommandLine
from tests.faults.stream.conftest import Check
from tests.faults.stream.shop import Shop, wait_until
from tests.faults.stream.till import Till
from tillstream.errors import TerminalError, TransientError
from tillstream.stores import kafka, kafka_server

TIMEOUT_SECONDS = 30.0


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seconds", [60])
def test_kafka_is_killed_and_comes_back(shop: Shop, till: Till, is_exact: Check, seconds: int) -> None:
    till.trade(500)
    shop.kill_and_keep_away("kafka")
    till.queue_trade(200)  # the till keeps them until Kafka is back
    time.sleep(seconds)
    shop.up("kafka")
    till.flush()
    is_exact()


@pytest.mark.sample
def test_kafka_is_killed_and_comes_back_at_once(shop: Shop, till: Till, is_exact: Check) -> None:
    till.trade(500)
    shop.kill("kafka")
    till.queue_trade(200)
    shop.up()
    till.flush()
    is_exact()


def test_partitions_are_raised_while_all_runs(shop: Shop, till: Till, is_exact: Check) -> None:
    till.trade(200)
    shop.wait_until_counted()
    client = kafka_server.administrator(shop.settings)  # its futures die with it
    client.create_partitions([NewPartitions("sales", 8)])["sales"].result(TIMEOUT_SECONDS)
    wait_until(lambda: _trades_reach_all_partitions(till), "the till knows all partitions")
    is_exact()
    partitions = {sent.partition for sent in till.sent if sent.topic == "sales"}
    assert partitions == set(range(8))
    assert {number for topic, number in shop.counted() if topic == "sales"} == partitions


def _trades_reach_all_partitions(till: Till) -> bool:
    till.send(till.sale() for _ in range(50))
    return {sent.partition for sent in till.sent if sent.topic == "sales"} == set(range(8))


@pytest.mark.timeout(600)
def test_records_are_deleted_before_they_are_counted(
    shop: Shop, till: Till, rng: random.Random, is_exact: Check
) -> None:
    till.trade(200)
    shop.wait_until_counted()
    shop.stop("stream")
    counted = shop.counted()
    already = len(till.sent)
    till.send(till.sale() for _ in range(300))
    uncounted = till.sent[already:]
    ends = {source: 1 + max(s.offset for s in uncounted if (s.topic, s.partition) == source)
            for source in {(s.topic, s.partition) for s in uncounted}}  # fmt: skip
    cuts = {source: rng.randint(counted[source] + 1, ends[source]) for source in rng.sample(sorted(ends), 2)}
    _delete_before(shop, cuts)
    with pytest.raises(TerminalError, match="no longer has records that were never counted") as refused:
        shop.up()
    ranges = [
        f"{topic}-{number}: {counted[topic, number]} to {end - 1}" for (topic, number), end in sorted(cuts.items())
    ]
    assert f"{', '.join(ranges)}." in str(refused.value)
    assert f"{', '.join(ranges)}." in shop.heartbeat()[1]

    CommandLine(shop.home).run("gaps", "accept", "--yes")
    lost = [s for s in uncounted if s.offset < cuts.get((s.topic, s.partition), 0)]
    is_exact(frozenset(sent.coordinates for sent in lost))
    query = "SELECT `topic`, `partition`, `first_offset`, `next_offset` FROM `stream_gaps` ORDER BY 1, 2"
    assert shop.query(query) == [(*source, counted[source], end) for source, end in sorted(cuts.items())]

    till.send(sent.line for sent in lost if sent.line is not None)  # from the till's own files
    is_exact(frozenset(sent.coordinates for sent in lost))


def _delete_before(shop: Shop, cuts: dict[kafka.Source, int]) -> None:
    requests = [TopicPartition(topic, number, end) for (topic, number), end in cuts.items()]
    client = kafka_server.administrator(shop.settings)  # its futures die with it
    for deleted in client.delete_records(requests).values():
        deleted.result(TIMEOUT_SECONDS)


@pytest.mark.spoils
def test_a_topic_is_deleted_and_created_again(shop: Shop, till: Till, is_exact: Check) -> None:
    till.trade(200)
    is_exact()
    before = shop.query("SELECT * FROM `sales_by_month` ORDER BY 1, 2, 3, 4")
    client = kafka_server.administrator(shop.settings)  # its futures die with it
    client.delete_topics(["sales"])["sales"].result(TIMEOUT_SECONDS)
    wait_until(lambda: _create_topics(shop), "the topic is there again")
    wait_until(lambda: shop.heartbeat()[0] == "stopped", "the stream has stopped")
    with contextlib.suppress(AssertionError):  # what is sent now must not be counted
        till.trade(50)
    with pytest.raises(TerminalError, match="topic 'sales' was deleted and created again"):
        shop.up()
    assert "was deleted and created again" in shop.heartbeat()[1]
    assert shop.query("SELECT * FROM `sales_by_month` ORDER BY 1, 2, 3, 4") == before


def _create_topics(shop: Shop) -> bool:
    try:
        return "sales" in kafka_server.create_topics(shop.settings)
    except TransientError:
        return False

"""The raw record made anew from real Kafka equals the lost one, though records were sent twice and in conflict."""

import random
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from jobs.batch import rebuild_raw
from tests.faults.shop_record import ShopRecord, begin_anew
from tests.faults.stand_in import StandIn
from tests.night.nights import done, figures_hold, live, night, selected, totals, truth
from tests.night.stores import empty, raw_record
from tillstream.accounts import EVENTS, MONGO_DATABASE
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import kafka_server
from tillstream.stores import live as live_store
from tillstream.stores.kafka import Source
from tillstream.stores.mysql import connect


@pytest.fixture
def counted(servers: Settings, tmp_path: Path) -> Iterator[Settings]:
    """A shop that has counted in several goes, with two nights in between, the second not published."""
    empty(servers)
    rng = random.Random(5)
    record = ShopRecord("raw", rng)
    start = begin_anew(servers)
    forget_older_records(servers, start)
    stream = StandIn(servers, tmp_path / "stream", start, rng)
    for run in ("first", "second", None):
        record.produce(servers, 60)
        while stream.batch():
            pass
        if run is not None:
            night(servers, run)
    connection = connect(servers, "stream")
    live_store.stopped(connection, "stopped on request")
    connection.close()
    yield servers
    empty(servers)


def forget_older_records(settings: Settings, start: dict[Source, int]) -> None:
    """Kafka loses what other tests have sent: this shop began after it."""
    client = kafka_server.administrator(settings)
    positions = [TopicPartition(topic, number, offset) for (topic, number), offset in start.items()]
    for deleted in client.delete_records(positions).values():
        deleted.result(20)


def content(settings: Settings) -> dict[str, Any]:
    with raw_record(settings) as client:
        found = client[MONGO_DATABASE][EVENTS].find({}, {"source": 0})
        return {document["_id"]: document for document in found}


def test_a_raw_record_that_was_dropped_comes_back_to_the_cent(counted: Settings) -> None:
    before = content(counted), totals(counted), truth(counted), live(counted)
    rejects = selected(counted, "SELECT * FROM rejects_by_reason")
    assert rejects, "no conflict to settle again"
    with raw_record(counted) as client:
        client[MONGO_DATABASE].drop_collection(EVENTS)
    said = rebuild_raw.work(counted, Namespace())

    assert said == f"The raw record is whole: {len(before[0])} events were missing and are written again."
    assert (content(counted), totals(counted), truth(counted), live(counted)) == before
    assert selected(counted, "SELECT * FROM rejects_by_reason") == rejects
    figures_hold(counted)
    night(counted, "third")
    figures_hold(counted)
    incremental = truth(counted)
    night(counted, "full", full=True)
    assert truth(counted) == incremental


def test_what_is_there_stays_and_what_is_missing_comes_back(counted: Settings) -> None:
    before = content(counted)
    with raw_record(counted) as client:
        for document in client[MONGO_DATABASE][EVENTS].find({}).limit(9):
            client[MONGO_DATABASE][EVENTS].delete_one({"_id": document["_id"]})
    assert rebuild_raw.work(counted, Namespace()).startswith("The raw record is whole: 9 events were missing")
    assert content(counted) == before
    assert rebuild_raw.work(counted, Namespace()).startswith("The raw record is whole: 0 events were missing")
    figures_hold(counted)


def test_it_is_not_made_anew_under_a_stream_that_runs(counted: Settings) -> None:
    connection = connect(counted, "stream")
    live_store.beat(connection, {})
    connection.close()
    with pytest.raises(TerminalError, match="The stream runs"):
        rebuild_raw.work(counted, Namespace())


def test_events_that_kafka_does_not_have_are_told(counted: Settings) -> None:
    done(counted, "UPDATE stream_offsets SET counted = counted + 2 WHERE topic = 'sales' LIMIT 1")
    with pytest.raises(TerminalError, match="2 events are still missing in the raw record"):
        rebuild_raw.work(counted, Namespace())

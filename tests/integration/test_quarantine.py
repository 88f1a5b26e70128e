"""The quarantine: what is in it can be looked at, and sent again once it is repaired."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from pymongo import MongoClient

from reports.quarantine import REPAIRED_HEADER, Replay, list_rejects, replay_all, show_reject
from tests.bad_records import GOOD, as_json, movement, sale
from tillstream.accounts import KAFKA_ADMINISTRATOR, MONGO_DATABASE, REJECTS
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import kafka
from tillstream.stores.mongo import Document
from tillstream.stores.mongo_server import ADMINISTRATOR

AT = datetime(2026, 1, 5, tzinfo=UTC)
NUL = as_json(sale(product_id="x\0"))
NO_DELIVERY = as_json(movement(quantity=0))


@pytest.fixture
def quarantine(servers: Settings) -> Iterator[Settings]:
    """Four rejects of sales and one of stock, the later the higher the offset."""
    with MongoClient[Document](
        f"mongodb://{servers.mongo_hosts}", username=ADMINISTRATOR, password=servers.secret("mongo_administrator")
    ) as client:
        collection = client[MONGO_DATABASE][REJECTS]
        collection.insert_many(
            [
                reject(0, "bad_id", NUL),
                reject(1, "not_utf8", b'{"\xff'),
                reject(2, "empty", None),
                reject(3, "bad_id", GOOD),  # as after a rule was loosened
                reject(4, "bad_quantity", NO_DELIVERY, topic="stock"),
            ]
        )
        yield servers
        collection.delete_many({})


def reject(offset: int, reason: str, value: bytes | None, topic: str = "sales") -> Document:
    return {
        "_id": f"{topic}-0-{offset}", "source": {"topic": topic, "partition": 0, "offset": offset}, "reason": reason,
        "detail": "why", "received_at": AT + timedelta(seconds=offset), "key": b"o-1", "value": value,
    }  # fmt: skip


def replay(settings: Settings, *ids: str, reason: str | None = None, repaired: bytes | None = None) -> Replay:
    with kafka.Producer(settings, "operator") as producer:
        return replay_all(settings, producer, ids, reason, repaired)


def records(settings: Settings, topic: str) -> list[tuple[bytes | None, Any]]:
    """Value and headers of every record of a topic."""
    account = kafka.connection(settings, KAFKA_ADMINISTRATOR)
    consumer = Consumer(account | {"group.id": "tests", "enable.auto.commit": False})
    found: list[tuple[bytes | None, Any]] = []
    for number in range(kafka.PARTITIONS[topic]):
        source = TopicPartition(topic, number, 0)
        _, end = consumer.get_watermark_offsets(source, timeout=10)
        consumer.assign([source])
        for message in consumer.consume(end, timeout=20) if end else []:
            found.append((message.value(), message.headers()))
    consumer.close()
    return found


def test_the_newest_are_listed_first_without_their_bytes(quarantine: Settings) -> None:
    found = list_rejects(quarantine)

    assert [each.id for each in found] == ["stock-0-4", "sales-0-3", "sales-0-2", "sales-0-1", "sales-0-0"]
    assert (found[-1].reason, found[-1].size, found[-1].received_at) == ("bad_id", len(NUL), AT)
    assert found[2].size == 0
    assert not any(each.replayed_at for each in found)
    assert [each.id for each in list_rejects(quarantine, most=2)] == ["stock-0-4", "sales-0-3"]


def test_one_reason_is_listed_alone(quarantine: Settings) -> None:
    assert [each.id for each in list_rejects(quarantine, "bad_id")] == ["sales-0-3", "sales-0-0"]
    assert list_rejects(quarantine, "too_large") == []


def test_a_reason_that_does_not_exist_is_refused(quarantine: Settings) -> None:
    with pytest.raises(TerminalError, match=r"no reason 'bad'.\n.*bad_id, bad_text"):
        list_rejects(quarantine, "bad")


def test_one_is_shown_with_its_bytes_as_far_as_they_are_text(quarantine: Settings) -> None:
    assert show_reject(quarantine, "sales-0-1").value == '{"\\xff'
    assert show_reject(quarantine, "sales-0-0").value == NUL.decode()
    assert show_reject(quarantine, "sales-0-2").value is None
    assert show_reject(quarantine, "sales-0-0").key == "o-1"
    with pytest.raises(TerminalError, match="no reject 'sales-9-9'"):
        show_reject(quarantine, "sales-9-9")


def test_a_repaired_record_is_sent_and_marked(quarantine: Settings) -> None:
    before = records(quarantine, "sales")
    repaired = as_json(sale(product_id="x"))

    assert replay(quarantine, "sales-0-0", repaired=repaired) == Replay({"sales-0-0": "till-o-1-1"}, {})
    [sent] = [record for record in records(quarantine, "sales") if record not in before]
    assert sent == (repaired, [(REPAIRED_HEADER, b"sales-0-0")])
    [marked] = [each for each in list_rejects(quarantine) if each.replayed_at]
    assert marked.id == "sales-0-0"


def test_what_still_breaks_the_contract_stays(quarantine: Settings) -> None:
    before = records(quarantine, "sales"), records(quarantine, "stock")
    for ids in (["sales-0-0"], ["sales-0-1"], ["sales-0-2"], ["stock-0-4"]):
        outcome = replay(quarantine, *ids)
        assert not outcome.sent
        assert outcome.refused[ids[0]].startswith("still ")

    assert "still bad_quantity" in replay(quarantine, "stock-0-4", repaired=NO_DELIVERY).refused["stock-0-4"]
    assert (records(quarantine, "sales"), records(quarantine, "stock")) == before
    assert not any(each.replayed_at for each in list_rejects(quarantine))


def test_a_repair_is_judged_by_its_own_topic(quarantine: Settings) -> None:
    assert "still unknown_kind" in replay(quarantine, "stock-0-4", repaired=GOOD).refused["stock-0-4"]
    assert replay(quarantine, "stock-0-4", repaired=as_json(movement())).sent == {"stock-0-4": "till-d-1-1"}


def test_all_of_a_reason_are_sent_once(quarantine: Settings) -> None:
    first = replay(quarantine, reason="bad_id")
    second = replay(quarantine, reason="bad_id")

    assert (first.sent, list(first.refused)) == ({"sales-0-3": "till-o-1-1"}, ["sales-0-0"])
    assert (second.sent, list(second.refused)) == ({}, ["sales-0-0"])


def test_one_that_does_not_exist_is_refused(quarantine: Settings) -> None:
    with pytest.raises(TerminalError, match="no reject 'sales-9-9'"):
        replay(quarantine, "sales-9-9")

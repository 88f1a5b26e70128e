"""Bad records among good ones, through the whole stack: each is kept with its reason, and none stops the stream."""

import time
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from stack import processes
from stack.status import status
from tests.bad_records import BAD_RECORDS, ODD_SALES, Fields, as_json, movement, sale
from tests.e2e.command_line import CommandLine
from tests.e2e.conftest import Query
from tillstream.accounts import KAFKA_ADMINISTRATOR
from tillstream.errors import TerminalError
from tillstream.events import SALES, STOCK
from tillstream.money import PLACES
from tillstream.settings import Settings
from tillstream.stores import kafka
from tillstream.stores.live import wait_until_counted
from tillstream.stores.mongo import Document, rejects

NEIGHBOURS = 2  # good records after each bad one
GARBAGE = 3_000  # enough for the stream to judge by
EURO = {"currency": "EUR", "store_id": "euro", "till_id": "euro"}
Record = tuple[bytes | None, bytes | None]  # key, value


@dataclass(frozen=True)
class Sent:
    """What was sent: the records as Kafka has them, by id, and the stream's process before."""

    records: dict[str, Record]
    good: list[Fields]
    pid: int | None

    def id_of(self, key: str) -> str:
        """The coordinates of the one record with this key."""
        [found] = [record_id for record_id, (each, _) in self.records.items() if each == key.encode()]
        return found


def stream_pid(settings: Settings) -> int | None:
    [stream] = [service for service in status(settings) if service.name == "stream"]
    return stream.pid if stream.healthy else None


def records_of(settings: Settings) -> dict[str, Record]:
    """Every record in Kafka by `topic-partition-offset`."""
    account = kafka.connection(settings, KAFKA_ADMINISTRATOR)
    consumer = Consumer(account | {"group.id": "tests", "enable.auto.commit": False})
    found: dict[str, Record] = {}
    for topic, partitions in kafka.PARTITIONS.items():
        for number in range(partitions):
            first, end = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=10)
            consumer.assign([TopicPartition(topic, number, first)])
            while end > first:
                for message in consumer.consume(min(end - first, 5_000), timeout=20):
                    found[f"{topic}-{number}-{message.offset()}"] = (message.key(), message.value())
                    first = (message.offset() or 0) + 1
    consumer.close()
    return found


def key_of(number: int) -> str:
    return f"bad-{number}"


@pytest.fixture(scope="module")
def sent(shop: Settings) -> Sent:
    """Every bad record between good neighbours, odd ones among them, all counted."""
    pid = stream_pid(shop)
    odd = [sale(**changes | moved(changes), order_id=f"odd-{n}") for n, changes in enumerate(ODD_SALES.values())]
    plain = [sale(**EURO, order_id=f"good-{n}") for n in range(NEIGHBOURS * len(BAD_RECORDS))]
    with kafka.Producer(shop, "till") as producer:
        for fields in odd:
            producer.send(SALES, fields["order_id"], as_json(fields))
        for number, record in enumerate(BAD_RECORDS):
            producer.send(record.topic, key_of(number), record.value)
            for fields in plain[NEIGHBOURS * number : NEIGHBOURS * (number + 1)]:
                producer.send(SALES, fields["order_id"], as_json(fields))
        producer.send(STOCK, "d-1", as_json(movement(till_id="euro", store_id="euro", quantity=100_000_000)))
    wait_until_counted(shop, lambda _: None)
    return Sent(records_of(shop), odd + plain, pid)


def moved(changes: Fields) -> Fields:
    """To a store and a currency that no other module counts in."""
    currency = "JPY" if changes.get("currency") == "MMK" else "EUR"
    return {"currency": currency, "store_id": f"euro {changes.get('store_id', '')}".strip()}


def revenue(sales: list[Fields]) -> Decimal:
    """What these sales bring in."""
    total = Decimal(0)
    for fields in sales:
        line = fields["quantity"] * Decimal(fields["unit_price"]) - Decimal(fields.get("discount") or "0")
        total += -line if fields["kind"] == "return" else line
    return total


def kept(settings: Settings) -> dict[str, Document]:
    return {document["_id"]: document for document in rejects(settings, "operator").find()}


def read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # of a process that has ended, or a file that its program has removed
        return b""


def test_no_password_shows_in_a_process_or_a_log_while_all_runs(shop: Settings, sent: Sent) -> None:
    assert sent.records
    running = processes.of_stack(shop.home)
    shown = [read(Path(f"/proc/{each.pid}/{kind}")) for each in running for kind in ("cmdline", "environ")]
    written = [path for folder in ("logs", "run", "stream") for path in (shop.home / folder).rglob("*")]
    shown += [read(path) for path in written if path.is_file()]
    assert {"kafka", "stream"} <= {each.service for each in running}
    secrets = {path.name: path.read_bytes() for path in (shop.home / "secrets").iterdir()}
    assert [name for name, secret in secrets.items() if any(secret in text for text in shown)] == []


def test_every_bad_record_is_kept_with_its_reason_bytes_and_coordinates(shop: Settings, sent: Sent) -> None:
    quarantine = kept(shop)
    for number, record in enumerate(BAD_RECORDS):
        record_id = sent.id_of(key_of(number))
        document = quarantine[record_id]
        assert document["reason"] == record.reason, record.name
        assert document["value"] == record.value
        assert document["key"] == key_of(number).encode()
        assert document["source"]["topic"] == record.topic
        assert record_id == "{topic}-{partition}-{offset}".format(**document["source"])
        assert document["detail"]
    assert len(quarantine) == len(BAD_RECORDS)


def test_every_good_neighbour_is_counted(sent: Sent, query: Query) -> None:
    for currency in ("EUR", "JPY"):
        wanted = [fields for fields in sent.good if fields["currency"] == currency]
        figures = f"SELECT SUM(`lines`), SUM(revenue) FROM sales_by_year WHERE currency = '{currency}'"
        assert query(figures) == [(len(wanted), revenue(wanted).quantize(Decimal(1).scaleb(-PLACES)))]


def test_odd_ids_are_products_of_their_own(sent: Sent, query: Query) -> None:
    wanted = Counter(fields["product_id"] for fields in sent.good)
    found = query("SELECT product_id, SUM(`lines`) FROM sales_by_year WHERE currency IN ('EUR', 'JPY') GROUP BY 1")

    assert {product: int(lines) for product, lines in found} == wanted


def test_rejects_are_counted_by_reason(sent: Sent, query: Query) -> None:
    wanted = Counter((record.topic, record.reason.value) for record in BAD_RECORDS)

    assert {(topic, reason): number for topic, reason, number, _ in query("SELECT * FROM rejects_by_reason")} == wanted


def test_the_stream_is_alive_and_nothing_is_behind(shop: Settings, sent: Sent, query: Query) -> None:
    assert stream_pid(shop) == sent.pid is not None
    deadline = time.monotonic() + 20
    while query("SELECT events_behind, state FROM freshness") != [(0, "running")]:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_sent_again_with_other_content_is_a_conflict_and_with_the_same_a_duplicate(
    shop: Settings, tillstream: CommandLine, sent: Sent, query: Query
) -> None:
    lines = "SELECT SUM(`lines`), SUM(revenue) FROM sales_by_year WHERE currency = 'EUR'"
    before = query(lines)
    original = sent.good[-1]
    with kafka.Producer(shop, "till") as producer:
        producer.send(SALES, "again", as_json(original | {"unit_price": "011.95"}))
        producer.send(SALES, "conflict", as_json(original | {"quantity": 9}))
    wait_until_counted(shop, lambda _: None)

    assert query(lines) == before
    [conflict] = tillstream.json("rejects", "list", "--reason", "conflict")
    assert original["event_id"] in conflict["detail"]


def test_the_raw_record_bears_out_every_figure(tillstream: CommandLine, sent: Sent) -> None:
    tillstream.run("verify")


def test_the_quarantine_can_be_looked_at(tillstream: CommandLine, sent: Sent) -> None:
    by_name = {record.name: number for number, record in enumerate(BAD_RECORDS)}
    bad_byte, large = sent.id_of(key_of(by_name["bad byte"])), sent.id_of(key_of(by_name["2 MB"]))

    assert len(tillstream.json("rejects", "list", "--most", "1000")) >= len(BAD_RECORDS)
    assert {r["reason"] for r in tillstream.json("rejects", "list", "--reason", "not_utf8")} == {"not_utf8"}
    output, _ = tillstream.run("rejects", "list", "--most", "1000")
    assert bad_byte in output
    assert tillstream.json("rejects", "show", large)["summary"]["size"] == 2_000_000
    assert '"product_name": "\\xff"' in tillstream.run("rejects", "show", bad_byte)[0]
    assert "no value" in tillstream.run("rejects", "show", sent.id_of(key_of(by_name["tombstone"])))[0]
    tillstream.run("rejects", "show", "sales-99-99", code=1)
    tillstream.run("rejects", "list", "--reason", "ugly", code=1)


def test_a_repaired_record_counts_once_however_often_it_is_replayed(
    shop: Settings, tillstream: CommandLine, sent: Sent, tmp_path: Path, query: Query
) -> None:
    number = next(n for n, record in enumerate(BAD_RECORDS) if record.name == "quantity of a sale: zero")
    record_id = sent.id_of(key_of(number))
    repaired = tmp_path / "repaired.json"
    repaired.write_bytes(as_json(sale(**EURO, order_id="repaired", quantity=7)))
    units = (
        "SELECT SUM(units) FROM sales_by_year WHERE store_id = 'euro' AND product_id = 'longyi' AND currency = 'EUR'"
    )
    [(before,)] = query(units)

    _, errors = tillstream.run("rejects", "replay", record_id, code=1)
    assert "still bad_quantity" in errors
    for _ in range(2):
        output, _ = tillstream.run("rejects", "replay", record_id, "--with", repaired)
        assert f"{record_id}: sent as euro-repaired-1" in output
    wait_until_counted(shop, lambda _: None)
    assert query(units) == [(before + 7,)]
    [marked] = [each for each in tillstream.json("rejects", "list", "--most", "1000") if each["id"] == record_id]
    assert marked["replayed_at"]
    tillstream.run("verify")


@pytest.fixture(scope="module")
def garbage(shop: Settings, sent: Sent) -> str:
    """Nothing but bad records, until the stream stops; gives why it did. A good record waits behind them."""
    with kafka.Producer(shop, "till") as producer:
        for number in range(GARBAGE):
            producer.send(SALES, f"garbage-{number}", b"garbage %d" % number)
        producer.flush()
        for number in range(8):  # in each partition
            producer.send(SALES, f"late-{number}", as_json(sale(**EURO, order_id=f"late-{number}", product_id="late")))
    with pytest.raises(TerminalError) as caught:
        wait_until_counted(shop, lambda _: None)
    return str(caught.value)


def test_garbage_stops_the_stream_and_says_why(
    shop: Settings, tillstream: CommandLine, garbage: str, query: Query
) -> None:
    assert "records were bad, more than 50%" in garbage
    output, _ = tillstream.run("status", code=1)
    assert "records were bad, more than 50%" in output
    assert "TILLSTREAM_REJECT_LIMIT=1" in output
    [stream] = [service for service in tillstream.json("status", code=1)["services"] if service["name"] == "stream"]
    assert (stream["state"], stream["healthy"]) == ("failed", False)
    [(behind, state, message)] = query("SELECT events_behind, state, message FROM freshness")
    assert f"stopped with {behind:,} records to count" in garbage
    assert state == "stopped"
    assert "records were bad" in message
    time.sleep(3)
    assert stream_pid(shop) is None, "somebody has started it again"


def test_the_figures_stay_exact_while_it_stands(tillstream: CommandLine, garbage: str, query: Query) -> None:
    [(bad,)] = query("SELECT SUM(rejected) FROM rejects_by_reason")

    assert bad < GARBAGE + len(BAD_RECORDS), "what stopped the stream must not be counted"


def test_with_the_limit_lifted_it_goes_on_and_everything_is_exact(
    shop: Settings, tillstream: CommandLine, garbage: str, query: Query
) -> None:
    tillstream.run("up", TILLSTREAM_REJECT_LIMIT="1")
    wait_until_counted(shop, lambda _: None)

    assert query("SELECT SUM(`lines`) FROM sales_by_year WHERE product_id = 'late'") == [(8,)]
    tillstream.run("verify")
    counted: Counter[Any] = Counter(document["reason"] for document in kept(shop).values())
    assert {reason: int(number) for reason, number in query(
        "SELECT reason, SUM(rejected) FROM rejects_by_reason GROUP BY reason")} == counted  # fmt: skip
    assert sum(counted.values()) == GARBAGE + len(BAD_RECORDS) + 1  # the conflict


def test_the_limit_can_be_put_back(shop: Settings, tillstream: CommandLine, garbage: str) -> None:
    tillstream.run("up", TILLSTREAM_REJECT_LIMIT="0.5")
    tillstream.run("restart", "stream")

    assert "REJECT_LIMIT" not in (shop.home / "tillstream.env").read_text()
    assert stream_pid(shop) is not None

"""The raw record of an event, when two of them say the same, and the JSON Schema for those who write events."""

import json
import unicodedata
from datetime import UTC, date, datetime
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bad_records import BAD_RECORDS, ODD_SALES, as_json, movement, sale
from tillstream.events import (
    ADDRESS_DELETED_AT,
    SALES,
    STOCK,
    TOPICS,
    Event,
    Reason,
    Reject,
    Rules,
    decoder,
    document,
    json_schema,
    normalised,
    same_content,
)

RECEIVED_MS = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
DECODERS = {topic: decoder(topic, Rules("Asia/Yangon", date(2000, 1, 1))) for topic in TOPICS}
# What no JSON Schema can say: identity, clean text, currencies with their places, clocks.
BEYOND_SCHEMA = {
    Reason.BAD_ID, Reason.BAD_TEXT, Reason.BAD_MONEY, Reason.BAD_QUANTITY, Reason.BAD_TIME,
    Reason.UNKNOWN_CURRENCY, Reason.TOO_EARLY, Reason.TOO_LATE,
}  # fmt: skip


def event_of(fields: dict[str, Any], topic: str = SALES) -> Event:
    event = DECODERS[topic](as_json(fields), RECEIVED_MS)
    assert not isinstance(event, Reject), event
    return event


def sale_document(offset: int = 5, **changes: Any) -> dict[str, Any]:
    return document(event_of(sale(**changes)), SALES, 1, offset)


def test_a_document_has_the_events_fields_and_its_kafka_record() -> None:
    written = sale_document(discount="1.00", city="Yangon")

    assert written["_id"] == "till-o-1-1"
    assert written["source"] == {"topic": SALES, "partition": 1, "offset": 5}
    assert written["unit_price"] == "11.95"
    assert written["sold_at"] == datetime(2019, 4, 15, 3, 30, tzinfo=UTC)
    assert written.keys() == {*sale(), "discount", "city", "_id", "source"} - {"event_id"}


def test_a_document_leaves_out_what_is_not_there() -> None:
    assert sale_document().keys() == {*sale(), "_id", "source"} - {"event_id"}


def test_the_day_of_a_movement_is_text() -> None:
    written = document(event_of(movement(), STOCK), STOCK, 0, 0)

    assert written["day"] == "2019-04-15"
    assert written.keys() == {*movement(), "_id", "source"} - {"event_id"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"unit_price": "700"}, {"unit_price": "700.00"}),
        ({"unit_price": "700"}, {"unit_price": "0700.0"}),
        ({"discount": "0"}, {}),
        ({"discount": "0.00"}, {"discount": None}),
        ({"discount": "1.5"}, {"discount": "1.50"}),
        ({"sold_at": "2019-04-15T10:00:00+06:30"}, {"sold_at": "2019-04-15T03:30:00Z"}),
        ({"sold_at": "2019-04-15T10:00:00.0009+06:30"}, {"sold_at": "2019-04-15T10:00:00+06:30"}),
        ({"city": None}, {}),
    ],
)
def test_documents_that_say_the_same_are_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert same_content(sale_document(5, **one), sale_document(9, **other))
    assert same_content(sale_document(9, **other), sale_document(5, **one))


@pytest.mark.parametrize(
    "changes",
    [
        {"quantity": 3}, {"unit_price": "11.96"}, {"kind": "return"}, {"currency": "EUR"}, {"discount": "0.01"},
        {"sold_at": "2019-04-15T10:00:00.001+06:30"}, {"product_name": "longyi"}, {"product_id": "Longyi"},
        {"store_id": "branch"}, {"city": "Yangon"}, {"address": "5 Bo Aung Kyaw Street"},
    ],
    ids=str,
)  # fmt: skip
def test_documents_that_differ_in_one_field_are_not_the_same(changes: dict[str, Any]) -> None:
    assert not same_content(sale_document(), sale_document(**changes))


def test_an_address_that_was_deleted_plays_no_part() -> None:
    deleted = sale_document() | {ADDRESS_DELETED_AT: datetime.now(UTC)}
    sent_again = sale_document(9, address="5 Bo Aung Kyaw Street")

    assert same_content(deleted, sent_again)
    assert same_content(sent_again, deleted)
    assert not same_content(deleted, sale_document(9, quantity=3))


def test_a_document_is_the_same_as_what_mongodb_gives_back() -> None:
    for tzinfo in (UTC, None):
        stored = sale_document()
        stored["sold_at"] = stored["sold_at"].astimezone(UTC).replace(tzinfo=tzinfo)
        assert same_content(stored, sale_document())


def test_movements_are_compared_likewise() -> None:
    def written(**changes: Any) -> dict[str, Any]:
        return document(event_of(movement(**changes), STOCK), STOCK, 0, 1)

    assert same_content(written(), written(recorded_at="2019-04-15T03:30:00Z"))
    for changes in ({"quantity": 3}, {"day": "2019-04-14"}, {"kind": "loss"}, {"recorded_at": "2019-04-15T03:31:00Z"}):
        assert not same_content(written(), written(**changes))


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("Longyi", "Longyi"),
        ("  Longyi\t", "Longyi"),
        ("Long   \n yi", "Long yi"),
        ("cafe\u0301", "café"),
        ("x\0y", "x y"),
        ("\0", ""),
        ("x\u00a0", "x"),
        ("x\u2028y", "x y"),
        ("ပုဆိုး", "ပုဆိုး"),
        ("Shirt \U0001f455", "Shirt \U0001f455"),
        ("O'Brien; DROP TABLE x --", "O'Brien; DROP TABLE x --"),
    ],
)
def test_text_is_normalised_before_it_is_sent(text: str, sent: str) -> None:
    assert normalised(text) == sent


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_the_contract_takes_whatever_was_normalised(text: str) -> None:
    sent = normalised(text)

    assert normalised(sent) == sent
    assert unicodedata.is_normalized("NFC", sent)
    if sent:
        event_of(sale(product_id=sent, product_name=sent, address=sent))


@pytest.mark.parametrize("topic", TOPICS)
def test_the_schema_is_a_schema_and_forbids_unknown_fields(topic: str) -> None:
    schema = json_schema(topic)
    jsonschema.Draft202012Validator.check_schema(schema)

    [definition] = schema["$defs"].values()
    assert definition["additionalProperties"] is False
    assert set(definition["required"]) == set(sale() if topic == SALES else movement())


def test_the_schema_speaks_javascripts_regular_expressions() -> None:
    price = json_schema(SALES)["$defs"]["Sale"]["properties"]["unit_price"]

    assert price["pattern"] == r"^[0-9]{1,12}(\.[0-9]{1,2})?$"


def test_the_schema_takes_what_the_contract_takes() -> None:
    for changes in ODD_SALES.values():
        jsonschema.validate(sale(**changes), json_schema(SALES))
    for kind in ("delivery", "loss", "count"):
        jsonschema.validate(movement(kind=kind), json_schema(STOCK))


def test_the_schema_refuses_what_a_schema_can_see() -> None:
    seen = 0
    for record in BAD_RECORDS:
        if record.reason in BEYOND_SCHEMA | {Reason.EMPTY, Reason.TOO_LARGE, Reason.NOT_UTF8, Reason.NOT_JSON}:
            continue
        assert record.value is not None
        if b"1.0" in record.value:
            continue  # to JSON Schema, 1.0 is an integer
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(json.loads(record.value), json_schema(record.topic))
        seen += 1
    assert seen > 80

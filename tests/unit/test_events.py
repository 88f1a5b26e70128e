"""The contract takes what is good, refuses what is bad with the right reason, and never raises."""

import json
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bad_records import (
    BAD_RECORDS,
    GOOD,
    ODD_SALES,
    OPTIONAL,
    BadRecord,
    as_json,
    movement,
    sale,
    with_literal,
    without,
)
from tillstream.events import (
    MAX_VALUE_BYTES,
    SALES,
    STOCK,
    TOPICS,
    Event,
    Reason,
    Reject,
    Rules,
    Sale,
    StockMovement,
    decoder,
    encode,
)
from tillstream.money import CURRENCY_PLACES
from tillstream.shop_calendar import business_day, month, zone

RECEIVED_MS = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
RULES = Rules(timezone="Asia/Yangon", opening_day=date(2000, 1, 1))
DECODERS = {topic: decoder(topic, RULES) for topic in TOPICS}


def decoded(value: bytes | None, topic: str = SALES) -> Event | Reject:
    return DECODERS[topic](value, RECEIVED_MS)


def verdict(value: bytes) -> Event | Reason:
    outcome = decoded(value)
    return outcome.reason if isinstance(outcome, Reject) else outcome


def escaped(value: bytes) -> bytes:
    """The same record, in a form that the shortcut for ordinary ones does not take."""
    return value.replace(b'"schema_version"', rb'"schema_versio\u006e"')


def good(value: bytes) -> Sale:
    event = decoded(value)
    assert isinstance(event, Sale), event
    return event


def good_movement(value: bytes) -> StockMovement:
    event = decoded(value, STOCK)
    assert isinstance(event, StockMovement), event
    return event


@pytest.mark.parametrize("record", BAD_RECORDS, ids=lambda record: record.name)
def test_a_bad_record_is_refused_with_its_reason(record: BadRecord) -> None:
    outcome = decoded(record.value, record.topic)

    assert isinstance(outcome, Reject), outcome
    assert outcome.reason is record.reason, outcome.detail


def test_every_reason_is_reached() -> None:
    assert {record.reason for record in BAD_RECORDS} == set(Reason) - {Reason.CONFLICT}  # one record alone has none


@pytest.mark.parametrize("name", [name for name in (*sale(), *OPTIONAL) if name != "event_id"])
def test_no_detail_carries_what_the_record_says(name: str) -> None:
    secret = "5 Bo Aung Kyaw Street "
    outcome = decoded(as_json(sale() | {name: secret}))

    assert isinstance(outcome, Reject)
    assert secret.strip() not in outcome.detail


def test_every_detail_is_one_short_line() -> None:
    hostile = [as_json(sale(**{key: 1})) for key in ("\u001b[2J", "x" * 60_000, "line\nbreak", "`", "")]
    rejects = [decoded(record.value, record.topic) for record in BAD_RECORDS] + [decoded(value) for value in hostile]
    details = [reject.detail for reject in rejects if isinstance(reject, Reject)]

    assert len(details) == len(rejects)
    assert all(detail.isprintable() and 0 < len(detail) < 200 for detail in details)


@pytest.mark.parametrize("name", ODD_SALES)
def test_an_odd_sale_is_taken_as_it_is(name: str) -> None:
    event = good(as_json(sale(**ODD_SALES[name])))

    for field, value in ODD_SALES[name].items():
        taken = getattr(event, field)
        assert taken == (datetime.fromisoformat(value) if field == "sold_at" else value)


def test_ids_that_look_alike_stay_distinct() -> None:
    ids = [changes["product_id"] for changes in ODD_SALES.values() if "product_id" in changes]

    assert len({good(as_json(sale(product_id=each))).product_id for each in ids}) == len(ids)


@pytest.mark.parametrize("kind", ["delivery", "loss", "count"])
def test_a_movement_of_each_kind_is_taken(kind: str) -> None:
    assert good_movement(as_json(movement(kind=kind))).kind == kind


def test_a_count_may_find_nothing() -> None:
    assert good_movement(as_json(movement(kind="count", quantity=0))).quantity == 0


def test_the_last_of_a_duplicate_key_wins() -> None:
    assert good(GOOD[:-1] + b',"quantity":7}').quantity == 7


def test_the_largest_record_is_taken() -> None:
    assert good(GOOD.ljust(MAX_VALUE_BYTES)) == good(GOOD)


def test_an_escaped_character_is_the_character() -> None:
    assert good(GOOD.replace(b'"Longyi"', rb'"\ud83d\udc55 \u00e9"')).product_name == "\U0001f455 é"


@pytest.mark.parametrize("currency", CURRENCY_PLACES)
def test_amounts_have_at_most_the_places_of_their_currency(currency: str) -> None:
    amounts = {0: "700", 1: "700.5", 2: "700.25"}
    taken = [
        places
        for places, amount in amounts.items()
        if not isinstance(decoded(as_json(sale(currency=currency, unit_price=amount))), Reject)
    ]
    assert taken == list(range(CURRENCY_PLACES[currency] + 1))


# Event time, and the business day in Yangon and in New York that it belongs to.
BOUNDARIES = [
    ("2019-12-31T17:29:59.999Z", "2019-12-31", "2019-12-31"),
    ("2019-12-31T17:30:00Z", "2020-01-01", "2019-12-31"),
    ("2019-12-31T23:59:59.999+06:30", "2019-12-31", "2019-12-31"),
    ("2020-01-01T00:00:00+06:30", "2020-01-01", "2019-12-31"),
    ("2019-12-31T12:29:59-05:00", "2019-12-31", "2019-12-31"),
    ("2019-12-31T12:30:00-05:00", "2020-01-01", "2019-12-31"),
    ("2019-12-31T23:59:59-05:00", "2020-01-01", "2019-12-31"),
    ("2020-01-01T00:00:00-05:00", "2020-01-01", "2020-01-01"),
    ("2020-01-01T04:59:59Z", "2020-01-01", "2019-12-31"),
    ("2020-01-01T05:00:00Z", "2020-01-01", "2020-01-01"),
    ("2020-02-29T17:29:59Z", "2020-02-29", "2020-02-29"),
    ("2020-02-29T17:30:00Z", "2020-03-01", "2020-02-29"),
    ("2019-03-31T17:30:00Z", "2019-04-01", "2019-03-31"),
    ("2019-06-30T23:59:59-04:00", "2019-07-01", "2019-06-30"),
]


@pytest.mark.parametrize(("sold_at", "yangon", "new_york"), BOUNDARIES)
def test_a_sale_belongs_to_the_shops_own_day(sold_at: str, yangon: str, new_york: str) -> None:
    instant = good(as_json(sale(sold_at=sold_at))).sold_at

    assert str(business_day(instant, zone("Asia/Yangon"))) == yangon
    assert str(business_day(instant, zone("America/New_York"))) == new_york
    assert month(business_day(instant, zone("Asia/Yangon"))) == yangon[:7]


def test_event_time_is_cut_to_milliseconds_towards_the_past() -> None:
    at = "2019-12-31T23:59:59.999999+06:30"

    assert good(as_json(sale(sold_at=at))).sold_at.microsecond == 999_000
    assert good_movement(as_json(movement(recorded_at=at))).recorded_at.microsecond == 999_000


@pytest.mark.parametrize(
    ("received", "sold_at", "reason"),
    [
        ("2026-01-05T00:00:00+00:00", "2026-01-06T00:00:00Z", None),
        ("2026-01-05T00:00:00+00:00", "2026-01-06T00:00:00.001Z", Reason.TOO_LATE),
        ("1999-12-31T00:00:00+00:00", "1999-12-31T17:30:00Z", None),
        ("1999-12-31T00:00:00+00:00", "1999-12-31T17:29:59.999Z", Reason.TOO_EARLY),
    ],
)
def test_the_brokers_clock_and_the_opening_day_bound_event_time(
    received: str, sold_at: str, reason: Reason | None
) -> None:
    received_ms = int(datetime.fromisoformat(received).timestamp() * 1000)
    for value in (as_json(sale(sold_at=sold_at)), escaped(as_json(sale(sold_at=sold_at)))):
        outcome = DECODERS[SALES](value, received_ms)
        assert (outcome.reason if isinstance(outcome, Reject) else None) is reason


def test_a_movement_may_be_for_the_next_day_but_not_for_the_one_after() -> None:
    at = {"recorded_at": "2019-04-15T23:59:59+06:30"}

    assert good_movement(as_json(movement(day="2019-04-16", **at))).day == date(2019, 4, 16)
    assert decoded(as_json(movement(day="2019-04-17", **at)), STOCK) == Reject(
        Reason.TOO_LATE, "day is more than a day after it was recorded"
    )


def test_an_older_movement_is_taken_however_late_it_comes() -> None:
    assert good_movement(as_json(movement(day="2000-01-01"))).day == date(2000, 1, 1)


def test_a_decoder_is_a_function_of_the_record_alone() -> None:
    values = [record.value for record in BAD_RECORDS if record.topic == SALES] + [GOOD]
    first = [decoded(value) for value in values]

    assert [decoded(value) for value in reversed(values)] == first[::-1]


def test_the_shortcut_for_ordinary_records_judges_as_the_long_way_does() -> None:
    values = [record.value for record in BAD_RECORDS if record.topic == SALES and record.value]
    values += [as_json(sale(**changes)) for changes in ODD_SALES.values()]
    values += [as_json(sale(sold_at=sold_at)) for sold_at, _, _ in BOUNDARIES]
    compared = 0
    for value in values:
        if escaped(value) != value and len(escaped(value)) <= MAX_VALUE_BYTES:
            assert verdict(escaped(value)) == verdict(value)
            compared += 1
    assert compared > 200


# Anything at all, JSON of any shape, good events with anything in the place of a field, and good bytes broken.
_NAMES = sorted({*sale(), *movement(), "discount", "city", "region", "address", "Quantity", "$set"})
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=8,
)


def _changed(changes: dict[str, Any]) -> bytes:
    return json.dumps(sale() | changes).encode()


def _broken(cut: int, piece: bytes) -> bytes:
    return GOOD[: cut % len(GOOD)] + piece + GOOD[cut % len(GOOD) :]


ANY_BYTES = st.one_of(
    st.none(),
    st.binary(max_size=200),
    _JSON.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=3).map(_changed),
    st.builds(_broken, st.integers(0, 10_000), st.binary(min_size=1, max_size=4)),
    st.builds(with_literal, st.sampled_from(_NAMES), st.from_regex(r"\A-?[0-9]{1,400}(\.[0-9]+)?(e[+-]?[0-9]+)?\Z")),
)


@settings(max_examples=400, deadline=None)
@given(ANY_BYTES, st.sampled_from(TOPICS), st.integers(0, 4_102_444_800_000))
def test_decoding_never_raises(value: bytes | None, topic: str, received_ms: int) -> None:
    outcome = DECODERS[topic](value, received_ms)

    assert isinstance(outcome, Reject | Sale | StockMovement)
    if not isinstance(outcome, Reject):
        assert DECODERS[topic](encode(outcome), received_ms) == outcome


_IDS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=64).filter(
    lambda text: not isinstance(decoded(as_json(sale(product_id=text))), Reject)
)
_AMOUNTS = st.decimals(0, "999999999999.99", places=2).map(str)
_INSTANTS = st.datetimes(datetime(2000, 1, 2), datetime(2026, 1, 4), timezones=st.timezones(no_cache=False)).map(  # noqa: DTZ001
    lambda instant: instant.replace(microsecond=instant.microsecond // 1000 * 1000).astimezone(UTC)
)
_SALES = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(["sale", "return"]), "order_id": _IDS, "till_id": _IDS, "store_id": _IDS,
        "product_id": _IDS, "product_name": _IDS, "line_no": st.integers(1, 100_000),
        "quantity": st.integers(1, 1_000_000), "unit_price": _AMOUNTS, "discount": st.none() | _AMOUNTS,
        "currency": st.sampled_from(["USD", "EUR"]), "sold_at": _INSTANTS, "city": st.none() | _IDS,
        "region": st.none() | _IDS, "address": st.none() | _IDS,
    }
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(_SALES)
def test_what_is_encoded_is_decoded_again(changes: dict[str, Any]) -> None:
    event = msgspec.convert(sale(**changes), Sale)

    assert decoded(encode(event)) == event


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["delivery", "loss", "count"]), st.integers(1, 100_000_000), _INSTANTS)
def test_a_movement_that_is_encoded_is_decoded_again(kind: str, quantity: int, at: datetime) -> None:
    day = business_day(at, zone(RULES.timezone))
    event = msgspec.convert(movement(kind=kind, quantity=quantity, recorded_at=at, day=day), StockMovement)

    assert decoded(encode(event), STOCK) == event


def test_optional_fields_may_be_left_out() -> None:
    assert good(without("discount", sale(discount="1.00"))) == good(GOOD)
    assert good(as_json(sale(discount=None))) == good(GOOD)

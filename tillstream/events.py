"""The event contract: what a sale and a stock movement are, decoded the same way wherever one is read.

`decoder(topic, rules)` gives the one function that turns a Kafka value into a typed event or a `Reject` with a reason
out of a closed set. Bad input never raises.
"""

import enum
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from tillstream.money import CURRENCY_PLACES, PLACES, has_places
from tillstream.shop_calendar import business_day, opening, zone

SCHEMA_VERSION = 1
SALES, STOCK = "sales", "stock"
TOPICS = (SALES, STOCK)

MAX_VALUE_BYTES = 65_536  # a full event is below 4 KiB; what is larger is not one of ours
ADDRESS_DELETED_AT = "address_deleted_at"  # field of a stored sale whose address was deleted on request
MAX_FUTURE = timedelta(days=1)  # tills in other time zones and clocks that run ahead

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Place = Annotated[str, Meta(min_length=1, max_length=100)]
Address = Annotated[str, Meta(min_length=1, max_length=500)]
Quantity = Annotated[int, Meta(ge=1, le=1_000_000)]
CountedQuantity = Annotated[int, Meta(ge=0, le=100_000_000)]
# ASCII digits only, and text: a JSON number would pass through a binary float.
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,12}(\.[0-9]{1,2})?\Z")]
Instant = Annotated[datetime, Meta(tz=True)]


class Envelope(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True, gc=False):
    """What every event carries. `event_id` is `<till_id>-<order_id>-<line_no>` and unique for ever."""

    event_id: Annotated[str, Meta(min_length=1, max_length=160)]
    schema_version: Literal[1]
    order_id: Id
    line_no: Annotated[int, Meta(ge=1, le=100_000)]
    till_id: Id
    store_id: Id
    product_id: Id
    product_name: Name


class Sale(Envelope, kw_only=True):
    """One line of a receipt. A return is a positive quantity that subtracts on its own day."""

    kind: Literal["sale", "return"]
    quantity: Quantity
    unit_price: Amount
    discount: Amount | None = None
    currency: str
    sold_at: Instant
    city: Place | None = None
    region: Place | None = None
    address: Address | None = None


class StockMovement(Envelope, kw_only=True):
    """A delivery or a loss on a business day, or a physical count as of the opening of that day."""

    kind: Literal["delivery", "loss", "count"]
    quantity: CountedQuantity
    day: date
    recorded_at: Instant


Event = Sale | StockMovement
E = TypeVar("E", Sale, StockMovement)


class Reason(enum.StrEnum):
    """Why a record is in quarantine: a closed set. Docs and views list these and no others."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_KIND = "unknown_kind"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    BAD_ID = "bad_id"
    BAD_TEXT = "bad_text"
    BAD_QUANTITY = "bad_quantity"
    BAD_MONEY = "bad_money"
    UNKNOWN_CURRENCY = "unknown_currency"
    BAD_TIME = "bad_time"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    CONFLICT = "conflict"


class Reject(msgspec.Struct, frozen=True):
    """A record that does not count, and why. `detail` names the field and the rule, never the value."""

    reason: Reason
    detail: str


class Rules(msgspec.Struct, frozen=True):
    """What a shop decides about its events."""

    timezone: str
    opening_day: date


Decoder = Callable[[bytes | None, int], Event | Reject]


def event_id(till_id: str, order_id: str, line_no: int) -> str:
    """The identity of a receipt line."""
    return f"{till_id}-{order_id}-{line_no}"


def normalised(text: str) -> str:
    """Text as tills and importers send it: NFC, each run of white space or control characters one blank, trimmed."""
    printable = "".join(" " if unicodedata.category(c) == "Cc" else c for c in unicodedata.normalize("NFC", text))
    return " ".join(printable.split())


def encode(event: Event) -> bytes:
    """The JSON text of an event, as it travels through Kafka."""
    return msgspec.json.encode(event)


def decoder(topic: str, rules: Rules) -> Decoder:
    """The decoder of a topic: (value, Kafka's own time of receipt in epoch milliseconds) to an event or a reject.

    The clock is the broker's append time, which never changes, so that a replay in ten years judges as the first
    reading did. Never raises.
    """
    if topic == SALES:
        return _decoder(Sale, _sale_check(rules), _ordinary_sale(rules))
    return _decoder(StockMovement, _stock_check(rules), lambda *_: False)


def same_content(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two documents (see `document`) of one event id say the same, as '700' and '700.00' do.

    What an address was that has been deleted since, nobody can tell any more: it plays no part.
    """
    apart = {"source"}
    if ADDRESS_DELETED_AT in one or ADDRESS_DELETED_AT in other:
        apart |= {"address", ADDRESS_DELETED_AT}
    return _content(one, apart) == _content(other, apart)


def document(event: Event, topic: str, partition: int, offset: int) -> dict[str, Any]:
    """The raw record of an event: its fields, `_id` in the place of `event_id`, and the Kafka record it came from."""
    # BSON has instants, which stay; it has no business days, which become text.
    fields: dict[str, Any] = msgspec.to_builtins(event, builtin_types=(datetime,))
    # What mongod indexes comes first: it looks for a field from the document's beginning.
    source = {"topic": topic, "partition": partition, "offset": offset}
    return {"_id": fields.pop("event_id"), "source": source, **fields}


def json_schema(topic: str) -> dict[str, Any]:
    """The JSON Schema of a topic's events, generated from the struct."""
    text = msgspec.json.encode(msgspec.json.schema(Sale if topic == SALES else StockMovement))
    # JSON Schema has JavaScript's regular expressions, in which `$` is the very end, as `\Z` is in Python's.
    schema: dict[str, Any] = msgspec.json.decode(text.replace(rb"\\Z", b"$"))
    return schema


def _content(fields: dict[str, Any], apart: set[str]) -> dict[str, Any]:
    content = {key: value for key, value in fields.items() if key not in apart}
    for name in ("unit_price", "discount"):
        if name in content:
            content[name] = Decimal(content[name])
    if not content.get("discount", True):
        del content["discount"]
    for name in ("sold_at", "recorded_at"):
        if name in content and content[name].tzinfo is None:
            content[name] = content[name].replace(tzinfo=UTC)  # as MongoDB gives it back
    return content


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def _decoder(
    struct: type[E], check: Callable[[E, int], Reject | None], is_ordinary: Callable[[E, bytes, int], bool]
) -> Decoder:
    decode_json = msgspec.json.Decoder(struct).decode

    def decode(value: bytes | None, received_ms: int) -> Event | Reject:
        if not value:
            return Reject(Reason.EMPTY, "the record has no value")
        if len(value) > MAX_VALUE_BYTES:
            return Reject(Reason.TOO_LARGE, f"{len(value)} bytes; at most {MAX_VALUE_BYTES} are allowed")
        try:
            event = decode_json(value)
        except UnicodeDecodeError:  # not one of msgspec's own errors
            return Reject(Reason.NOT_UTF8, "the value is not UTF-8")
        except msgspec.ValidationError as error:
            return _invalid(value, str(error))
        except (msgspec.DecodeError, RecursionError) as error:
            return _not_json(value, str(error))
        if is_ordinary(event, value, received_ms):
            return event
        return _bad_text(event) or check(event, received_ms) or event

    return decode


def _ordinary_sale(rules: Rules) -> Callable[[Sale, bytes, int], bool]:
    """Whether a sale is good, seen at one glance: a shortcut of what `_bad_text` and `_sale_check` find out slowly.

    JSON forbids raw control characters, so ASCII without an escape has none and is NFC; only trimming is left.
    """
    # Differences, because to compare instants of different zones takes Python three times as long.
    earliest = opening(rules.opening_day, zone(rules.timezone)) - _EPOCH
    latest, latest_of = earliest, -1  # many records in a row were received at the same millisecond

    def is_ordinary(sale: Sale, value: bytes, received_ms: int) -> bool:
        nonlocal latest, latest_of
        if received_ms != latest_of:
            latest, latest_of = received_ms * _MILLISECOND + MAX_FUTURE, received_ms
        places = CURRENCY_PLACES.get(sale.currency)
        texts = (
            f"\t{sale.order_id}\t{sale.till_id}\t{sale.store_id}\t{sale.product_id}\t{sale.product_name}\t"
            f"{sale.city}\t{sale.region}\t{sale.address}\t"
        )
        return (
            value.isascii()
            and b"\\" not in value
            and b"\x7f" not in value
            and " \t" not in texts
            and "\t " not in texts
            and sale.event_id == f"{sale.till_id}-{sale.order_id}-{sale.line_no}"
            and (places == PLACES or (places == 0 and "." not in sale.unit_price and sale.discount is None))
            and earliest <= sale.sold_at - _EPOCH <= latest
            and not sale.sold_at.microsecond % 1000
        )

    return is_ordinary


def _sale_check(rules: Rules) -> Callable[[Sale, int], Reject | None]:
    bad_time = _time_check(rules)

    def check(sale: Sale, received_ms: int) -> Reject | None:
        places = CURRENCY_PLACES.get(sale.currency)
        if places is None:
            return Reject(Reason.UNKNOWN_CURRENCY, "currency")
        if not has_places(sale.unit_price, places) or not has_places(sale.discount or "0", places):
            return Reject(Reason.BAD_MONEY, f"an amount has more places than {sale.currency}")
        excess = sale.sold_at.microsecond % 1000
        if excess:
            sale.sold_at = _cut(sale.sold_at, excess)
        return bad_time(sale.sold_at, received_ms)

    return check


def _stock_check(rules: Rules) -> Callable[[StockMovement, int], Reject | None]:
    bad_time, shop_zone = _time_check(rules), zone(rules.timezone)

    def check(movement: StockMovement, received_ms: int) -> Reject | None:
        if movement.quantity == 0 and movement.kind != "count":
            return Reject(Reason.BAD_QUANTITY, f"quantity: a {movement.kind} of nothing")
        movement.recorded_at = _cut(movement.recorded_at, movement.recorded_at.microsecond % 1000)
        bad = bad_time(movement.recorded_at, received_ms)
        if bad is not None:
            return bad
        if movement.day < rules.opening_day:
            return Reject(Reason.TOO_EARLY, "day is before the shop's opening day")
        if movement.day > business_day(movement.recorded_at + MAX_FUTURE, shop_zone):
            return Reject(Reason.TOO_LATE, "day is more than a day after it was recorded")
        return None

    return check


def _time_check(rules: Rules) -> Callable[[datetime, int], Reject | None]:
    earliest_ms = (opening(rules.opening_day, zone(rules.timezone)) - _EPOCH) // _MILLISECOND
    future_ms = MAX_FUTURE // _MILLISECOND

    def bad_time(instant: datetime, received_ms: int) -> Reject | None:
        happened_ms = (instant - _EPOCH) // _MILLISECOND  # exact, and it holds for years that have no UTC instant
        if happened_ms < earliest_ms:
            return Reject(Reason.TOO_EARLY, "the event is older than the shop's opening day")
        if happened_ms > received_ms + future_ms:
            return Reject(Reason.TOO_LATE, "the event is more than a day in the future")
        return None

    return bad_time


def _cut(instant: datetime, excess: int) -> datetime:
    # MongoDB keeps milliseconds: cutting here, towards the past, keeps stream and batch on the same instant.
    return instant.replace(microsecond=instant.microsecond - excess)


def _bad_text(event: Event) -> Reject | None:
    for name in _texts_of(event):
        text = getattr(event, name)
        if text is not None and not _is_clean(text):
            reason = Reason.BAD_ID if name.endswith("_id") else Reason.BAD_TEXT
            return Reject(reason, f"{name}: not trimmed, not NFC, or with control characters")
    if event.event_id != event_id(event.till_id, event.order_id, event.line_no):
        return Reject(Reason.BAD_ID, "event_id is not <till_id>-<order_id>-<line_no>")
    return None


def _texts_of(event: Event) -> tuple[str, ...]:
    return _SALE_TEXTS if isinstance(event, Sale) else _ENVELOPE_TEXTS


def _is_clean(text: str) -> bool:
    if text.isascii():
        return text.isprintable() and text[0] != " " != text[-1]
    return (
        text == text.strip()
        and unicodedata.is_normalized("NFC", text)
        and not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in text)
    )


# Which reason a broken rule of a field has; the other fields are texts and ids, told apart below.
_FIELD_REASONS = {
    "quantity": Reason.BAD_QUANTITY,
    "unit_price": Reason.BAD_MONEY,
    "discount": Reason.BAD_MONEY,
    "currency": Reason.UNKNOWN_CURRENCY,
    "sold_at": Reason.BAD_TIME,
    "recorded_at": Reason.BAD_TIME,
    "day": Reason.BAD_TIME,
    "kind": Reason.UNKNOWN_KIND,
    "schema_version": Reason.UNKNOWN_VERSION,
    "product_name": Reason.BAD_TEXT,
    "city": Reason.BAD_TEXT,
    "region": Reason.BAD_TEXT,
    "address": Reason.BAD_TEXT,
}
_ENVELOPE_TEXTS = ("order_id", "till_id", "store_id", "product_id", "product_name")
_SALE_TEXTS = (*_ENVELOPE_TEXTS, "city", "region", "address")
# How msgspec begins these messages; a value of the record may say the same further on.
_HAS_UNKNOWN_FIELD, _LACKS_FIELD = "Object contains unknown field", "Object missing required field"


def _not_json(value: bytes, detail: str) -> Reject:
    try:
        value.decode()
    except UnicodeDecodeError:
        return Reject(Reason.NOT_UTF8, "the value is not UTF-8")
    return Reject(Reason.NOT_JSON, detail)


def _invalid(value: bytes, message: str) -> Reject:
    """The reason behind msgspec's message. Its wording is pinned by tests over every reason."""
    try:
        loose = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # msgspec stops at the first broken rule; behind it the text may be broken as well.
        return _not_json(value, "the value is not JSON")
    if not isinstance(loose, dict):
        return Reject(Reason.WRONG_TYPE, "the value is not a JSON object")
    version = loose.get("schema_version")
    if isinstance(version, int) and not isinstance(version, bool) and version != SCHEMA_VERSION:
        return Reject(Reason.UNKNOWN_VERSION, "schema_version")
    if message.startswith(_HAS_UNKNOWN_FIELD):
        # The record's own text: it may be as long as the record, and hold what moves a terminal's cursor.
        name = message.removeprefix(_HAS_UNKNOWN_FIELD).strip(" `")
        return Reject(Reason.UNKNOWN_FIELD, f"unknown field {name[:64]!r}")
    if message.startswith(_LACKS_FIELD):
        return Reject(Reason.MISSING_FIELD, message)
    field = message.rpartition("$.")[2].rstrip("`")
    rule = message.partition(" - at ")[0].partition(" value '")[0]  # an enum's message quotes the value
    return Reject(_field_reason(field, rule, loose), f"{field}: {rule}")


def _field_reason(field: str, rule: str, loose: dict[str, Any]) -> Reason:
    wrong_type = ", got `" in rule and not (field == "quantity" and isinstance(loose.get(field), int | float))
    if wrong_type or isinstance(loose.get(field), bool):
        return Reason.WRONG_TYPE
    return _FIELD_REASONS.get(field, Reason.BAD_ID)

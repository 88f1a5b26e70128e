"""What a broken till sends: ways to spoil the JSON text of a sale, each with the reason for which it is quarantined."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from tillstream.events import MAX_VALUE_BYTES, Reason


class Corruption(NamedTuple):
    """One kind of damage. `spoil` turns the value of a good sale into one that the contract refuses for `reason`."""

    name: str
    reason: Reason
    spoil: Callable[[bytes], bytes | None]


def _with(**changes: Any) -> Callable[[bytes], bytes]:
    return lambda value: msgspec.json.encode(msgspec.json.decode(value) | changes)


def _without(name: str) -> Callable[[bytes], bytes]:
    def spoil(value: bytes) -> bytes:
        fields = msgspec.json.decode(value)
        del fields[name]
        return msgspec.json.encode(fields)

    return spoil


CORRUPTIONS = (
    Corruption("no value", Reason.EMPTY, lambda _: None),
    Corruption("empty value", Reason.EMPTY, lambda _: b""),
    Corruption("huge value", Reason.TOO_LARGE, lambda value: value + b" " * MAX_VALUE_BYTES),
    Corruption("another encoding", Reason.NOT_UTF8, lambda value: value[:-1] + b',"note":"caf\xe9"}'),
    Corruption("cut off in the middle", Reason.NOT_JSON, lambda value: value[: value.index(b"product_name")]),
    Corruption("a log line", Reason.NOT_JSON, lambda _: b"ERROR printer out of paper"),
    Corruption("a list", Reason.WRONG_TYPE, lambda value: b"[" + value + b"]"),
    Corruption("a version of the future", Reason.UNKNOWN_VERSION, _with(schema_version=2)),
    Corruption("an unknown kind", Reason.UNKNOWN_KIND, _with(kind="refund")),
    Corruption("an unknown field", Reason.UNKNOWN_FIELD, _with(cashier="Ma Hla")),
    Corruption("no product", Reason.MISSING_FIELD, _without("product_id")),
    Corruption("no time", Reason.MISSING_FIELD, _without("sold_at")),
    Corruption("a quantity in words", Reason.WRONG_TYPE, _with(quantity="two")),
    Corruption("money as a number", Reason.WRONG_TYPE, _with(unit_price=9500.5)),
    Corruption("another event's id", Reason.BAD_ID, _with(event_id="till-0-0-1")),
    Corruption("an order id with a line break", Reason.BAD_ID, _with(order_id="1\n2", event_id="")),
    Corruption("a name with a control character", Reason.BAD_TEXT, _with(product_name="Shirt\x07White")),
    Corruption("nothing sold", Reason.BAD_QUANTITY, _with(quantity=0)),
    Corruption("a negative quantity", Reason.BAD_QUANTITY, _with(quantity=-1)),
    Corruption("money with a thousands separator", Reason.BAD_MONEY, _with(unit_price="9,500")),
    Corruption("a negative discount", Reason.BAD_MONEY, _with(discount="-500")),
    Corruption("three decimal places", Reason.BAD_MONEY, _with(unit_price="9500.125")),
    Corruption("a currency that does not exist", Reason.UNKNOWN_CURRENCY, _with(currency="KYAT")),
    Corruption("a time without a zone", Reason.BAD_TIME, _with(sold_at="2026-01-05T10:00:00")),
    Corruption("a time in words", Reason.BAD_TIME, _with(sold_at="this morning")),
    Corruption("a clock that was reset", Reason.TOO_EARLY, _with(sold_at="1970-01-01T00:00:00Z")),
    Corruption("a clock far ahead", Reason.TOO_LATE, _with(sold_at="2999-12-31T10:00:00Z")),
)

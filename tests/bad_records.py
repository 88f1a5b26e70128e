"""Every kind of record that the contract must refuse, with its reason, and odd ones that it must take."""

import json
from dataclasses import dataclass
from typing import Any

from tillstream.events import MAX_VALUE_BYTES, SALES, STOCK, Reason, event_id

Fields = dict[str, Any]


@dataclass(frozen=True)
class BadRecord:
    """A Kafka value, and why it must not count."""

    name: str
    value: bytes | None
    reason: Reason
    topic: str = SALES


def sale(**changes: Any) -> Fields:
    """The fields of a good sale with some changed; `event_id` follows from the others."""
    fields: Fields = {
        "schema_version": 1, "kind": "sale", "order_id": "o-1", "line_no": 1, "till_id": "till", "store_id": "main",
        "product_id": "longyi", "product_name": "Longyi", "quantity": 2, "unit_price": "11.95", "currency": "USD",
        "sold_at": "2019-04-15T10:00:00+06:30",
    }  # fmt: skip
    return _identified(fields, changes)


def movement(**changes: Any) -> Fields:
    """The fields of a good delivery with some changed; `event_id` follows from the others."""
    fields: Fields = {
        "schema_version": 1, "kind": "delivery", "order_id": "d-1", "line_no": 1, "till_id": "till", "store_id": "main",
        "product_id": "longyi", "product_name": "Longyi", "quantity": 2, "day": "2019-04-15",
        "recorded_at": "2019-04-15T10:00:00+06:30",
    }  # fmt: skip
    return _identified(fields, changes)


def as_json(fields: Fields) -> bytes:
    """The fields as they travel: UTF-8, no escapes but those that JSON demands."""
    return json.dumps(fields, ensure_ascii=False).encode()


def with_literal(field: str, literal: str, fields: Fields | None = None) -> bytes:
    """A good event in which one field's JSON value is this text, be it JSON or not."""
    return as_json((fields or sale()) | {field: "@@"}).replace(b'"@@"', literal.encode())


def with_name(raw: bytes) -> bytes:
    """A good sale whose product name is these bytes between the quotes."""
    return GOOD.replace(b'"Longyi"', b'"%b"' % raw)


def without(name: str, fields: Fields) -> bytes:
    """A good event that lacks one field."""
    return as_json({key: value for key, value in fields.items() if key != name})


def _identified(fields: Fields, changes: Fields) -> Fields:
    fields |= changes
    identity = event_id(fields["till_id"], fields["order_id"], fields["line_no"])
    return {"event_id": identity, **fields}


GOOD = as_json(sale())
OPTIONAL = ("discount", "city", "region", "address")

_MANY_DIGITS = "1" + "0" * 30
_TEXTS = ("product_name", "city", "region", "address")
_IDS = ("order_id", "till_id", "store_id", "product_id")
_BAD_TEXTS = {
    "empty": "",
    "blank in front": " x",
    "blank behind": "x ",
    "no-break space behind": "x\u00a0",
    "ideographic space in front": "\u3000x",
    "decomposed": "cafe\u0301",
    "decomposed Hangul": "\u1112\u1161\u11ab",
    "NUL": "x\0y",
    "tab": "x\ty",
    "line break": "x\ny",
    "escape": "\u001b[2J",
    "DEL": "x\u007fy",
    "C1 control": "x\u0085y",
    "line separator": "x\u2028y",
    "paragraph separator": "x\u2029y",
}
_BAD_AMOUNTS = {
    "three places": "11.955", "NaN": "NaN", "infinity": "Infinity", "exponent": "1e3", "negative": "-5", "plus": "+5",
    "empty": "", "blank in front": " 5", "line break behind": "5\n", "underscore": "1_0", "thousands": "1,000",
    "point without places": "5.", "point without whole": ".5", "two points": "1.2.3", "hexadecimal": "0x10",
    "Arabic digits": "\u0661\u0662", "Burmese digits": "\u1041\u1042", "full-width digits": "\uff11\uff12",
    "thirteen digits": "1234567890123", "NUL behind": "5\0", "currency sign": "$5",
}  # fmt: skip
_BAD_TIMES = {
    "naive": "2019-04-15T10:00:00", "day only": "2019-04-15", "empty": "", "words": "yesterday",
    "month 13": "2019-13-01T00:00:00Z", "30 February": "2019-02-30T00:00:00Z", "hour 24": "2019-04-15T24:00:00Z",
    "leap second": "2016-12-31T23:59:60Z", "year 0": "0000-01-01T00:00:00Z", "American": "04/15/19 10:00",
    "offset of a day": "2019-04-15T10:00:00+24:00", "Burmese digits": "\u1042\u1040\u1041\u1049-04-15T10:00:00Z",
    "rounds beyond year 9999": "9999-12-31T23:59:59.9999999Z",
}  # fmt: skip
_TOO_EARLY = {
    "year 1": "0001-01-01T00:00:00Z", "year 1, without a UTC instant": "0001-01-01T00:00:00+06:30",
    "1970": "1970-01-01T00:00:00Z", "a moment before the opening day": "1999-12-31T23:59:59.999+06:30",
}  # fmt: skip
_TOO_LATE = {"2099": "2099-01-01T00:00:00Z", "9999, without a UTC instant": "9999-12-31T23:59:59-05:00"}
_BAD_QUANTITIES = {
    "zero": "0", "minus zero": "-0", "negative": "-1", "1.0": "1.0", "1.5": "1.5", "exponent": "1e3",
    "10^30": _MANY_DIGITS, "a million and one": "1000001",
}  # fmt: skip

_VALUES: dict[str, tuple[bytes | None, Reason]] = {
    "tombstone": (None, Reason.EMPTY),
    "no bytes": (b"", Reason.EMPTY),
    "2 MB": (b"x" * 2_000_000, Reason.TOO_LARGE),
    "2 MB of a good sale": (GOOD + b" " * 2_000_000, Reason.TOO_LARGE),
    "a byte too large": (GOOD.ljust(MAX_VALUE_BYTES + 1), Reason.TOO_LARGE),
    "truncated": (GOOD[:-9], Reason.NOT_JSON),
    "trailing text": (GOOD + b"x", Reason.NOT_JSON),
    "two events": (GOOD + b"\n" + GOOD, Reason.NOT_JSON),
    "trailing comma": (GOOD[:-1] + b",}", Reason.NOT_JSON),
    "blanks only": (b" \n ", Reason.NOT_JSON),
    "NUL bytes": (b"\0" * 9, Reason.NOT_JSON),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, Reason.NOT_JSON),
    "single quotes": (GOOD.replace(b'"', b"'"), Reason.NOT_JSON),
    "raw control character": (with_name(b"\x01"), Reason.NOT_JSON),
    "raw line break": (with_name(b"a\nb"), Reason.NOT_JSON),
    "lone high surrogate": (with_name(rb"\ud800"), Reason.NOT_JSON),
    "lone low surrogate": (with_name(rb"\udc00"), Reason.NOT_JSON),
    "lone surrogate in a key": (GOOD[:-1] + rb',"\ud800":1}', Reason.NOT_JSON),
    "bare NaN": (with_literal("unit_price", "NaN"), Reason.NOT_JSON),
    "leading zero": (with_literal("quantity", "01"), Reason.NOT_JSON),
    "number beyond all limits": (with_literal("quantity", "1" * 5_000), Reason.NOT_JSON),
    "nested too deep": (b"[" * 60_000, Reason.NOT_JSON),
    "nested too deep inside": (GOOD[:-1] + b',"x":' + b"[" * 30_000 + b"]" * 30_000 + b"}", Reason.NOT_JSON),
    "bad byte": (with_name(b"\xff"), Reason.NOT_UTF8),
    "bad byte in a key": (GOOD[:-1] + b',"\xff":1}', Reason.NOT_UTF8),
    "bad byte in the kind": (GOOD.replace(b'"sale"', b'"\xff"'), Reason.NOT_UTF8),
    "bad byte behind": (GOOD + b"\xff", Reason.NOT_UTF8),
    "Latin-1": (with_name("é".encode("latin-1")), Reason.NOT_UTF8),
    "overlong slash": (with_name(b"\xc0\xaf"), Reason.NOT_UTF8),
    "encoded surrogate": (with_name(b"\xed\xa0\x80"), Reason.NOT_UTF8),
    "cut inside a character": (with_name("ဆ".encode()[:2]), Reason.NOT_UTF8),
    "UTF-16": (GOOD.decode().encode("utf-16"), Reason.NOT_UTF8),
    "array": (b"[" + GOOD + b"]", Reason.WRONG_TYPE),
    "null": (b"null", Reason.WRONG_TYPE),
    "number": (b"5", Reason.WRONG_TYPE),
    "text": (b'"sale"', Reason.WRONG_TYPE),
    "nothing in it": (b"{}", Reason.MISSING_FIELD),
    "key in another case": (GOOD.replace(b'"order_id"', b'"Order_Id"'), Reason.UNKNOWN_FIELD),
    "unknown key": (as_json(sale(colour="red")), Reason.UNKNOWN_FIELD),
    "key with quotes, $ and .": (as_json(sale(**{"$set.a'b\"`": 1})), Reason.UNKNOWN_FIELD),
    "key that reads like an error": (as_json(sale(**{"missing required field": 1})), Reason.UNKNOWN_FIELD),
    "field of a stock event": (as_json(sale(day="2019-04-15")), Reason.UNKNOWN_FIELD),
    "duplicate key, the last is bad": (GOOD[:-1] + b',"quantity":0}', Reason.BAD_QUANTITY),
    "kind that reads like an unknown field": (as_json(sale(kind="unknown field")), Reason.UNKNOWN_KIND),
    "kind that reads like a missing field": (as_json(sale(kind="missing required field `x`")), Reason.UNKNOWN_KIND),
    "kind that reads like a wrong type": (as_json(sale(kind=", got `int`")), Reason.UNKNOWN_KIND),
    "kind that reads like a path": (as_json(sale(kind="x - at `$.quantity`")), Reason.UNKNOWN_KIND),
    "newer version": (as_json(sale(schema_version=2)), Reason.UNKNOWN_VERSION),
    "newer version with a new field": (as_json(sale(schema_version=2, colour="red")), Reason.UNKNOWN_VERSION),
    "newer version without a field": (without("city", sale(schema_version=3, till="x")), Reason.UNKNOWN_VERSION),
    "version 0": (as_json(sale(schema_version=0)), Reason.UNKNOWN_VERSION),
    "event_id of another line": (as_json(sale() | {"event_id": "till-o-1-2"}), Reason.BAD_ID),
    "event_id too long": (as_json(sale() | {"event_id": "x" * 161}), Reason.BAD_ID),
    "line 0": (as_json(sale(line_no=0)), Reason.BAD_ID),
    "line -1": (as_json(sale(line_no=-1)), Reason.BAD_ID),
    "line 100,001": (as_json(sale(line_no=100_001)), Reason.BAD_ID),
    "price of a currency without places": (as_json(sale(currency="MMK", unit_price="700.00")), Reason.BAD_MONEY),
    "discount of a currency without places": (
        as_json(sale(currency="MMK", unit_price="700", discount="0.50")),
        Reason.BAD_MONEY,
    ),
}


def _sales_records() -> list[BadRecord]:
    records = [BadRecord(name, value, reason) for name, (value, reason) in _VALUES.items()]
    records += [BadRecord(f"no {name}", without(name, sale()), Reason.MISSING_FIELD) for name in sale()]
    for field in _IDS:
        too_long = as_json(sale(**{field: "x" * 65}))
        records.append(BadRecord(f"{field}: too long", too_long, Reason.BAD_ID))
    for field, limit in zip(_TEXTS, (200, 100, 100, 500), strict=True):
        too_long = as_json(sale(**{field: "x" * (limit + 1)}))
        records.append(BadRecord(f"{field}: too long", too_long, Reason.BAD_TEXT))
    for field in (*_IDS, *_TEXTS):
        reason = Reason.BAD_ID if field in _IDS else Reason.BAD_TEXT
        records += [BadRecord(f"{field}: {n}", as_json(sale(**{field: t})), reason) for n, t in _BAD_TEXTS.items()]
    for field in ("unit_price", "discount"):
        records += [
            BadRecord(f"{field}: {name}", as_json(sale(**{field: amount})), Reason.BAD_MONEY)
            for name, amount in _BAD_AMOUNTS.items()
        ]
    records += [
        BadRecord(f"currency {code!r}", as_json(sale(currency=code)), Reason.UNKNOWN_CURRENCY)
        for code in ("XXX", "usd", "US", "", "KWD", "US$", "USD ")  # dinars have three places
    ]
    records += [
        BadRecord(f"kind {kind!r}", as_json(sale(kind=kind)), Reason.UNKNOWN_KIND)
        for kind in ("refund", "SALE", "delivery", "")
    ]
    return records + _wrong_types() + _bad_numbers_and_times("sold_at", SALES, sale())


def _wrong_types() -> list[BadRecord]:
    literals = {"event_id": "7", "schema_version": '"1"', "kind": "7", "order_id": "7", "line_no": "1.5",
                "till_id": "{}", "store_id": "[]", "product_id": "7", "product_name": "true", "quantity": '"1"',
                "unit_price": "11.95", "discount": "0", "currency": "7", "sold_at": "1555300000", "city": "[]",
                "region": "{}", "address": "7"}  # fmt: skip
    records = [
        BadRecord(f"{field} is {literal}", with_literal(field, literal), Reason.WRONG_TYPE)
        for field, literal in literals.items()
    ]
    records += [
        BadRecord(f"{field} is null", with_literal(field, "null"), Reason.WRONG_TYPE)
        for field in literals.keys() - set(OPTIONAL)
    ]
    records += [
        BadRecord(f"{field} is true", with_literal(field, "true"), Reason.WRONG_TYPE)
        for field in ("quantity", "line_no", "schema_version")
    ]
    return sorted(records, key=lambda record: record.name)


def _bad_numbers_and_times(time_field: str, topic: str, fields: Fields) -> list[BadRecord]:
    records = []
    for times, reason in ((_BAD_TIMES, Reason.BAD_TIME), (_TOO_EARLY, Reason.TOO_EARLY), (_TOO_LATE, Reason.TOO_LATE)):
        records += [
            BadRecord(f"{time_field}: {name}", as_json(fields | {time_field: time}), reason, topic)
            for name, time in times.items()
        ]
    records += [
        BadRecord(f"quantity of a {fields['kind']}: {name}", with_literal("quantity", literal, fields),
                  Reason.BAD_QUANTITY, topic)
        for name, literal in _BAD_QUANTITIES.items()
        if topic == SALES or name != "a million and one"
    ]  # fmt: skip
    return records


def _stock_records() -> list[BadRecord]:
    cases: dict[str, tuple[Fields, Reason]] = {
        "loss of nothing": (movement(kind="loss", quantity=0), Reason.BAD_QUANTITY),
        "count below nothing": (movement(kind="count", quantity=-1), Reason.BAD_QUANTITY),
        "more than can be": (movement(quantity=100_000_001), Reason.BAD_QUANTITY),
        "sale among stock": (movement(kind="sale"), Reason.UNKNOWN_KIND),
        "field of a sale": (movement(unit_price="5"), Reason.UNKNOWN_FIELD),
        "newer version of stock": (movement(schema_version=2), Reason.UNKNOWN_VERSION),
        "day with a time": (movement(day="2019-04-15T00:00:00Z"), Reason.BAD_TIME),
        "day that is none": (movement(day="2019-02-29"), Reason.BAD_TIME),
        "day as a number": (movement(day=20190415), Reason.WRONG_TYPE),
        "day before the opening day": (movement(day="1999-12-31"), Reason.TOO_EARLY),
        "day two days after it was recorded": (movement(day="2019-04-17"), Reason.TOO_LATE),
        "last day there is": (movement(day="9999-12-31"), Reason.TOO_LATE),
        "product_id of stock not trimmed": (movement(product_id="longyi "), Reason.BAD_ID),
        "product_name of stock with NUL": (movement(product_name="x\0"), Reason.BAD_TEXT),
    }
    records = [BadRecord(name, as_json(fields), reason, STOCK) for name, (fields, reason) in cases.items()]
    records += [
        BadRecord(f"stock event without {name}", without(name, movement()), Reason.MISSING_FIELD, STOCK)
        for name in movement()
    ]
    records += [
        BadRecord("stock tombstone", None, Reason.EMPTY, STOCK),
        BadRecord("stock record cut off", as_json(movement())[:-9], Reason.NOT_JSON, STOCK),
        BadRecord("sale in the topic of stock", GOOD, Reason.UNKNOWN_KIND, STOCK),
        BadRecord("stock event among sales", as_json(movement()), Reason.UNKNOWN_KIND, SALES),
    ]
    return records + _bad_numbers_and_times("recorded_at", STOCK, movement())


BAD_RECORDS: tuple[BadRecord, ...] = (*_sales_records(), *_stock_records())

# Odd, and yet good: what each changes in a sale.
ODD_SALES: dict[str, Fields] = {
    "4-byte emoji": {"product_name": "Shirt \U0001f455", "product_id": "\U0001f455"},
    "Burmese": {"product_name": "ယောက်ျားဝတ် ပုဆိုး", "product_id": "ပုဆိုး", "store_id": "ဆိုင်"},
    "upper case": {"product_id": "USB-C Cable"},
    "lower case": {"product_id": "usb-c cable"},
    "accent": {"product_id": "résumé"},
    "no accent": {"product_id": "resume"},
    "sharp s": {"product_id": "Straße"},
    "double s": {"product_id": "Strasse"},
    "single quote": {"product_id": "O'Brien"},
    "double quote": {"product_id": 'say "hi"'},
    "backslash": {"product_id": "a\\b"},
    "dollar": {"product_id": "$where"},
    "dots": {"product_id": "a.b.c"},
    "percent": {"product_id": "100%s"},
    "underscore": {"product_id": "100_s"},
    "SQL": {"product_id": "'; DROP TABLE live_sales; -- "[:-1], "product_name": '") OR 1=1 #'},
    "zero-width joiner": {"product_name": "\U0001f468\u200d\U0001f469\u200d\U0001f467"},
    "longest ids in 4-byte characters": {"product_id": "\U0001f455" * 64, "product_name": "\U0001f455" * 200},
    "longest address": {"address": "ဆ" * 500, "city": "x" * 100, "region": "x" * 100},
    "largest amount": {"unit_price": "999999999999.99", "quantity": 1_000_000},
    "smallest amount": {"unit_price": "0.01", "quantity": 1},
    "free": {"unit_price": "0"},
    "discounted below nothing": {"unit_price": "1.00", "quantity": 1, "discount": "1.50"},
    "return": {"kind": "return", "quantity": 1},
    "no places": {"currency": "MMK", "unit_price": "700"},
    "optional fields are null": dict.fromkeys(OPTIONAL),
    "day's last moment": {"sold_at": "2019-12-31T23:59:59.999+06:30"},
    "year's first moment": {"sold_at": "2020-01-01T00:00:00.000+06:30"},
    "leap day": {"sold_at": "2020-02-29T12:00:00-05:00"},
    "opening day": {"sold_at": "2000-01-01T00:00:00+06:30"},
    "offset of New York": {"sold_at": "2019-04-15T10:00:00-05:00"},
    "UTC": {"sold_at": "2019-04-15T10:00:00Z"},
    "last line of an order": {"line_no": 100_000},
}

"""Customers' addresses, deleted on request: from the raw record, from the quarantine, and out of Kafka.

No figure is made of an address, so none changes. What the steps look for is deleted last: a command that was cut off
finds it again and goes on.
"""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from tillstream.events import ADDRESS_DELETED_AT, SALES
from tillstream.settings import Settings
from tillstream.stores import kafka, live
from tillstream.stores.mongo import Document, events, rejects, translated
from tillstream.stores.mysql import reading

ACCOUNT = "privacy"
# In bytes that need not be whole JSON: the text of an address may be escaped, and may be cut off.
_ADDRESS = re.compile(rb'("address"\s*:\s*)"(?:\\.|[^"\\])*(?:"|\Z)', re.DOTALL)


class Forgotten(msgspec.Struct, frozen=True):
    """How many addresses were deleted where, and how many records Kafka no longer has."""

    sales: int
    rejects: int
    kafka_records: int


def unknown_orders(settings: Settings, orders: Sequence[str]) -> list[str]:
    """Which of these orders the raw record has no sale of."""
    with translated("reading the raw record"):
        known = events(settings, ACCOUNT).distinct("order_id", {"order_id": {"$in": list(orders)}})
    return sorted({*orders} - {*known})


def forget(settings: Settings, orders: Sequence[str]) -> Forgotten:
    """Deletes the addresses of these orders wherever they are kept, also where other orders have the same address.

    Kafka cannot change a record: of the sales it loses all that are counted, which the raw record has. Idempotent.
    Raises TransientError when a store does not answer.
    """
    of_orders = {"order_id": {"$in": list(orders)}}
    with translated("reading the raw record"):
        addresses = events(settings, ACCOUNT).distinct("address", of_orders)
    with reading(settings, "operator") as cursor:
        counted = {source: end for source, end in live.floors(cursor).items() if source[0] == SALES}
    deleted = kafka.delete_records(settings, ACCOUNT, counted)
    cleaned = _clean_rejects(settings, orders, addresses)
    sales = _unset(settings, {"address": {"$in": addresses}, "order_id": {"$nin": list(orders)}})
    return Forgotten(sales + _unset(settings, of_orders), cleaned, deleted)


def _unset(settings: Settings, wanted: Document) -> int:
    change = {"$unset": {"address": 1}, "$set": {ADDRESS_DELETED_AT: datetime.now(UTC)}}
    addressed = {"$and": [wanted, {"address": {"$type": "string"}}]}
    with translated("deleting addresses from the raw record"):
        return events(settings, ACCOUNT).update_many(addressed, change).modified_count


def _clean_rejects(settings: Settings, orders: Sequence[str], addresses: Sequence[str]) -> int:
    """Rejects need not be JSON, so they are looked through as bytes. Gives how many were changed."""
    changed = 0
    with translated("deleting addresses from the quarantine"):
        for reject in rejects(settings, ACCOUNT).find({"value": {"$type": "binData"}}, {"value": 1}):
            cleaned = without_address(reject["value"], orders, addresses)
            if cleaned != reject["value"]:
                rejects(settings, ACCOUNT).update_one({"_id": reject["_id"]}, {"$set": {"value": cleaned}})
                changed += 1
    return changed


def without_address(value: bytes, orders: Sequence[str], addresses: Sequence[str]) -> bytes:
    """The bytes with every address in them replaced by null, if they name one of the orders or of the addresses."""
    named = (form for text in (*orders, *addresses) for form in _written(text))
    if not any(form in value for form in named):
        return value
    return _ADDRESS.sub(rb"\1null", value)


def _written(text: str) -> Iterator[bytes]:
    """How JSON may write a text: as it is, or with every letter but ASCII's escaped."""
    for ascii_only in (False, True):
        yield json.dumps(text, ensure_ascii=ascii_only).encode()

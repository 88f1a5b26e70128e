"""Which of a slice's sales came by a replay out of the quarantine: the cause of a change that would look late."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from tillstream.accounts import EVENTS
from tillstream.events import Reason
from tillstream.settings import Settings
from tillstream.shop_calendar import business_day, zone
from tillstream.stores.kafka import Source
from tillstream.stores.mongo import Document, rejects, translated

_FIELDS = ("source", "day", "sold_at", "store_id", "product_id", "currency")


class Replayed(NamedTuple):
    """One event that was sent again after a repair, and whether a conflict had kept it out."""

    day: date
    store_id: str
    product_id: str
    currency: str
    was_conflict: bool


def replayed(settings: Settings, begin: Mapping[Source, int], end: Mapping[Source, int]) -> Iterator[Replayed]:
    """The replayed events whose source lies between two cuts."""
    shop_zone = zone(settings.timezone)
    stages: list[Document] = [
        {"$match": {"replayed_as": {"$exists": True}}},
        {"$lookup": {"from": EVENTS, "localField": "replayed_as", "foreignField": "_id", "as": "event"}},
        {"$unwind": "$event"},
        {"$project": {"reason": 1} | {f"event.{name}": 1 for name in _FIELDS}},
    ]
    with translated("reading the quarantine"):
        for document in rejects(settings, "batch").aggregate(stages, allowDiskUse=True):
            event = document["event"]
            source = event["source"]["topic"], event["source"]["partition"]
            if begin.get(source, 0) <= event["source"]["offset"] < end.get(source, 0):
                day = date.fromisoformat(event["day"]) if "day" in event else business_day(event["sold_at"], shop_zone)
                was_conflict = document["reason"] == Reason.CONFLICT
                yield Replayed(day, event["store_id"], event["product_id"], event.get("currency", ""), was_conflict)

"""The raw events between two cuts: looked at by mongod, block by block, without moving one of them here."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from tillstream import tables
from tillstream.settings import Settings
from tillstream.shop_calendar import month
from tillstream.stores import generations, zone_map
from tillstream.stores.generations import FULL, Generation
from tillstream.stores.kafka import Source
from tillstream.stores.mongo import Document, events, translated
from tillstream.stores.mysql import Connection, Cursor, rows, transaction
from tillstream.stores.zone_map import BLOCK, BlockMonth


class SliceKey(NamedTuple):
    """What a slice is told apart by."""

    topic: str
    partition: int
    day: date
    kind: str
    currency: str


@dataclass
class Profile:
    """What a slice holds, and where: sums by SliceKey (events, units, revenue), and the rows of the zone map."""

    slice: dict[SliceKey, list[Any]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, Decimal(0)]))
    blocks: dict[tuple[str, int, int, str], BlockMonth] = field(default_factory=dict)

    @property
    def events(self) -> int:
        return sum(sums[0] for sums in self.slice.values())


def look(settings: Settings, night: Generation, begin: Mapping[Source, int], end: Mapping[Source, int]) -> Profile:
    """Looks at the raw events from `begin` to `end`, and at all of them up to `end` on a full night.

    Raises TransientError when MongoDB does not answer, TerminalError for a document that is no event.
    """
    return _looked(settings, begin, end, whole=night.kind == FULL)


def map_anew(settings: Settings, connection: "Connection[Cursor]", end: Mapping[Source, int]) -> None:
    """Makes the zone map of the whole raw record up to `end` anew, in one transaction."""
    profile = _looked(settings, {}, end, whole=True)
    with transaction(connection) as cursor:
        zone_map.clear(cursor)
        zone_map.write(cursor, profile.blocks.values(), end)


def write(connection: "Connection[Cursor]", night: Generation, profile: Profile, end: Mapping[Source, int]) -> None:
    """Keeps a profile, in one transaction. Idempotent: it takes the place of an earlier one of the generation."""
    with transaction(connection) as cursor:
        cursor.execute("DELETE FROM `slice_profile` WHERE `generation` = %s", (night.generation,))
        found = [(night.generation, *key, *sums) for key, sums in sorted(profile.slice.items())]
        if found:
            cursor.executemany(tables.replacing_upsert(tables.SLICE_PROFILE), found)
        zone_map.write(cursor, profile.blocks.values(), end)
        generations.note_profile(cursor, night.generation)


def touched_months(cursor: Cursor, night: Generation) -> set[str]:
    """The months that a generation recounts: those of its slice, the one that was asked for, or all."""
    query = "SELECT DISTINCT DATE_FORMAT(`day`, '%%Y-%%m') FROM `slice_profile` WHERE `generation` = %s"
    touched = {found for (found,) in rows(cursor, query, (night.generation,))}
    if night.asked_month is not None:
        touched.add(night.asked_month)
    if night.kind == FULL:
        touched |= zone_map.months(cursor)
        touched |= {found for (found,) in rows(cursor, "SELECT `month` FROM `published_months`")}
    return touched


def _looked(settings: Settings, begin: Mapping[Source, int], end: Mapping[Source, int], *, whole: bool) -> Profile:
    profile = Profile()
    for (topic, partition), below in sorted(end.items()):
        since = begin.get((topic, partition), 0)
        first = 0 if whole else since // BLOCK * BLOCK
        for row in _groups(settings, (topic, partition), first, since, below):
            _take(profile, topic, partition, row)
    return profile


def _groups(settings: Settings, source: Source, first: int, since: int, below: int) -> Iterator[Document]:
    if first >= below:
        return
    topic, partition = source
    match = {
        "source.topic": topic, "source.partition": partition, "source.offset": {"$gte": first, "$lt": below}
    }  # fmt: skip
    local_day = {"$dateToString": {"date": "$sold_at", "timezone": settings.timezone, "format": "%Y-%m-%d"}}
    amount = {"$multiply": ["$quantity", {"$toDecimal": "$unit_price"}]}
    group = {
        "_id": {
            "block": {"$floor": {"$divide": ["$source.offset", BLOCK]}},
            "day": {"$ifNull": ["$day", local_day]},
            "kind": "$kind",
            "currency": {"$ifNull": ["$currency", ""]},
            "new": {"$gte": ["$source.offset", since]},
        },
        "events": {"$sum": 1},
        "units": {"$sum": "$quantity"},
        "revenue": {"$sum": {"$subtract": [amount, {"$toDecimal": {"$ifNull": ["$discount", "0"]}}]}},
        "first": {"$min": "$source.offset"},
        "last": {"$max": "$source.offset"},
    }
    with translated("looking at the raw record"):
        yield from events(settings, "batch").aggregate([{"$match": match}, {"$group": group}], allowDiskUse=True)


def _take(profile: Profile, topic: str, partition: int, row: Document) -> None:
    key = row["_id"]
    day = date.fromisoformat(key["day"])
    if key["new"]:
        sums = profile.slice[SliceKey(topic, partition, day, key["kind"], key["currency"])]
        addends = (row["events"], row["units"], Decimal(str(row["revenue"])))
        sums[:] = [one + other for one, other in zip(sums, addends, strict=True)]
    place = (topic, partition, int(key["block"]), month(day))
    before = profile.blocks.get(place)
    number, first, last = row["events"], row["first"], row["last"]
    if before is not None:
        number += before.events
        first, last = min(first, before.first_offset), max(last, before.last_offset)
    profile.blocks[place] = BlockMonth(*place, number, first, last)

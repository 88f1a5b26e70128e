"""Where in the raw record the events of each month are, so that a month is recounted without reading the others.

The map covers every offset below the published cut, and below the cut of a night that has looked at its slice. A row
says 'events of this month, from this offset to that': it may say too much, never too little. Two nights may write it at
once: rows of blocks that are not full grow and never shrink.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from tillstream import tables
from tillstream.stores.kafka import Source
from tillstream.stores.mysql import Cursor, rows

BLOCK = 20_000  # offsets: what is read besides a month is a block of each partition or two


class Range(NamedTuple):
    """Offsets of one partition, from `first` to before `end`."""

    topic: str
    partition: int
    first: int
    end: int


class BlockMonth(NamedTuple):
    """The events of one month in one block of a partition."""

    topic: str
    partition: int
    block: int
    month: str
    events: int
    first_offset: int
    last_offset: int


def write(cursor: Cursor, found: Iterable[BlockMonth], below: Mapping[Source, int]) -> None:
    """Takes in blocks that were looked at from their begin up to `below`."""
    full: list[BlockMonth] = []
    growing: list[BlockMonth] = []
    for row in found:
        (full if (row.block + 1) * BLOCK <= below[row.topic, row.partition] else growing).append(row)
    for statement, part in ((tables.replacing_upsert(tables.RAW_BLOCKS), full), (_GROW, growing)):
        if part:
            cursor.executemany(statement, sorted(part))


def clear(cursor: Cursor) -> None:
    """Forgets the map: the raw record was made anew, and events may lie elsewhere."""
    cursor.execute("DELETE FROM `raw_blocks`")


def ranges(cursor: Cursor, months: Collection[str], below: Mapping[Source, int]) -> list[Range]:
    """The offsets below a cut that hold all events of these months, at most a block each, in order."""
    if not months:
        return []
    places = ", ".join(["%s"] * len(months))
    found = rows(
        cursor,
        "SELECT `topic`, `partition`, MIN(`first_offset`), MAX(`last_offset`) + 1 FROM `raw_blocks` "
        f"WHERE `month` IN ({places}) GROUP BY `topic`, `partition`, `block` "
        "ORDER BY `topic`, `partition`, `block`",
        sorted(months),
    )
    clipped = (
        Range(topic, partition, first, min(end, below.get((topic, partition), 0)))
        for topic, partition, first, end in found
    )
    return [each for each in clipped if each.first < each.end]


def months(cursor: Cursor) -> set[str]:
    """Every month that has events."""
    return {month for (month,) in rows(cursor, "SELECT DISTINCT `month` FROM `raw_blocks`")}


_GROW = (
    "INSERT INTO `raw_blocks` (`topic`, `partition`, `block`, `month`, `events`, `first_offset`, `last_offset`) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE "
    "`events` = GREATEST(`events`, VALUES(`events`)), `first_offset` = LEAST(`first_offset`, VALUES(`first_offset`)), "
    "`last_offset` = GREATEST(`last_offset`, VALUES(`last_offset`))"
)

"""The live layer in MySQL: how far the stream has counted, and its figures, moved on together or not at all.

Idempotent by Kafka coordinate: offsets and figures are in one transaction, and a batch that was made for other
offsets than the stored ones is refused (`FloorMovedError`) instead of added.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from tillstream import tables
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.stores.kafka import Source, TopicReader
from tillstream.stores.mysql import connect, rows, transaction

Row = tuple[Any, ...]

BEAT_SECONDS = 2.0  # between two signs of life of the stream
STILL_SECONDS = 120  # a stream that does not move for so long is waited for no more
REPORT_SECONDS = 3.0


class Tally(msgspec.Struct):
    """What became of the records of one partition that a task read: each is counted, duplicate, rejected or repeated.

    `first_offset` is the first record's, `next_offset` follows the last one, and `repeated` records lay below the
    floor: an earlier batch has dealt with them.
    """

    topic: str
    partition: int
    first_offset: int
    next_offset: int = 0
    records: int = 0
    repeated: int = 0
    duplicates: int = 0
    rejected: dict[str, int] = {}
    newest_ms: int = 0

    @property
    def source(self) -> Source:
        return self.topic, self.partition

    @property
    def new(self) -> int:
        """Records at or above the floor."""
        return self.records - self.repeated

    @property
    def bad(self) -> int:
        """Records that went to the quarantine."""
        return sum(self.rejected.values())

    def see(self, next_offset: int, records: int, received_ms: int) -> None:
        """Takes in a run of records, in the order of their offsets."""
        self.next_offset = max(self.next_offset, next_offset)
        self.records += records
        self.newest_ms = max(self.newest_ms, received_ms)

    def reject(self, reason: str) -> None:
        """Takes in a record that went to the quarantine."""
        self.rejected[reason] = self.rejected.get(reason, 0) + 1


@dataclass(frozen=True)
class LiveBatch:
    """A micro-batch added up: rows for the live tables without their epoch, and the tallies of what was read."""

    sales: list[Row]
    stock: list[Row]
    counts: list[Row]
    names: dict[tuple[str, str], datetime]  # (product_id, product_name) to the latest event under that name
    tallies: list[Tally]


class FloorMovedError(Exception):
    """Another stream has counted part of this batch meanwhile: read the floors again and run it again."""


def floors(cursor: Cursor, *, lock: bool = False) -> dict[Source, int]:
    """The next offset of every partition that was ever counted."""
    query = "SELECT `topic`, `partition`, `next_offset` FROM `stream_offsets` ORDER BY `topic`, `partition`"
    return {(topic, partition): offset for topic, partition, offset in rows(cursor, query + " FOR UPDATE" * lock)}


def counted_offsets(connection: "Connection[Cursor]") -> dict[Source, int]:
    """`floors`, read in a transaction of its own."""
    with transaction(connection) as cursor:
        return floors(cursor)


def register(connection: "Connection[Cursor]", sources: Iterable[Source]) -> None:
    """Gives each partition a row that transactions can lock."""
    with transaction(connection) as cursor:
        cursor.executemany(
            "INSERT IGNORE INTO `stream_offsets` (`topic`, `partition`, `next_offset`) VALUES (%s, %s, 0)",
            sorted(sources),
        )


def apply(connection: "Connection[Cursor]", batch: LiveBatch, floor: dict[Source, int]) -> None:
    """Adds a batch that was made for `floor` and moves the offsets on, in one transaction.

    Raises FloorMovedError when the stored offsets are no longer `floor`, TerminalError when Kafka skipped records, and
    TransientError when the transaction is to be run again; the figures are untouched then, unless the server's answer
    to the commit was lost, which the next try's floor tells.
    """
    with transaction(connection) as cursor:
        stored = floors(cursor, lock=True)
        if any(stored.get(tally.source, 0) != floor.get(tally.source, 0) for tally in batch.tallies):
            raise FloorMovedError
        for tally in batch.tallies:
            _refuse_gap(tally, stored.get(tally.source, 0))
        [(epoch,)] = rows(cursor, "SELECT `current_epoch` FROM `layers`")
        _add(cursor, tables.LIVE_SALES, [(epoch, *row) for row in batch.sales])
        _add(cursor, tables.LIVE_STOCK, [(epoch, *row) for row in batch.stock])
        _put(cursor, tables.LIVE_COUNTS, [(epoch, *row) for row in batch.counts])
        _name(cursor, batch.names)
        _count_rejects(cursor, batch.tallies)
        _advance(cursor, batch.tallies, stored)
        _confirm(cursor, batch.tallies)


def check_topics(connection: "Connection[Cursor]", ids: dict[str, str]) -> None:
    """Remembers the topics' identities. Raises TerminalError when one was deleted and created again."""
    with transaction(connection) as cursor:
        cursor.executemany(
            "INSERT IGNORE INTO `stream_topics` (`topic`, `topic_id`) VALUES (%s, %s)", sorted(ids.items())
        )
        for topic, known in rows(cursor, "SELECT `topic`, `topic_id` FROM `stream_topics`"):
            if ids.get(topic) != known:
                raise TerminalError(
                    f"The Kafka topic '{topic}' was deleted and created again: its id is {ids.get(topic)}, "
                    f"the figures were counted from {known}. Its offsets mean other records now.",
                    "The figures stay as they are. docs/cookbook.md, 'A topic was created again', says how to go on.",
                )


def check_gaps(floor: dict[Source, int], bounds: dict[Source, tuple[int, int]]) -> None:
    """Raises TerminalError naming every range of offsets that Kafka lost: deleted uncounted, or counted and gone."""
    for source, (_, end) in sorted(bounds.items()):
        if end < floor.get(source, 0):
            raise TerminalError(
                f"Kafka ends at offset {end} of {source[0]}-{source[1]}, but records up to {floor[source] - 1} "
                "are in the figures: Kafka has lost its newest records, and will give their offsets to other ones.",
                "The figures are right. docs/cookbook.md, 'A topic was created again', says how to go on.",
            )
    gaps = missing_ranges(floor, bounds)
    if gaps:
        ranges = ", ".join(f"{topic}-{partition}: {first} to {end - 1}" for (topic, partition), first, end in gaps)
        raise TerminalError(
            f"Kafka no longer has records that were never counted: {ranges}.",
            "Import them again from the tills' own files. `tillstream gaps accept` records the loss and goes on.",
        )


def missing_ranges(floor: dict[Source, int], bounds: dict[Source, tuple[int, int]]) -> list[tuple[Source, int, int]]:
    """(partition, first missing offset, first offset that is there) wherever Kafka begins above the floor."""
    return [
        (source, floor.get(source, 0), first)
        for source, (first, _) in sorted(bounds.items())
        if first > floor.get(source, 0)
    ]


def accept_gaps(
    connection: "Connection[Cursor]", bounds: dict[Source, tuple[int, int]]
) -> list[tuple[Source, int, int]]:
    """Records the missing ranges as lost and moves the offsets behind them; gives the ranges."""
    register(connection, bounds)
    with transaction(connection) as cursor:
        gaps = missing_ranges(floors(cursor, lock=True), bounds)
        for (topic, partition), first, end in gaps:
            cursor.execute(
                "INSERT INTO `stream_gaps` (`topic`, `partition`, `first_offset`, `next_offset`, `accepted_at`) "
                "VALUES (%s, %s, %s, %s, UTC_TIMESTAMP(3))",
                (topic, partition, first, end),
            )
            cursor.execute(
                "UPDATE `stream_offsets` SET `next_offset` = %s, `skipped` = `skipped` + %s "
                "WHERE `topic` = %s AND `partition` = %s",
                (end, end - first, topic, partition),
            )
    return gaps


def beat(connection: "Connection[Cursor]", bounds: dict[Source, tuple[int, int]]) -> None:
    """The stream's sign of life, with how far Kafka reaches."""
    with transaction(connection) as cursor:
        ends = [(*source, end) for source, (_, end) in sorted(bounds.items())]
        cursor.executemany(tables.replacing_upsert(tables.SOURCE_ENDS), ends)
        _beat(cursor, "`beat_at` = UTC_TIMESTAMP(3), `state` = 'running', `message` = ''")


def stopped(connection: "Connection[Cursor]", message: str) -> None:
    """Says in `heartbeat` that the stream has stopped, and why."""
    with transaction(connection) as cursor:
        _beat(cursor, "`state` = 'stopped', `message` = %s", (message[:1000],))


def wait_until_counted(settings: Settings, report: Callable[[int], None]) -> None:
    """Returns when all that Kafka has now is in the figures; reports every few seconds how many records are left.

    Raises TransientError when the stream stands still for STILL_SECONDS, TerminalError when it has stopped for good.
    """
    ends = TopicReader(settings, "operator").bounds()
    connection = connect(settings, "operator")
    best, since, reported = None, time.monotonic(), time.monotonic()
    try:
        while True:
            with transaction(connection) as cursor:
                counted = floors(cursor)
                [(state, message)] = rows(cursor, "SELECT `state`, `message` FROM `heartbeat` WHERE `layer` = 'live'")
            behind = sum(max(end - counted.get(source, 0), 0) for source, (_, end) in ends.items())
            if behind == 0:
                return
            now = time.monotonic()
            if best is None or behind < best:
                best, since = behind, now
            elif state == "stopped" and now - since > 2 * BEAT_SECONDS:
                raise TerminalError(f"The stream has stopped with {behind:,} records to count: {message}")
            elif now - since > STILL_SECONDS:
                raise TransientError(
                    f"The stream has not counted anything for {STILL_SECONDS} s; {behind:,} records are left.",
                    "Check `tillstream status` and `tillstream logs stream`.",
                )
            if now - reported > REPORT_SECONDS:
                report(behind)
                reported = now
            time.sleep(0.2)
    finally:
        connection.close()


def _refuse_gap(tally: Tally, floor: int) -> None:
    if tally.first_offset > floor:
        check_gaps({tally.source: floor}, {tally.source: (tally.first_offset, tally.next_offset)})


def _add(cursor: Cursor, table: tables.Table, additions: Sequence[Row]) -> None:
    if additions:
        cursor.executemany(tables.adding_upsert(table), sorted(additions))  # one order for all writers: no deadlock


def _put(cursor: Cursor, table: tables.Table, values: Sequence[Row]) -> None:
    if values:
        cursor.executemany(tables.replacing_upsert(table), sorted(values))


def _name(cursor: Cursor, names: dict[tuple[str, str], datetime]) -> None:
    if names:
        cursor.executemany(
            "INSERT INTO `product_names` (`product_id`, `product_name`, `last_sold_at`) VALUES (%s, %s, %s) "
            "ON DUPLICATE KEY UPDATE `last_sold_at` = GREATEST(`last_sold_at`, VALUES(`last_sold_at`))",
            sorted((*name, at) for name, at in names.items()),
        )


def _count_rejects(cursor: Cursor, tallies: Sequence[Tally]) -> None:
    counts: dict[tuple[str, str], tuple[int, datetime]] = {}
    for tally in tallies:
        newest = _instant(tally.newest_ms)
        for reason, number in tally.rejected.items():
            before, at = counts.get((tally.topic, reason), (0, newest))
            counts[tally.topic, reason] = before + number, max(at, newest)
    if counts:
        cursor.executemany(
            "INSERT INTO `reject_counts` (`topic`, `reason`, `rejected`, `last_at`) VALUES (%s, %s, %s, %s) "
            "ON DUPLICATE KEY UPDATE `rejected` = `rejected` + VALUES(`rejected`), "
            "`last_at` = GREATEST(`last_at`, VALUES(`last_at`))",
            sorted((*key, *value) for key, value in counts.items()),
        )


def _advance(cursor: Cursor, tallies: Sequence[Tally], stored: dict[Source, int]) -> None:
    moves = []
    for tally in tallies:
        before = stored.get(tally.source, 0)
        if tally.next_offset > before:
            counted = tally.new - tally.duplicates - tally.bad
            # Offsets without a record (Kafka's own markers) are accounted for, so that the columns add up.
            skipped = tally.next_offset - before - tally.new
            moves.append((*tally.source, tally.next_offset, counted, tally.duplicates, tally.bad, skipped))
    if moves:
        cursor.executemany(
            "INSERT INTO `stream_offsets` "
            "(`topic`, `partition`, `next_offset`, `counted`, `duplicates`, `rejected`, `skipped`) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s) ON DUPLICATE KEY UPDATE `next_offset` = VALUES(`next_offset`), "
            "`counted` = `counted` + VALUES(`counted`), `duplicates` = `duplicates` + VALUES(`duplicates`), "
            "`rejected` = `rejected` + VALUES(`rejected`), `skipped` = `skipped` + VALUES(`skipped`)",
            sorted(moves),
        )


def _confirm(cursor: Cursor, tallies: Sequence[Tally]) -> None:
    newest = max((tally.newest_ms for tally in tallies), default=0)
    if newest:
        _beat(
            cursor,
            "`committed_at` = UTC_TIMESTAMP(3), `newest_event_at` = GREATEST(COALESCE(`newest_event_at`, %s), %s)",
            (_instant(newest), _instant(newest)),
        )


def _beat(cursor: Cursor, assignments: str, arguments: Sequence[Any] = ()) -> None:
    cursor.execute(f"UPDATE `heartbeat` SET {assignments} WHERE `layer` = 'live'", arguments or None)


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)

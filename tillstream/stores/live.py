"""The live layer in MySQL: how far the stream has counted, whether its sources are what they were, and how it is.

Its figures, and the offsets with them, are moved on by `stores.live_batch`.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from pymysql.connections import Connection
from pymysql.cursors import Cursor

from tillstream import tables
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.stores.kafka import Source, TopicReader
from tillstream.stores.mysql import connect, rows, transaction

BEAT_SECONDS = 2.0  # between two signs of life of the stream
STILL_SECONDS = 120  # a stream that does not move for so long is waited for no more
REPORT_SECONDS = 3.0


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


def confirm(cursor: Cursor, newest: datetime) -> None:
    """Says that a batch is about to be committed, the newest of whose records Kafka had received then (UTC)."""
    _beat(
        cursor,
        "`committed_at` = UTC_TIMESTAMP(3), `newest_event_at` = GREATEST(COALESCE(`newest_event_at`, %s), %s)",
        (newest, newest),
    )


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


def _beat(cursor: Cursor, assignments: str, arguments: Sequence[Any] = ()) -> None:
    cursor.execute(f"UPDATE `heartbeat` SET {assignments} WHERE `layer` = 'live'", arguments or None)

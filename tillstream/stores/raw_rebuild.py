"""What the stores have to say and to learn when the raw record is made anew from Kafka."""

from collections.abc import Mapping, Sequence

from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import live, raw_counts
from tillstream.stores.kafka import Source
from tillstream.stores.mongo import rejects, translated
from tillstream.stores.mysql import Connection, Cursor, rows, transaction

ALIVE_SECONDS = 10


def refuse_while_stream_runs(cursor: Cursor) -> None:
    """Raises TerminalError: an old event sent again would count twice while the raw record lacks the first one."""
    running = rows(
        cursor,
        "SELECT 1 FROM `heartbeat` WHERE `layer` = 'live' AND `state` = 'running' "
        "AND `beat_at` > UTC_TIMESTAMP(3) - INTERVAL %s SECOND",
        (ALIVE_SECONDS,),
    )
    if running:
        raise TerminalError(
            "The stream runs; the raw record cannot be made anew under it.",
            "`tillstream stop stream` first, and `tillstream restart stream` afterwards.",
        )


def settled(settings: Settings, ids: Sequence[str]) -> set[str]:
    """Which of these records, by coordinates, are in the quarantine: they were judged, and did not count."""
    with translated("reading the quarantine"):
        return {found["_id"] for found in rejects(settings, "stream").find({"_id": {"$in": list(ids)}}, {"_id": 1})}


def missing(settings: Settings, cursor: Cursor) -> int:
    """Records that the stream counted, less the events of the raw record that lie where it has counted."""
    counted = sum(int(number) for (number,) in rows(cursor, "SELECT `counted` FROM `stream_offsets`"))
    return counted - raw_counts.between(settings, {}, live.floors(cursor))


def count_anew(connection: "Connection[Cursor]", settings: Settings) -> None:
    """Moves the stream's counts to the partitions in which the first of equal records is now.

    Of records sent twice, either may be the one that is kept; the sums over all partitions are the same.
    """
    with transaction(connection) as cursor:
        for source, offset in live.floors(cursor, lock=True).items():
            _set(cursor, "stream_offsets", "", source, _raw(settings, source, offset))
        cuts = rows(cursor, "SELECT `epoch`, `topic`, `partition`, `next_offset` FROM `cuts`")
        for epoch, topic, partition, offset in cuts:
            where = f" AND `epoch` = {int(epoch)}"
            _set(cursor, "cuts", where, (topic, partition), _raw(settings, (topic, partition), offset))


def _raw(settings: Settings, source: Source, offset: int) -> int:
    ends: Mapping[Source, int] = {source: offset}
    return raw_counts.between(settings, {}, ends)


def _set(cursor: Cursor, table: str, where: str, source: Source, counted: int) -> None:
    # MySQL assigns from left to right, so `duplicates` still sees the old `counted`.
    cursor.execute(
        f"UPDATE `{table}` SET `duplicates` = `duplicates` + `counted` - %s, `counted` = %s "
        f"WHERE `topic` = %s AND `partition` = %s{where}",
        (counted, counted, *source),
    )

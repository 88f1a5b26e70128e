"""A micro-batch in MySQL: its figures and how far they reach, in one transaction.

Idempotent by Kafka coordinate: a batch that was made for other offsets than the stored ones is refused
(`FloorMovedError`) instead of added.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import pyarrow as pa
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from tillstream import tables
from tillstream.stores import bulk
from tillstream.stores.kafka import Source
from tillstream.stores.live import check_gaps, confirm, floors
from tillstream.stores.mysql import rows, transaction

# A count is one fact, whoever writes it; all else adds up.
WRITERS = {tables.LIVE_SALES: bulk.add, tables.LIVE_STOCK: bulk.add, tables.LIVE_COUNTS: bulk.replace}


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
    """A micro-batch added up: rows of the live tables, columns named as theirs but the epoch, and what was read."""

    rows: Mapping[tables.Table, pa.Table]
    names: Mapping[tuple[str, str], datetime]  # (product_id, product_name) to the latest event under that name
    tallies: Sequence[Tally]


class FloorMovedError(Exception):
    """Another stream has counted part of this batch meanwhile: read the floors again and run it again."""


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
        for table, write in WRITERS.items():
            if table in batch.rows:
                write(cursor, table, bulk.numbered(batch.rows[table], "epoch", epoch))
        _name(cursor, batch.names)
        _count_rejects(cursor, batch.tallies)
        _advance(cursor, batch.tallies, stored)
        _confirm(cursor, batch.tallies)


def _refuse_gap(tally: Tally, floor: int) -> None:
    if tally.first_offset > floor:
        check_gaps({tally.source: floor}, {tally.source: (tally.first_offset, tally.next_offset)})


def _name(cursor: Cursor, names: Mapping[tuple[str, str], datetime]) -> None:
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
        confirm(cursor, _instant(newest))


def _instant(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).replace(tzinfo=None)

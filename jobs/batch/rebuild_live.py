"""Makes the live figures anew from the raw record, while the stream runs and readers read.

Every epoch from the published one on is added up again, by the functions that the stream uses, and put in the place of
all live rows in one transaction. A rollback is the same, with an earlier publication brought back in that transaction.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

import pyarrow as pa
from pyspark.sql import DataFrame, SparkSession

from jobs.batch.command import parser, run
from jobs.batch.raw_reading import raw_events
from jobs.session import batch_session
from jobs.table_rows import live_rows
from jobs.transforms import additions
from tillstream.settings import Settings
from tillstream.stores import live, live_rebuild, rollback
from tillstream.stores.kafka import Source
from tillstream.stores.live_rebuild import Epochs, Rows
from tillstream.stores.mysql import Connection, Cursor, connect, rows, snapshot, transaction
from tillstream.stores.rollback import Target

FEW = 20_000  # records: so many are added up while the stream waits


def work(settings: Settings, _chosen: argparse.Namespace) -> str:
    """Makes the live rows anew; says how many."""
    with_batch = connect(settings, "batch")
    try:
        with snapshot(with_batch) as cursor:
            [(published,)] = rows(cursor, "SELECT `published_epoch` FROM `layers`")
        written = _rebuilt(settings, with_batch, published, lambda _cursor: None)
    finally:
        with_batch.close()
    return f"The live figures are made anew since cut {published}: {written:,} rows."


def roll_back(settings: Settings, generation: int | None) -> Target:
    """Brings the publication of a generation back, or the one before; gives it. Raises TerminalError for none."""
    connection = connect(settings, "batch")
    try:
        with snapshot(connection) as cursor:
            back = rollback.target(cursor, generation)
        bring_back = partial(rollback.bring_back, back=back, timezone=settings.timezone)
        _rebuilt(settings, connection, back.epoch, bring_back)
    finally:
        connection.close()
    return back


def _rebuilt(
    settings: Settings, connection: "Connection[Cursor]", epoch: int, publish: Callable[[Cursor], None]
) -> int:
    """Makes the rows of an epoch and the later ones, and exchanges them; gives the number written aside."""
    with live_rebuild.alone(connection):
        with snapshot(connection) as cursor:
            epochs = live_rebuild.epochs_since(cursor, epoch)
            until = live.floors(cursor)
        begin = epochs[0][1]
        with batch_session(settings, "tillstream rebuild_live", _between(begin, until)) as session:
            sums = partial(_sums, session, settings)
            task = partial(_put_aside, settings=settings)
            written = _total(sums(epochs, begin, until).mapInArrow(task, "written bigint"))
            reached = _caught_up(connection, sums, epoch, until)
            live_rebuild.exchange(connection, reached, epoch, partial(_newest, sums), publish)
    return written


def _caught_up(
    connection: "Connection[Cursor]", sums: Callable[..., DataFrame], epoch: int, until: Mapping[Source, int]
) -> Mapping[Source, int]:
    """Adds what the stream has counted meanwhile, until only a few records are left; gives how far it got."""
    while True:
        with transaction(connection) as cursor:
            now = live.floors(cursor)
            epochs = live_rebuild.epochs_since(cursor, epoch)
        if _between(until, now) <= FEW:
            return until
        live_rebuild.add_aside(connection, _newest(sums, epochs, until, now))
        until = now


def _newest(
    sums: Callable[..., DataFrame], epochs: Epochs, begin: Mapping[Source, int], end: Mapping[Source, int]
) -> Rows:
    """The rows of a few records, in this process."""
    return live_rows(sums(epochs, begin, end).toArrow()) if _between(begin, end) else {}


def _sums(
    session: SparkSession, settings: Settings, epochs: Epochs, begin: Mapping[Source, int], end: Mapping[Source, int]
) -> DataFrame:
    events = raw_events(session, settings, live_rebuild.ranges(epochs, begin, end))
    return additions(events, settings.timezone, carry=("epoch",))


def _put_aside(batches: Iterable[pa.RecordBatch], settings: Settings) -> Iterator[pa.RecordBatch]:
    connection = connect(settings, "batch")
    try:
        for batch in batches:
            written = live_rebuild.put_aside(connection, live_rows(pa.Table.from_batches([batch])))
            yield pa.RecordBatch.from_pydict({"written": pa.array([written], pa.int64())})
    finally:
        connection.close()


def _total(written: DataFrame) -> int:
    [(total,)] = written.selectExpr("coalesce(sum(written), 0)").collect()
    return int(total)


def _between(begin: Mapping[Source, int], end: Mapping[Source, int]) -> int:
    return sum(max(offset - begin.get(source, 0), 0) for source, offset in end.items())


def main() -> int:
    """The task's command."""
    return run(parser(__doc__, of_run=False), work)


if __name__ == "__main__":
    sys.exit(main())

"""Makes the raw record anew from Kafka: what is missing of it is written again, what is there stays.

The stream must not run. Epochs are read in their order, so that an event belongs to the same cut as before; a record
that is in the quarantine did not count then and does not count now. Of equal records either may be kept, which changes
no figure. Raises the alarm when Kafka no longer has what is missing.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import SparkSession

from jobs.batch.command import parser, run
from jobs.kafka_source import from_kafka
from jobs.session import batch_session
from jobs.streaming.recording import Recording, recorded
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import live, live_rebuild, mongo, raw_rebuild, slices
from tillstream.stores.kafka import Source, TopicReader
from tillstream.stores.mysql import Connection, Cursor, connect, snapshot, transaction

Offsets = Mapping[Source, int]


def work(settings: Settings, _chosen: argparse.Namespace) -> str:
    """Writes what is missing; says how much it was."""
    connection = connect(settings, "batch")
    try:
        with transaction(connection) as cursor:
            raw_rebuild.refuse_while_stream_runs(cursor)
            before = raw_rebuild.missing(settings, cursor)
        mongo.set_up(settings)  # with the collection its index went
        _write_again(settings, connection)
        with transaction(connection) as cursor:
            left, counted = raw_rebuild.missing(settings, cursor), live.floors(cursor)
        if left:
            raise TerminalError(
                f"{abs(left):,} events {'are still missing in' if left > 0 else 'too many are in'} the raw record.",
                "Kafka has what it keeps (TILLSTREAM_RETENTION_DAYS): bring MongoDB back from its backup, then run "
                "this again.",
            )
        raw_rebuild.count_anew(connection, settings)
        slices.map_anew(settings, connection, counted)
    finally:
        connection.close()
    return f"The raw record is whole: {before:,} events were missing and are written again."


def _write_again(settings: Settings, connection: "Connection[Cursor]") -> None:
    with snapshot(connection) as cursor:
        epochs, counted = live_rebuild.epochs_since(cursor, 1), live.floors(cursor)
    earliest = {source: first for source, (first, _) in TopicReader(settings, "batch").bounds().items()}
    ends = [cut for _, cut in epochs[1:]] + [counted]
    with batch_session(settings, "tillstream rebuild_raw", sum(counted.values()), reads_kafka=True) as session:
        for (_, begin), end in zip(epochs, ends, strict=True):
            first = {source: max(begin.get(source, 0), earliest.get(source, 0)) for source in counted}
            last = {source: max(end.get(source, 0), first[source]) for source in counted}
            if first != last:
                _read(session, settings, first, last)


def _read(session: SparkSession, settings: Settings, first: Offsets, last: Offsets) -> None:
    records = (
        from_kafka(session.read, settings, "batch")
        .option("subscribe", ",".join(sorted({topic for topic, _ in first})))
        .option("startingOffsets", _json(first))
        .option("endingOffsets", _json(last))
        .load()
    )
    records.mapInArrow(partial(_record, settings=settings), "events bigint").selectExpr("sum(events)").collect()


def _record(batches: Iterable[pa.RecordBatch], settings: Settings) -> Iterator[pa.RecordBatch]:
    unsettled = (_without_settled(batch, settings) for batch in batches)
    for counting in recorded(unsettled, Recording(settings, {})):
        yield pa.RecordBatch.from_pydict({"events": pa.array([counting.num_rows], pa.int64())})


def _without_settled(batch: pa.RecordBatch, settings: Settings) -> pa.RecordBatch:
    ids = pc.binary_join_element_wise(
        batch["topic"], batch["partition"].cast(pa.string()), batch["offset"].cast(pa.string()), "-"
    )
    known = raw_rebuild.settled(settings, ids.to_pylist())
    return batch.filter(pc.invert(pc.is_in(ids, pa.array(sorted(known), pa.string())))) if known else batch


def _json(offsets: Offsets) -> str:
    by_topic: dict[str, dict[str, int]] = {}
    for (topic, partition), offset in sorted(offsets.items()):
        by_topic.setdefault(topic, {})[str(partition)] = offset
    return json.dumps(by_topic)


def main() -> int:
    """The task's command."""
    return run(parser(__doc__, of_run=False), work)


if __name__ == "__main__":
    sys.exit(main())

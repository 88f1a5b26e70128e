"""Recounts the touched months from the raw record below the cut: the candidate, which nobody sees before publication.

Executors read MongoDB by ranges of source offsets, `jobs.transforms` adds up with the functions that the stream uses,
and the rows are written from the executors. Run again it removes what it wrote and gives the same bytes.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

import pyarrow as pa

from jobs.batch.command import parser, run
from jobs.batch.raw_reading import raw_events
from jobs.session import batch_session
from jobs.table_rows import truth_rows
from jobs.transforms import finest_truth, with_days_and_months
from tillstream.settings import Settings
from tillstream.stores import generations, slices, zone_map
from tillstream.stores import truth as truth_store
from tillstream.stores.generations import Generation
from tillstream.stores.mysql import connect, snapshot
from tillstream.stores.zone_map import Range

Make = Callable[[Settings, Generation, Sequence[str], Sequence[Range]], int]


def work(settings: Settings, chosen: argparse.Namespace, make: Make | None = None) -> str:
    """Writes the candidate of a run; `make` does it, by default with Spark."""
    connection = connect(settings, "batch")
    try:
        with snapshot(connection) as cursor:
            night = generations.find(cursor, chosen.run)
            if night.published_at is not None or generations.is_overtaken(cursor, night):
                return f"Generation {night.generation} is published or overtaken: nothing to recount."
            months = sorted(slices.touched_months(cursor, night))
            ranges = zone_map.ranges(cursor, months, generations.offsets(cursor, night.epoch))
            open_month = generations.first_open_month(cursor, night.epoch, settings.timezone)
        number = generations.begin_recount(connection, chosen.run, months, open_month)
        truth_store.remove(connection, night.generation)
        written = (make or candidate)(settings, night, months, ranges) if ranges else 0
        generations.end_recount(connection, night.generation, number)
    finally:
        connection.close()
    return (
        f"Generation {night.generation}: {written:,} rows of {len(months)} months out of {_events(ranges):,} records."
    )


def candidate(settings: Settings, night: Generation, months: Sequence[str], ranges: Sequence[Range]) -> int:
    """Recounts and writes from the executors; gives the number of rows."""
    with batch_session(settings, f"tillstream recount {night.run_id}", _events(ranges)) as session:
        events = raw_events(session, settings, [(each, night.epoch) for each in ranges])
        rows = finest_truth(events, settings.timezone, months)
        task = partial(_write, settings=settings, generation=night.generation)
        [(written,)] = rows.mapInArrow(task, "written bigint").selectExpr("coalesce(sum(written), 0)").collect()
    return int(written)


def _write(batches: Iterable[pa.RecordBatch], settings: Settings, generation: int) -> Iterator[pa.RecordBatch]:
    """Writes a partition, which the session's number of reducers keeps small, at once."""
    whole = list(batches)
    if not whole:
        return
    connection = connect(settings, "batch")
    try:
        written = truth_store.write(
            connection, generation, truth_rows(with_days_and_months(pa.Table.from_batches(whole)))
        )
        yield pa.RecordBatch.from_pydict({"written": pa.array([written], pa.int64())})
    finally:
        connection.close()


def _events(ranges: Sequence[Range]) -> int:
    return sum(each.end - each.first for each in ranges)


def main() -> int:
    """The task's command."""
    return run(parser(__doc__), work)


if __name__ == "__main__":
    sys.exit(main())

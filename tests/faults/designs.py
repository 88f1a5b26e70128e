"""Nine wrong designs that look right. Planted into the product, each must make a history fail."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from jobs.streaming import recording
from tests.faults.history import Plan
from tests.faults.night_shift import NightPlant
from tests.faults.stand_in import Design, StandIn
from tests.night.nights import STEPS
from tests.night.stores import raw_record
from tillstream import tables
from tillstream.accounts import EVENTS, MONGO_DATABASE
from tillstream.events import Event
from tillstream.settings import Settings
from tillstream.stores import bulk, generations, live_batch, slices
from tillstream.stores.mysql import Cursor, connect, rows, transaction
from tillstream.stores.reconciliation import CHECKS, CRITICAL, STAGE

UNGUARDED = ", without reconciliation"


def counts_if_newly_inserted(_settings: Settings) -> None:
    """An event counts if this very pass inserted it: a crash before MySQL loses it."""

    def settled(done: recording.Pass, stored: Mapping[str, Any], tallies: Any) -> list[Event]:
        pairs = zip(done.documents, done.events, strict=True)
        return [event for written, event in pairs if written["_id"] not in stored]

    vars(recording)["_settled"] = settled


def last_writer_wins(settings: Settings) -> None:
    """A record that is sent again replaces the first: both count."""
    insert_new = vars(recording)["insert_new"]

    def replaced(collection: Any, documents: list[dict[str, Any]], sizes: list[int]) -> list[Any]:
        if collection.name != EVENTS:
            refused: list[Any] = insert_new(collection, documents, sizes)
            return refused
        with raw_record(settings) as client:  # the stream's own account may not do it
            for document in documents:
                client[MONGO_DATABASE][EVENTS].replace_one({"_id": document["_id"]}, document, upsert=True)
        return [document["_id"] for document in documents]

    vars(recording)["insert_new"] = replaced


def nothing(_settings: Settings) -> None:
    """The executors' pass stays as it is."""


def epoch_by_month(_settings: Settings) -> None:
    """A sale goes to the epoch of its month: even months to the published one, as if a cut did not concern them."""

    def by_month(cursor: Cursor, table: tables.Table, columns: pa.Table) -> None:
        [(published,)] = rows(cursor, "SELECT published_epoch FROM layers")
        is_odd = pc.equal(pc.bit_wise_and(pc.month(columns[table.key_names[1]]), 1), 1)
        epochs = pc.if_else(is_odd, columns["epoch"], published)
        bulk.add(cursor, table, columns.set_column(columns.column_names.index("epoch"), "epoch", epochs))

    live_batch.WRITERS.update({tables.LIVE_SALES: by_month, tables.LIVE_STOCK: by_month})


def cut_not_atomic(_settings: Settings, streams: Sequence[StandIn]) -> None:
    """The offsets are read, and the new epoch begins a moment later: what is counted between is in neither."""
    begin = vars(generations)["_begin_epoch"]

    def later(cursor: Cursor, epoch: int, counted: Any) -> None:
        cursor.connection.commit()  # gives the lock back
        for stream in streams:
            stream.batch()
        begin(cursor, epoch, counted)

    vars(generations)["_begin_epoch"] = later


def since_last_cut(settings: Settings, _streams: Sequence[StandIn]) -> None:
    """Months touched since the last cut are recounted, though that one may never have been published."""
    look = vars(slices)["look"]

    def since(_settings: Settings, night: generations.Generation, _begin: Any, end: Any) -> Any:
        connection = connect(settings, "batch")
        with transaction(connection) as cursor:
            last = generations.offsets(cursor, night.epoch - 1)
        connection.close()
        return look(settings, night, last, end)

    vars(slices)["look"] = since


def older_night_publishes(_settings: Settings, _streams: Sequence[StandIn]) -> None:
    """A night does not ask whether a younger one has published."""
    vars(generations)["is_overtaken"] = lambda _cursor, _night: False


def without_reconciliation(plant: NightPlant) -> NightPlant:
    """A design that nobody compares with what readers see before it is published: readers find out."""

    def planted(settings: Settings, streams: Sequence[StandIn]) -> None:
        plant(settings, streams)
        STEPS["reconcile"] = trusted

    return planted


def trusted(settings: Settings, run: str) -> None:
    """The reconciliation says that it found nothing, without a look."""
    connection = connect(settings, "batch")
    with transaction(connection) as cursor:
        [(now,)] = rows(cursor, "SELECT UTC_TIMESTAMP(3)")
        cursor.executemany(
            tables.replacing_upsert(tables.QUALITY_RESULTS),
            [(run, STAGE, name, CRITICAL, 1, "", "", "", 0, now) for name in sorted(CHECKS)],
        )
    connection.close()


def no_night(_settings: Settings, _streams: Sequence[StandIn]) -> None:
    """Nights stay as they are."""


class Ledger:
    """Remembers batches by Spark's number, in a file that outlives the process. A new checkpoint begins at 0."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __contains__(self, batch_name: str) -> bool:
        return self._path.exists() and batch_name in self._path.read_text().split()

    def add(self, batch_name: str) -> None:
        """Notes a batch as done."""
        with self._path.open("a") as lines:
            lines.write(f"{batch_name}\n")


def wrong_design(bug: str, seed: int, steps: int, ledger: Ledger) -> Plan:
    """A history with one of the wrong designs of the protocol's model, by its name there.

    `bug` with UNGUARDED behind it is published without the reconciliation, which would refuse it.
    """
    bug, unguarded = bug.removesuffix(UNGUARDED), bug.endswith(UNGUARDED)
    plants = {
        "counts_if_newly_inserted": counts_if_newly_inserted,
        "last_writer_wins": last_writer_wins,
        "epoch_by_month": epoch_by_month,
    }
    night_plants = {
        "cut_not_atomic": cut_not_atomic,
        "since_last_cut": since_last_cut,
        "older_night_publishes": older_night_publishes,
    }
    designs = {
        "no_floor": Design(floor_of_pass=lambda _floor: {}, floor_of_apply=lambda _floor, stored: stored),
        "stale_floor": Design(floor_of_apply=lambda _floor, stored: stored),
        "batch_id_ledger": Design(
            floor_of_pass=lambda _floor: {},
            floor_of_apply=lambda _floor, stored: stored,
            skips=ledger.__contains__,
            applied=ledger.add,
        ),
    }
    design, plant, plant_night = designs.get(bug, Design()), plants.get(bug, nothing), night_plants.get(bug, no_night)
    return Plan(seed, steps, design, plant, without_reconciliation(plant_night) if unguarded else plant_night)


BUGS = (
    "counts_if_newly_inserted", "last_writer_wins", "no_floor", "stale_floor", "batch_id_ledger", "epoch_by_month",
    "cut_not_atomic", "since_last_cut", "older_night_publishes",
    *(f"{bug}{UNGUARDED}" for bug in ("epoch_by_month", "cut_not_atomic", "since_last_cut", "older_night_publishes")),
)  # fmt: skip

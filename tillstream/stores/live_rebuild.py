"""Live rows made anew from the raw record: written aside first, under negative epochs, which no view shows.

The exchange is one transaction under the stream's own lock: readers see the old rows or the new ones, and what the
stream counts next is added onto the new ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pyarrow as pa

from tillstream import tables
from tillstream.errors import TransientError
from tillstream.stores import bulk, generations, live
from tillstream.stores.kafka import Source
from tillstream.stores.mysql import Connection, Cursor, rows, transaction
from tillstream.stores.zone_map import BLOCK, Range

LIVE = (tables.LIVE_SALES, tables.LIVE_STOCK, tables.LIVE_COUNTS)
Rows = Mapping[tables.Table, pa.Table]
Epochs = Sequence[tuple[int, Mapping[Source, int]]]  # each epoch with the cut at which it was opened, in order


@contextmanager
def alone(connection: "Connection[Cursor]") -> Iterator[None]:
    """Nobody else rebuilds meanwhile, or until the connection is closed. Raises TransientError when somebody does."""
    with transaction(connection) as cursor:
        [(mine,)] = rows(cursor, "SELECT GET_LOCK('tillstream.live_rebuild', 0)")
    if mine != 1:
        raise TransientError("Another process makes the live rows anew.", "Wait until it is done.")
    _clear_aside(connection)
    yield
    with transaction(connection) as cursor:
        cursor.execute("SELECT RELEASE_LOCK('tillstream.live_rebuild')")


def epochs_since(cursor: Cursor, epoch: int) -> Epochs:
    """This epoch and the later ones, with their cuts."""
    query = "SELECT `epoch` FROM `epochs` WHERE `epoch` >= %s ORDER BY `epoch`"
    return [(each, generations.offsets(cursor, each)) for (each,) in rows(cursor, query, (epoch,))]


def ranges(epochs: Epochs, begin: Mapping[Source, int], end: Mapping[Source, int]) -> list[tuple[Range, int]]:
    """The offsets from `begin` to `end`, at most a block each, with the epoch that their events belong to."""
    found = []
    cuts = [cut for _, cut in epochs[1:]] + [end]
    for (epoch, own), following in zip(epochs, cuts, strict=True):
        for source, limit in sorted(end.items()):
            first = max(begin.get(source, 0), own.get(source, 0))
            last = min(limit, following.get(source, 0))
            found += [(Range(*source, at, min(at + BLOCK, last)), epoch) for at in range(first, last, BLOCK)]
    return found


def put_aside(connection: "Connection[Cursor]", found: Rows) -> int:
    """Writes rows aside; those of the same keys take their place. Gives their number."""
    with transaction(connection) as cursor:
        for table, part in found.items():
            bulk.replace(cursor, table, _aside(part))
    return sum(part.num_rows for part in found.values())


def add_aside(connection: "Connection[Cursor]", found: Rows) -> None:
    """Adds what the stream has counted meanwhile onto the rows aside."""
    with transaction(connection) as cursor:
        for table, part in found.items():
            bulk.add(cursor, table, _aside(part))


def exchange(
    connection: "Connection[Cursor]", since: Mapping[Source, int], epoch: int,
    remainder: Callable[[Epochs, Mapping[Source, int], Mapping[Source, int]], Rows],
    publish: Callable[[Cursor], None],
) -> None:  # fmt: skip
    """Puts the rows aside in the place of all live rows, with what was counted after `since`, in one transaction.

    `remainder` adds up the raw events between two cuts, at most a few thousand, while the stream waits. `publish` runs
    in the same transaction, under the lock of publications. Raises TransientError when readers were meanwhile brought
    back to before `epoch`, whose rows were not made.
    """
    with transaction(connection) as cursor:
        counted = live.floors(cursor, lock=True)
        cursor.execute("SELECT 1 FROM `layers` WHERE `id` = 1 FOR UPDATE")
        publish(cursor)
        [(published,)] = rows(cursor, "SELECT `published_epoch` FROM `layers`")
        if published < epoch:
            raise TransientError("A rollback came in between.", "Run the same command again.")
        newest = remainder(epochs_since(cursor, epoch), since, counted)
        for table in LIVE:
            cursor.execute(f"DELETE FROM `{table.name}` WHERE `epoch` >= 0")
            cursor.execute(f"UPDATE `{table.name}` SET `epoch` = -`epoch` WHERE `epoch` < 0")
        for table, part in newest.items():
            bulk.add(cursor, table, part)


def _aside(found: pa.Table) -> pa.Table:
    epochs = pa.array([-epoch for epoch in found["epoch"].to_pylist()], pa.int64())
    return found.set_column(found.schema.get_field_index("epoch"), "epoch", epochs)


def _clear_aside(connection: "Connection[Cursor]") -> None:
    for table in LIVE:
        with transaction(connection) as cursor:
            cursor.execute(f"DELETE FROM `{table.name}` WHERE `epoch` < 0")

"""Nights in MySQL: the cut that a night stands on, and how far its generation has come.

Idempotent by run: whatever a run is asked a second time, it finds what it did the first time.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from tillstream import tables
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.shop_calendar import business_day, month, zone
from tillstream.stores.kafka import Source
from tillstream.stores.mysql import Connection, Cursor, connect, rows, transaction

NIGHT, FULL, BACKFILL = "night", "full", "backfill"


class Generation(msgspec.Struct, frozen=True):
    """One night's recount: see `tables.GENERATIONS`. Instants are UTC without a zone, as MySQL keeps them."""

    generation: int
    epoch: int
    run_id: str
    kind: str
    asked_month: str | None
    base_epoch: int
    code_version: str
    created_at: datetime
    profiled_at: datetime | None
    recounts: int
    recounted_at: datetime | None
    published_at: datetime | None


class Cut(msgspec.Struct, frozen=True):
    """What the stream had done with a partition when a cut was opened."""

    next_offset: int = 0
    counted: int = 0
    duplicates: int = 0
    rejected: int = 0


def open_cut(
    connection: "Connection[Cursor]", run_id: str, code_version: str, *, asked_month: str | None = None,
    full: bool = False,
) -> Generation:  # fmt: skip
    """The run's generation; the first call opens the cut that it stands on.

    With `asked_month`, and something published, it is a backfill: no cut is opened, the published one is recounted.
    """
    # REPEATABLE READ locks the gaps too: a partition that was never counted before cannot slip in beside the cut.
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    with transaction(connection) as cursor:
        counted = rows(
            cursor,
            "SELECT `topic`, `partition`, `next_offset`, `counted`, `duplicates`, `rejected` FROM `stream_offsets` "
            "ORDER BY `topic`, `partition` FOR UPDATE",
        )
        [(current, published)] = rows(cursor, "SELECT `current_epoch`, `published_epoch` FROM `layers` FOR UPDATE")
        if known := _found(cursor, run_id):
            return known
        kind, epoch = NIGHT, current + 1
        if asked_month is not None and published > 1:
            kind, epoch = BACKFILL, published
        else:
            kind = FULL if full else NIGHT
            _begin_epoch(cursor, epoch, counted)
        cursor.execute(
            "INSERT INTO `generations` (`generation`, `epoch`, `run_id`, `kind`, `asked_month`, `base_epoch`, "
            "`code_version`, `created_at`) "
            "SELECT COALESCE(MAX(`generation`), 0) + 1, %s, %s, %s, %s, %s, %s, UTC_TIMESTAMP(3) FROM `generations`",
            (epoch, run_id, kind, asked_month if kind == BACKFILL else None, published, code_version),
        )
        return _found(cursor, run_id) or _lost(run_id)


def find(cursor: Cursor, run_id: str, *, lock: bool = False) -> Generation:
    """The generation of a run. Raises TerminalError when the run has opened no cut."""
    found = _found(cursor, run_id, lock=lock)
    if found is None:
        raise TerminalError(f"The run '{run_id}' has opened no cut.", "Its task `open_cut` comes first.")
    return found


def of_run(settings: Settings, run_id: str) -> Generation:
    """`find`, on a connection of its own."""
    connection = connect(settings, "batch")
    try:
        with transaction(connection) as cursor:
            return find(cursor, run_id)
    finally:
        connection.close()


def cut(cursor: Cursor, epoch: int) -> dict[Source, Cut]:
    """The cut at which an epoch was opened. The first epoch begins before the first record: it has none."""
    found = rows(
        cursor,
        "SELECT `topic`, `partition`, `next_offset`, `counted`, `duplicates`, `rejected` FROM `cuts` "
        "WHERE `epoch` = %s ORDER BY `topic`, `partition`",
        (epoch,),
    )
    return {(topic, partition): Cut(*numbers) for topic, partition, *numbers in found}


def offsets(cursor: Cursor, epoch: int) -> dict[Source, int]:
    """The offsets of a cut; a partition that is missing begins at 0."""
    return {source: at.next_offset for source, at in cut(cursor, epoch).items()}


def first_open_month(cursor: Cursor, epoch: int, timezone: str) -> str:
    """The shop's month when an epoch was opened: every month before it was over."""
    [(opened_at,)] = rows(cursor, "SELECT `opened_at` FROM `epochs` WHERE `epoch` = %s", (epoch,))
    return month(business_day(aware(opened_at), zone(timezone)))


def published(cursor: Cursor, timezone: str) -> tuple[int, date]:
    """The generation that readers see, and the shop's day of its cut. Raises TerminalError before the first night."""
    found = rows(
        cursor,
        "SELECT p.`generation`, e.`opened_at` FROM `publications` p JOIN `epochs` e ON e.`epoch` = p.`epoch` "
        "ORDER BY p.`publication` DESC LIMIT 1",
    )
    if not found:
        raise TerminalError("No truth is published yet: there is nothing to learn from.", "`tillstream nightly` first.")
    [(generation, opened_at)] = found
    return generation, business_day(aware(opened_at), zone(timezone))


def aware(instant: datetime) -> datetime:
    """An instant as MySQL keeps it, with its zone, UTC."""
    return instant.replace(tzinfo=UTC)


def note_profile(cursor: Cursor, generation: int) -> None:
    """All raw events of the slice were looked at."""
    cursor.execute("UPDATE `generations` SET `profiled_at` = UTC_TIMESTAMP(3) WHERE `generation` = %s", (generation,))


def begin_recount(connection: "Connection[Cursor]", run_id: str, months: Sequence[str], open_month: str) -> int:
    """Notes that the recount of these months begins; gives its number, which `end_recount` asks for.

    What was found out about an earlier recount of the run is forgotten. Raises TerminalError when the raw events were
    not looked at or the generation is published.
    """
    with transaction(connection) as cursor:
        night = find(cursor, run_id, lock=True)
        if night.published_at is not None:
            raise TerminalError(f"Generation {night.generation} of '{run_id}' is published: it stays as it is.")
        if night.profiled_at is None:
            raise TerminalError(
                f"The raw events of '{run_id}' were not looked at.", "Its task `profile_slice` comes first."
            )
        cursor.execute(
            "UPDATE `generations` SET `recounts` = `recounts` + 1, `recounted_at` = NULL WHERE `generation` = %s",
            (night.generation,),
        )
        cursor.execute("DELETE FROM `quality_results` WHERE `run_id` = %s AND `stage` <> 'slice'", (run_id,))
        for table in (tables.RECONCILIATIONS, tables.GENERATION_MONTHS):
            cursor.execute(f"DELETE FROM `{table.name}` WHERE `generation` = %s", (night.generation,))
        cursor.executemany(
            "INSERT INTO `generation_months` (`generation`, `month`, `closed`) VALUES (%s, %s, %s)",
            [(night.generation, each, each < open_month) for each in sorted(months)],
        )
    return night.recounts + 1


def end_recount(connection: "Connection[Cursor]", generation: int, number: int) -> None:
    """Notes that every row of the generation is there. Raises TransientError when another recount began meanwhile."""
    with transaction(connection) as cursor:
        changed = cursor.execute(
            "UPDATE `generations` SET `recounted_at` = UTC_TIMESTAMP(3) WHERE `generation` = %s AND `recounts` = %s",
            (generation, number),
        )
    if not changed:
        raise TransientError(f"Another process recounts generation {generation}.", "Let it finish, or try again.")


def months(cursor: Cursor, generation: int) -> list[str]:
    """The months that a generation recounts, in order."""
    query = "SELECT `month` FROM `generation_months` WHERE `generation` = %s ORDER BY `month`"
    return [found for (found,) in rows(cursor, query, (generation,))]


def is_overtaken(cursor: Cursor, night: Generation) -> bool:
    """Whether readers have seen a younger cut than the generation's, or its own by another generation."""
    [(published,)] = rows(cursor, "SELECT `published_epoch` FROM `layers`")
    return bool(published != night.epoch if night.kind == BACKFILL else published >= night.epoch)


def _begin_epoch(cursor: Cursor, epoch: int, counted: list[tuple[Any, ...]]) -> None:
    cursor.execute("INSERT INTO `epochs` (`epoch`, `opened_at`) VALUES (%s, UTC_TIMESTAMP(3))", (epoch,))
    if counted:
        cursor.executemany(tables.replacing_upsert(tables.CUTS), [(epoch, *row) for row in counted])
    cursor.execute("UPDATE `layers` SET `current_epoch` = %s", (epoch,))


_COLUMNS = ", ".join(f"`{column.name}`" for column in tables.GENERATIONS.columns)


def _found(cursor: Cursor, run_id: str, *, lock: bool = False) -> Generation | None:
    found = rows(
        cursor,
        f"SELECT {_COLUMNS} FROM `generations` WHERE `run_id` = %s" + " FOR UPDATE" * lock,
        (run_id,),
    )
    return Generation(*found[0]) if found else None


def _lost(run_id: str) -> Generation:
    raise TerminalError(f"The generation of '{run_id}' was written and is not there.")

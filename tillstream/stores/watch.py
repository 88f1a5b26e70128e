"""A look at the stream from outside: what it says of itself, and whether that is so."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec

from tillstream import tables
from tillstream.settings import Settings
from tillstream.stores import live, raw_counts
from tillstream.stores.kafka import Source, TopicReader
from tillstream.stores.mysql import Connection, Cursor, rows, snapshot, transaction

SILENT_SECONDS = 10  # without a sign of life: the stream gives one every two seconds
ALARMING_REJECTS, JUDGED_RECORDS = 0.05, 20  # a share of so many records or more
POLL_SECONDS = 0.5


class Progress(msgspec.Struct, frozen=True):
    """How far the stream has counted in one partition, and of how many records."""

    next_offset: int = 0
    counted: int = 0
    rejected: int = 0


class Look(msgspec.Struct, frozen=True):
    """What was seen: `troubles` say what is wrong, in sentences; `hangs` when a restart is the remedy."""

    behind: int
    records: int
    rejected: int
    troubles: list[str]
    hangs: bool


def look(settings: Settings, connection: "Connection[Cursor]", sleep: Callable[[float], None] = time.sleep) -> Look:
    """Looks at heartbeat, lag, progress, share of rejects and raw record; waits up to `hang_seconds` for progress.

    Raises TransientError when Kafka, MongoDB or MySQL does not answer.
    """
    ends = {source: end for source, (_, end) in TopicReader(settings, "batch").bounds().items()}
    with snapshot(connection) as cursor:
        now, before = _progress(cursor, "stream_offsets"), _progress(cursor, "stream_looks")
        troubles, stopped = _said(cursor)
    behind = _behind(ends, now)
    hangs = behind > 0 and not stopped and not _moves(settings, connection, now, sleep)
    if hangs:
        troubles.append(
            f"The stream has counted nothing for {settings.hang_seconds} s; {behind:,} records wait in Kafka."
        )
    records = sum(_new(now, before, lambda at: at.counted + at.rejected))
    rejected = sum(_new(now, before, lambda at: at.rejected))
    if records >= JUDGED_RECORDS and rejected > records * ALARMING_REJECTS:
        troubles.append(f"{rejected:,} of the {records:,} records since the last look are in the quarantine.")
    lost = _lost(settings, before, now)
    if lost:
        troubles.append(lost)
    else:
        _keep(connection, now)
    return Look(behind, records, rejected, troubles, hangs)


def _progress(cursor: Cursor, table: str) -> dict[Source, Progress]:
    found = rows(cursor, f"SELECT `topic`, `partition`, `next_offset`, `counted`, `rejected` FROM `{table}`")
    return {(topic, partition): Progress(*numbers) for topic, partition, *numbers in found}


def _said(cursor: Cursor) -> tuple[list[str], bool]:
    """What the heartbeat tells of troubles, and whether the stream has stopped by its own decision."""
    [(beat_at, state, message, now)] = rows(
        cursor, "SELECT `beat_at`, `state`, `message`, UTC_TIMESTAMP(3) FROM `heartbeat` WHERE `layer` = 'live'"
    )
    if state == "stopped":
        return [f"The stream has stopped: {message}"], True
    silent = _seconds(beat_at, now)
    if silent is None:
        return ["The stream has never given a sign of life."], False
    return ([f"The stream has given no sign of life for {silent:.0f} s."] if silent > SILENT_SECONDS else []), False


def _seconds(since: datetime | None, now: datetime) -> float | None:
    return None if since is None else (now - since).total_seconds()


def _behind(ends: Mapping[Source, int], now: Mapping[Source, Progress]) -> int:
    return sum(max(end - now.get(source, Progress()).next_offset, 0) for source, end in ends.items())


def _moves(
    settings: Settings, connection: "Connection[Cursor]", seen: Mapping[Source, Progress],
    sleep: Callable[[float], None],
) -> bool:  # fmt: skip
    """Whether the stream counts a record within `hang_seconds`."""
    before = {source: at.next_offset for source, at in seen.items()}
    deadline = time.monotonic() + settings.hang_seconds
    while live.counted_offsets(connection) == before:
        if time.monotonic() > deadline:
            return False
        sleep(POLL_SECONDS)
    return True


def _new(
    now: Mapping[Source, Progress], before: Mapping[Source, Progress], number: Callable[[Progress], int]
) -> list[int]:
    return [number(at) - number(before.get(source, Progress())) for source, at in now.items()]


def _lost(settings: Settings, before: Mapping[Source, Progress], now: Mapping[Source, Progress]) -> str:
    """What the raw record lacks, or has too much, of the records counted since the last look; '' when nothing."""
    counted = sum(_new(now, before, lambda at: at.counted))
    begin = {source: at.next_offset for source, at in before.items()}
    raw = raw_counts.between(settings, begin, {source: at.next_offset for source, at in now.items()})
    if raw == counted:
        return ""
    return f"The stream counted {counted:,} records since the last look; the raw record has {raw:,} events of them."


def _keep(connection: "Connection[Cursor]", now: Mapping[Source, Progress]) -> None:
    with transaction(connection) as cursor:
        [(at,)] = rows(cursor, "SELECT UTC_TIMESTAMP(3)")
        if now:
            cursor.executemany(
                tables.replacing_upsert(tables.STREAM_LOOKS),
                [(*source, seen.next_offset, seen.counted, seen.rejected, at) for source, seen in sorted(now.items())],
            )

"""The executors' pass over a micro-batch: decode, write the raw record, and tell which events count.

This is the one place where Python runs on an executor. Idempotent: a record that is written again is refused by its
`_id`, and whether it counts depends on what the raw record holds, never on who wrote it when.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import attrgetter

import msgspec
import numpy as np
import pyarrow as pa

from jobs.event_rows import FIELDS, PRICE
from jobs.python_worker import forget_zip_files
from tillstream.events import TOPICS, Event, Reason, Reject, Sale, StockMovement, decoder, document, same_content
from tillstream.settings import Settings
from tillstream.stores.kafka import Source
from tillstream.stores.live_batch import Tally
from tillstream.stores.mongo import Document, events, find_by_id, insert_new, rejects

# Bytes that a document may have more than its record: BSON takes at most five more than JSON for each of sixteen
# fields, and it names the source; a conflict names its event twice.
MORE_OF_EVENT, MORE_OF_REJECT = 512, 4_096
SCHEMA = pa.schema([*FIELDS, ("tally", pa.string())])


@dataclass(frozen=True)
class Recording:
    """What a task needs to know: where the stores are, and from which offset on records are new."""

    settings: Settings
    floors: Mapping[Source, int]


@dataclass(frozen=True)
class Run:
    """Consecutive new records of one Kafka partition, column by column; `received` is in epoch milliseconds.

    Keys stay in Arrow: only the quarantine looks at them.
    """

    topic: str
    partition: int
    offsets: list[int]
    received: list[int]
    values: list[bytes | None]
    keys: pa.Array


@dataclass
class Pass:
    """What a batch of records turned into: each good event with its document and origin, and the quarantine."""

    documents: list[Document] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    origins: list[tuple[Run, int]] = field(default_factory=list)
    rejects: list[Document] = field(default_factory=list)


def recorded(batches: Iterable[pa.RecordBatch], recording: Recording) -> Iterator[pa.RecordBatch]:
    """Kafka records (topic, partition, offset, timestamp, key, value) to the events that count, then a row of tallies.

    Batches have the columns of SCHEMA. The last row of a task has only `tally`: JSON, a list of
    `stores.live_batch.Tally`, which accounts for every record that the task read.
    """
    forget_zip_files()
    decoders = {topic: decoder(topic, recording.settings.rules) for topic in TOPICS}
    tallies: dict[Source, Tally] = {}
    gc.disable()  # ten thousand live documents and no cycle among them: looking for one costs a sixth of the pass
    for batch in batches:
        done = Pass()
        for run in _new_runs(batch, recording.floors, tallies):
            decode = decoders[run.topic]
            _sort(run, [decode(value, at) for value, at in zip(run.values, run.received, strict=True)], done)
        counting = _store(done, recording.settings, tallies)
        if sales := [event for event in counting if isinstance(event, Sale)]:
            yield _sale_rows(sales)
        if movements := [event for event in counting if isinstance(event, StockMovement)]:
            yield _movement_rows(movements)
    gc.enable()
    if tallies:
        text = msgspec.json.encode(list(tallies.values())).decode()
        yield pa.RecordBatch.from_pylist([{"tally": text}], SCHEMA)


def _new_runs(batch: pa.RecordBatch, floors: Mapping[Source, int], tallies: dict[Source, Tally]) -> Iterator[Run]:
    """The records at or above their partition's floor, in runs of one partition; all are seen by their tally."""
    topics = batch.column("topic").dictionary_encode()
    names, partitions = topics.dictionary.to_pylist(), batch.column("partition").to_numpy()
    breaks = (np.flatnonzero(np.diff(topics.indices.to_numpy()) | np.diff(partitions)) + 1).tolist()
    offsets = batch.column("offset").to_numpy()
    received = batch.column("timestamp").cast(pa.int64()).to_numpy() // 1000
    for start, end in zip([0, *breaks], [*breaks, batch.num_rows], strict=True):
        if start == end:
            continue
        topic, partition = names[topics.indices[start].as_py()], int(partitions[start])
        source = (topic, partition)
        tally = tallies.setdefault(source, Tally(topic, partition, int(offsets[start])))
        tally.see(int(offsets[end - 1]) + 1, end - start, int(received[end - 1]))
        first = start + int(np.searchsorted(offsets[start:end], floors.get(source, 0)))
        tally.repeated += first - start
        yield Run(
            topic,
            partition,
            offsets[first:end].tolist(),
            received[first:end].tolist(),
            batch.column("value").slice(first, end - first).to_pylist(),
            batch.column("key").slice(first, end - first),
        )


def _sort(run: Run, decoded: Sequence[Event | Reject], done: Pass) -> None:
    for index, event in enumerate(decoded):
        if isinstance(event, Reject):
            done.rejects.append(_quarantined(run, index, event))
        else:
            done.documents.append(document(event, run.topic, run.partition, run.offsets[index]))
            done.events.append(event)
            done.origins.append((run, index))


def _store(done: Pass, settings: Settings, tallies: Mapping[Source, Tally]) -> list[Event]:
    """Writes a batch to the raw record and the quarantine; gives the events that count."""
    collection = events(settings, "stream")
    sizes = [len(run.values[index] or b"") + MORE_OF_EVENT for run, index in done.origins]
    refused = insert_new(collection, done.documents, sizes)
    counting = done.events
    if refused:
        counting = _settled(done, find_by_id(collection, refused), tallies)
    sizes = [len(reject["key"] or b"") + len(reject["value"] or b"") + MORE_OF_REJECT for reject in done.rejects]
    insert_new(rejects(settings, "stream"), done.rejects, sizes)
    for reject in done.rejects:
        tallies[reject["source"]["topic"], reject["source"]["partition"]].reject(reject["reason"])
    return counting


def _settled(done: Pass, stored: Mapping[str, Document], tallies: Mapping[Source, Tally]) -> list[Event]:
    """The events that count although some ids were there already: those whose own record the raw record names.

    The others were sent again. With the same content they are duplicates, with another they go to the quarantine.
    """
    counting = []
    for written, event, (run, index) in zip(done.documents, done.events, done.origins, strict=True):
        first = stored.get(written["_id"])
        if first is None or first["source"] == written["source"]:
            counting.append(event)
        elif same_content(first, written):
            tallies[run.topic, run.partition].duplicates += 1
        else:
            where = "{topic}-{partition}-{offset}".format(**first["source"])
            detail = f"event_id {written['_id']} was first written by {where} with other content"
            conflict = _quarantined(run, index, Reject(Reason.CONFLICT, detail))
            done.rejects.append(conflict | {"event_id": written["_id"]})
    return counting


def _quarantined(run: Run, index: int, reject: Reject) -> Document:
    offset = run.offsets[index]
    return {
        "_id": f"{run.topic}-{run.partition}-{offset}",
        "source": {"topic": run.topic, "partition": run.partition, "offset": offset},
        "reason": reject.reason.value,
        "detail": reject.detail,
        "received_at": datetime.fromtimestamp(run.received[index] / 1000, UTC),
        "key": run.keys[index].as_py(),
        "value": run.values[index],
    }


def _sale_rows(sales: Sequence[Sale]) -> pa.RecordBatch:
    columns = _shared_columns(sales)
    columns["unit_price"] = [sale.unit_price for sale in sales]
    columns["discount"] = [sale.discount for sale in sales]
    columns["currency"] = [sale.currency for sale in sales]
    columns["happened_at"] = [sale.sold_at for sale in sales]
    return _batch(columns, len(sales))


def _movement_rows(movements: Sequence[StockMovement]) -> pa.RecordBatch:
    columns = _shared_columns(movements)
    columns["happened_at"] = [movement.recorded_at for movement in movements]
    columns["day"] = [movement.day for movement in movements]
    columns["event_id"] = [movement.event_id for movement in movements]  # a sale's is no longer needed
    return _batch(columns, len(movements))


def _shared_columns(events: Sequence[Event]) -> dict[str, Sequence[object]]:
    shared = ("kind", "line_no", "store_id", "product_id", "product_name", "quantity")
    return {name: list(map(attrgetter(name), events)) for name in shared}


def _batch(columns: Mapping[str, Sequence[object]], length: int) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([_array(columns.get(f.name), f.type, length) for f in SCHEMA], schema=SCHEMA)


def _array(values: Sequence[object] | None, kind: pa.DataType, length: int) -> pa.Array:
    if values is None:
        return pa.nulls(length, kind)
    if kind == PRICE:
        return pa.array(values, pa.string()).cast(PRICE)  # decimal text to DECIMAL in C++, without a float between
    return pa.array(values, kind)

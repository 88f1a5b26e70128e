"""The executors' pass over the raw record: ranges of source offsets to the columns of counting events.

Every document below a cut counts: whatever did not count was never written there.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession

from jobs.event_rows import FIELDS, PRICE
from jobs.python_worker import forget_zip_files
from jobs.transforms import EVENT_COLUMNS
from tillstream.settings import Settings
from tillstream.stores.mongo import events, translated
from tillstream.stores.zone_map import Range

ANSWER_DOCUMENTS = 2_000  # of one answer: small ones stay in the processor's cache, which is a third faster
RANGES_PER_TASK = 3
COLUMNS = f"{EVENT_COLUMNS}, epoch bigint"
SCHEMA = pa.schema([*FIELDS, ("epoch", pa.int64())])


def raw_events(session: SparkSession, settings: Settings, wanted: Sequence[tuple[Range, int]]) -> DataFrame:
    """The events of these ranges, each with the epoch given for its range. Columns: EVENT_COLUMNS and `epoch`."""
    tasks = -(-len(wanted) // RANGES_PER_TASK)
    numbers = session.range(0, len(wanted), 1, max(tasks, 1))
    return numbers.mapInArrow(partial(_read, settings=settings, wanted=list(wanted)), COLUMNS)


def _read(
    numbers: Iterable[pa.RecordBatch], settings: Settings, wanted: Sequence[tuple[Range, int]]
) -> Iterator[pa.RecordBatch]:
    forget_zip_files()
    for batch in numbers:
        for number in batch.column(0).to_pylist():
            each, epoch = wanted[number]
            yield from event_rows(settings, each, epoch).to_batches()


def event_rows(settings: Settings, each: Range, epoch: int) -> pa.Table:
    """The events of one range, with SCHEMA. Customers' addresses stay in MongoDB.

    What no figure of the batch is made of is left out, for it would cost more than all the rest: names of products,
    and ids of events that are no counts.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it was compiled with an Arrow whose structs are smaller
        from pymongoarrow.api import Schema, find_arrow_all  # noqa: PLC0415 the warning comes with the import

    offsets = {"$gte": each.first, "$lt": each.end}
    query = {"source.topic": each.topic, "source.partition": each.partition, "source.offset": offsets}
    with translated("reading the raw record"):
        found = find_arrow_all(events(settings, "batch"), query, schema=Schema(_STORED), batch_size=ANSWER_DOCUMENTS)
    happened = pc.coalesce(found["sold_at"], found["recorded_at"]).cast(pa.timestamp("us")).cast(_field("happened_at"))
    columns = {
        "event_id": pc.if_else(pc.equal(found["kind"], "count"), found["_id"], pa.scalar(None, pa.string())),
        "product_name": pa.nulls(found.num_rows, pa.string()),
        "unit_price": found["unit_price"].cast(PRICE),  # decimal text to DECIMAL in C++, without a float between
        "discount": found["discount"].cast(PRICE),
        "happened_at": happened,
        "day": found["day"].cast(pa.date32()),
        "epoch": pa.array([epoch] * found.num_rows, pa.int64()),
    }
    return pa.table([columns[name] if name in columns else found[name] for name in SCHEMA.names], schema=SCHEMA)


def _field(name: str) -> pa.DataType:
    return SCHEMA.field(name).type


# A document as `tillstream.events.document` makes it: money and business days are text.
_STORED = {
    "_id": pa.string(), "kind": pa.string(), "line_no": pa.int32(), "store_id": pa.string(), "product_id": pa.string(),
    "quantity": pa.int32(), "unit_price": pa.string(), "discount": pa.string(),
    "currency": pa.string(), "sold_at": pa.timestamp("ms"), "recorded_at": pa.timestamp("ms"), "day": pa.string(),
}  # fmt: skip

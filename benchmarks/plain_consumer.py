"""The peer: what somebody would write who does not want Spark. One plain Python process, and as exact as the stream.

It reads the same records under the same contract, keeps the same raw record as durably, adds up the same hours, and
commits them with its offsets in one MySQL transaction per batch. Its databases are its own.
"""

import gc
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from confluent_kafka import Consumer, Message, TopicPartition
from pymongo import ASCENDING, MongoClient
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError
from pymongo.write_concern import WriteConcern

from benchmarks.load import Ends
from stack.mongo import ADMINISTRATOR as MONGO_PASSWORD
from stack.mysql import administrator
from tillstream import tables
from tillstream.accounts import KAFKA_ADMINISTRATOR
from tillstream.events import SALES, Reject, Sale, decoder, document, same_content
from tillstream.settings import Settings
from tillstream.shop_calendar import zone
from tillstream.stores import mongo, mongo_server, schema
from tillstream.stores.kafka import connection
from tillstream.stores.mysql import Connection, Cursor, transaction

DATABASE = "plain_consumer"
BATCH = 100_000  # records; smaller ones spend more on MySQL
EPOCH = 1
TABLES = (tables.LIVE_SALES, tables.PRODUCT_NAMES, tables.STREAM_OFFSETS, tables.REJECT_COUNTS)

Document = dict[str, Any]


@dataclass
class Batch:
    """What one batch of records adds up to."""

    documents: list[Document] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)
    rejects: list[Document] = field(default_factory=list)
    duplicates: int = 0
    offsets: Ends = field(default_factory=dict)


def drained(settings: Settings, first: int, number: int) -> float:
    """Reads `first` records to get warm, then `number` more; gives the records per second of the latter.

    Starts from nothing, and leaves nothing behind.
    """
    with _stores(settings) as (database, figures):
        peer = PlainConsumer(settings, database, figures)
        peer.run(first)
        begun = time.monotonic()
        done = peer.run(number)
        return done / (time.monotonic() - begun)


class PlainConsumer:
    """Reads, records, adds up, commits, again and again."""

    def __init__(self, settings: Settings, database: "Database[Document]", figures: "Connection[Cursor]") -> None:
        self._decode = decoder(SALES, settings.rules)
        self._zone = zone(settings.timezone)
        self._events, self._rejects = database["events"], database["rejects"]
        self._figures = figures
        account = connection(settings, KAFKA_ADMINISTRATOR)  # this client insists on a group, and no other has one
        self._consumer = Consumer(account | {"group.id": DATABASE, "enable.auto.commit": False})
        partitions = self._consumer.list_topics(SALES).topics[SALES].partitions
        self._consumer.assign([TopicPartition(SALES, partition, 0) for partition in partitions])

    def run(self, number: int) -> int:
        """Counts at least `number` records, or all that come; gives how many."""
        done = 0
        gc.disable()  # as the stream does: many live documents and no cycle among them
        while done < number:
            messages = self._consumer.consume(min(BATCH, number - done), 1.0)
            if not messages:
                break
            batch = self._decoded(messages)
            counting = self._recorded(batch)
            self._commit(batch, counting)
            done += len(messages)
        return done

    def _decoded(self, messages: Iterable[Message]) -> Batch:
        batch = Batch()
        for message in messages:
            partition, offset, value = message.partition() or 0, message.offset() or 0, message.value()
            received_ms = message.timestamp()[1]
            event = self._decode(value if isinstance(value, bytes) else None, received_ms)
            batch.offsets[partition] = offset + 1
            if isinstance(event, Sale):
                batch.documents.append(document(event, SALES, partition, offset))
                batch.sales.append(event)
            elif isinstance(event, Reject):
                source = {"topic": SALES, "partition": partition, "offset": offset}
                received_at = datetime.fromtimestamp(received_ms / 1000, UTC)
                batch.rejects.append(
                    {"_id": f"{SALES}-{partition}-{offset}", "source": source, "reason": event.reason.value,
                     "detail": event.detail, "received_at": received_at, "key": message.key(), "value": value}
                )  # fmt: skip
        return batch

    def _recorded(self, batch: Batch) -> list[Sale]:
        """Writes the raw record; gives the events that count: those whose own record it holds."""
        counting = batch.sales
        refused = _inserted(self._events, batch.documents)
        if refused:
            stored = {found["_id"]: found for found in self._events.find({"_id": {"$in": refused}})}
            counting = []
            for sale, written in zip(batch.sales, batch.documents, strict=True):
                known = stored.get(written["_id"])
                if known is None or known["source"] == written["source"]:
                    counting.append(sale)
                elif same_content(known, written):
                    batch.duplicates += 1
        _inserted(self._rejects, batch.rejects)
        return counting

    def _commit(self, batch: Batch, counting: list[Sale]) -> None:
        sums, names = self._added_up(counting)
        reasons: dict[str, int] = {}
        for reject in batch.rejects:
            reasons[reject["reason"]] = reasons.get(reject["reason"], 0) + 1
        now = datetime.now(UTC).replace(tzinfo=None)
        # Counted is of the batch, not of its partitions: this peer shows nobody how each of them does.
        offsets = [(SALES, partition, offset, 0, 0, 0, 0) for partition, offset in batch.offsets.items()]
        with transaction(self._figures) as cursor:
            cursor.executemany(
                tables.adding_upsert(tables.LIVE_SALES),
                sorted((EPOCH, *key, *figures) for key, figures in sums.items()),
            )
            cursor.executemany(
                tables.replacing_upsert(tables.PRODUCT_NAMES), sorted((*name, at) for name, at in names.items())
            )
            cursor.executemany(tables.replacing_upsert(tables.STREAM_OFFSETS), sorted(offsets))
            if reasons:
                rejected = [(SALES, reason, number, now) for reason, number in sorted(reasons.items())]
                cursor.executemany(tables.replacing_upsert(tables.REJECT_COUNTS), rejected)

    def _added_up(self, sales: Iterable[Sale]) -> tuple[dict[Any, list[Any]], dict[tuple[str, str], datetime]]:
        sums: dict[Any, list[Any]] = {}
        names: dict[tuple[str, str], datetime] = {}
        for sale in sales:
            hour = sale.sold_at.astimezone(self._zone).replace(minute=0, second=0, microsecond=0, tzinfo=None)
            key = (hour, sale.store_id, sale.product_id, sale.currency)
            figures = sums.get(key)
            if figures is None:
                figures = sums[key] = [0, 0, 0, 0, Decimal(0), Decimal(0), Decimal(0)]
            pieces = -sale.quantity if sale.kind == "return" else sale.quantity
            amount = pieces * Decimal(sale.unit_price)
            figures[0] += pieces
            figures[2] += 1
            figures[4] += amount
            figures[6] += amount
            if pieces < 0:
                figures[1] += sale.quantity
            if sale.line_no == 1:
                figures[3] += 1
            if sale.discount is not None:
                discount = Decimal(sale.discount) if pieces > 0 else -Decimal(sale.discount)
                figures[5] += discount
                figures[6] -= discount
            names[sale.product_id, sale.product_name] = sale.sold_at
        return sums, {name: at.astimezone(UTC).replace(tzinfo=None) for name, at in names.items()}


def _inserted(collection: "Collection[Document]", documents: list[Document]) -> list[Any]:
    """Inserts what is new; gives the ids that were there already."""
    if not documents:
        return []
    try:
        collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        faults = error.details["writeErrors"]
        if any(fault["code"] != mongo.DUPLICATE_KEY for fault in faults):
            raise
        return [fault["op"]["_id"] for fault in faults]
    return []


@contextmanager
def _stores(settings: Settings) -> Iterator[tuple["Database[Document]", "Connection[Cursor]"]]:
    """Databases of its own, as durable as the stream's, dropped in the end."""
    client: MongoClient[Document] = MongoClient(
        f"mongodb://{settings.mongo_hosts}", username=mongo_server.ADMINISTRATOR,
        password=settings.secret(MONGO_PASSWORD), authSource=mongo_server.ADMINISTRATION, tz_aware=True,
    )  # fmt: skip
    figures = administrator(settings)
    database = client.get_database(DATABASE, write_concern=WriteConcern("majority", j=True))
    try:
        database["events"].create_index([(name, ASCENDING) for name in mongo.INDEXES["events"][0]])
        with figures.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{DATABASE}`")
            cursor.execute(f"USE `{DATABASE}`")
            for table in TABLES:
                cursor.execute(table.ddl(schema.collation(cursor)))
        yield database, figures
    finally:
        client.drop_database(DATABASE)
        with figures.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{DATABASE}`")
        figures.close()
        client.close()

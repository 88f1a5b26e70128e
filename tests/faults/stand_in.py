"""A stream without Spark: it plans, replays and commits batches as Spark does, and counts with the product's own code.

Starting Spark takes ten seconds; this takes none, so that a history can hold hundreds of crashes. Real are Kafka,
MongoDB, MySQL, `recorded` (the executors' pass) and `live_batch.apply` (the transaction); the group-by is a fold in
Python.
"""

import json
import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from confluent_kafka import Consumer, Message, TopicPartition

from jobs.streaming import recording
from jobs.streaming.recording import Recording, recorded
from tests.night.fold import added_up
from tillstream.accounts import KAFKA_ADMINISTRATOR
from tillstream.settings import Settings
from tillstream.stores import kafka, live, live_batch
from tillstream.stores.kafka import Source
from tillstream.stores.live_batch import FloorMovedError
from tillstream.stores.mysql import connect

Floors = dict[Source, int]
Range = dict[Source, tuple[int, int]]


@dataclass(frozen=True)
class Design:
    """The product's protocol; a test plants a wrong one by changing a part."""

    floor_of_pass: Callable[[Floors], Floors] = lambda floor: floor
    floor_of_apply: Callable[[Floors, Floors], Floors] = lambda floor, _stored: floor
    skips: Callable[[str], bool] = lambda _batch_name: False
    applied: Callable[[str], None] = lambda _batch_name: None


class StandIn:
    """One stream with a checkpoint folder of its own. `between` runs between the raw record and MySQL."""

    def __init__(self, settings: Settings, folder: Path, start: Floors, rng: random.Random) -> None:
        self.settings, self.folder, self.start, self.rng = settings, folder, start, rng
        self.design = Design()
        self.between: Callable[[], None] = lambda: None
        self.deadly = False
        folder.mkdir(exist_ok=True)

    def maybe_die(self, chance: float) -> None:
        """The process ends here, as by kill -9; what the stores have committed stays."""
        if self.deadly and self.rng.random() < chance:
            os.kill(os.getpid(), signal.SIGKILL)

    def lose_checkpoint(self) -> None:
        """All is read again, and batch numbers start at 0."""
        (self.folder / "state.json").unlink(missing_ok=True)

    def state(self) -> dict[str, Any]:
        """The checkpoint: how far batches were committed, the number of the next one, and its plan if it has one."""
        path = self.folder / "state.json"
        if path.exists():
            state: dict[str, Any] = json.loads(path.read_text())
            return state
        return {"positions": [[*source, offset] for source, offset in self.start.items()], "number": 0, "plan": None}

    def batch(self) -> bool:
        """One micro-batch, planned now or replayed; False when there was nothing to read."""
        state = self.state()
        positions = {(topic, number): offset for topic, number, offset in state["positions"]}
        plan = self._plan(state, positions)
        if all(first == end for first, end in plan.values()):
            return False
        self._count(plan, f"{self.folder.name}-{state['number']}")
        self.maybe_die(0.15)  # after MySQL's commit, before Spark's commit log
        for source, (_, end) in plan.items():
            positions[source] = end
        self._save({"positions": [[*s, o] for s, o in positions.items()], "number": state["number"] + 1, "plan": None})
        return True

    def _plan(self, state: dict[str, Any], positions: Floors) -> Range:
        if state["plan"] is None:
            ends = {source: end for source, (_, end) in kafka.TopicReader(self.settings, "stream").bounds().items()}
            plan = {s: (o, min(ends[s], o + self.rng.randint(0, 12))) for s, o in positions.items()}
            if all(first == end for first, end in plan.values()):
                plan = {s: (o, ends[s]) for s, o in positions.items()}
            if all(first == end for first, end in plan.values()):
                return plan  # nothing to read: Spark plans no batch then
            state["plan"] = [[*source, *bounds] for source, bounds in plan.items()]
            self._save(state)
        return {(topic, number): (first, end) for topic, number, first, end in state["plan"]}

    def _save(self, state: dict[str, Any]) -> None:
        draft = self.folder / "state.part"
        draft.write_text(json.dumps(state))
        draft.rename(self.folder / "state.json")

    def _count(self, plan: Range, batch_name: str) -> None:
        connection = connect(self.settings, "stream")
        try:
            records = read(self.settings, plan)
            while True:
                floor = live.counted_offsets(connection)
                self.maybe_die(0.1)  # before any write
                task = Recording(self.settings, self.design.floor_of_pass(floor))
                batch = added_up(list(recorded([records], task)), self.settings.timezone)
                self.maybe_die(0.15)  # after MongoDB, before MySQL
                self.between()
                stored = live.counted_offsets(connection)
                if self.design.skips(batch_name):
                    return
                try:
                    live_batch.apply(connection, batch, self.design.floor_of_apply(floor, stored))
                except FloorMovedError:
                    continue
                self.design.applied(batch_name)
                return
        finally:
            connection.close()


def read(settings: Settings, plan: Range) -> pa.RecordBatch:
    """The planned records, as Spark's Kafka source gives them."""
    account = kafka.connection(settings, KAFKA_ADMINISTRATOR)  # this client insists on a group, and no other has one
    consumer = Consumer(account | {"group.id": "faults", "enable.auto.commit": False})
    messages: list[Message] = []
    for (topic, partition), (first, end) in plan.items():
        if first < end:
            consumer.assign([TopicPartition(topic, partition, first)])
            messages += consumer.consume(end - first, timeout=20)
    consumer.close()
    expected = sum(end - first for first, end in plan.values())
    assert len(messages) == expected, f"Kafka gave {len(messages)} of {expected} records"
    columns = {
        "topic": pa.array([m.topic() for m in messages]),
        "partition": pa.array([m.partition() for m in messages], pa.int32()),
        "offset": pa.array([m.offset() for m in messages], pa.int64()),
        "timestamp": pa.array([m.timestamp()[1] * 1000 for m in messages], pa.timestamp("us", "UTC")),
        "key": pa.array([m.key() for m in messages], pa.binary()),
        "value": pa.array([m.value() for m in messages], pa.binary()),
    }
    return pa.RecordBatch.from_pydict(columns)


def dying_in_mid_bulk(stream: StandIn) -> None:
    """Makes the raw record's bulk write stop half way now and then: unordered writes are not atomic."""
    whole = vars(recording)["insert_new"]

    def half(collection: Any, documents: Any, sizes: Any) -> Any:
        if stream.deadly and len(documents) > 1 and stream.rng.random() < 0.05:
            whole(collection, documents[: len(documents) // 2], sizes[: len(documents) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(collection, documents, sizes)

    vars(recording)["insert_new"] = half

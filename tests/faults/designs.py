"""Five wrong designs that look right. Planted into the product, each must make a history fail."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jobs.streaming import recording
from tests.faults.history import Plan
from tests.faults.shop_record import raw_record
from tests.faults.stand_in import Design
from tillstream.accounts import EVENTS, MONGO_DATABASE
from tillstream.events import Event
from tillstream.settings import Settings


def counts_if_newly_inserted(_settings: Settings) -> None:
    """An event counts if this very pass inserted it: a crash before MySQL loses it."""

    def settled(done: recording.Pass, stored: Mapping[str, Any], tallies: Any) -> list[Event]:
        pairs = zip(done.documents, done.events, strict=True)
        return [event for written, event in pairs if written["_id"] not in stored]

    vars(recording)["_settled"] = settled


def last_writer_wins(settings: Settings) -> None:
    """A record that is sent again replaces the first: both count."""
    insert_new = vars(recording)["insert_new"]

    def replaced(collection: Any, documents: list[dict[str, Any]], size: Callable[[Any], int]) -> list[Any]:
        if collection.name != EVENTS:
            refused: list[Any] = insert_new(collection, documents, size)
            return refused
        with raw_record(settings) as client:  # the stream's own account may not do it
            for document in documents:
                client[MONGO_DATABASE][EVENTS].replace_one({"_id": document["_id"]}, document, upsert=True)
        return [document["_id"] for document in documents]

    vars(recording)["insert_new"] = replaced


def nothing(_settings: Settings) -> None:
    """The executors' pass stays as it is."""


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
    """A history with one of the wrong designs of the protocol's model, by its name there."""
    plants = {"counts_if_newly_inserted": counts_if_newly_inserted, "last_writer_wins": last_writer_wins}
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
    return Plan(seed, steps, designs.get(bug, Design()), plants.get(bug, nothing))


BUGS = ("counts_if_newly_inserted", "last_writer_wins", "no_floor", "stale_floor", "batch_id_ledger")

"""Writing the raw record: what has an id that is there already is refused, and whatever is written stays."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.night.stores import empty
from tillstream.settings import Settings
from tillstream.stores import mongo
from tillstream.stores.mongo import Document, events, find_by_id, insert_new


@pytest.fixture
def raw(servers: Settings) -> Iterator[Any]:
    """The collection as the stream sees it."""
    empty(servers)
    yield events(servers, "stream")
    empty(servers)


def written(identity: str, offset: int) -> Document:
    return {"_id": identity, "source": {"topic": "sales", "partition": 0, "offset": offset}}


def offsets(raw: Any, *ids: str) -> dict[str, int]:
    return {identity: found["source"]["offset"] for identity, found in find_by_id(raw, ids).items()}


def test_the_first_writer_wins(raw: Any) -> None:
    assert insert_new(raw, [written("a", 1)], [100]) == []
    assert insert_new(raw, [written("a", 2), written("b", 3)], [100, 100]) == ["a"]
    assert offsets(raw, "a", "b") == {"a": 1, "b": 3}


def test_of_documents_written_together_the_first_wins(raw: Any) -> None:
    assert insert_new(raw, [written("a", 1), written("b", 2), written("a", 3)], [100] * 3) == ["a"]
    assert offsets(raw, "a", "b") == {"a": 1, "b": 2}


def test_the_first_wins_over_those_of_later_commands_too(raw: Any) -> None:
    half = mongo.COMMAND_BYTES // 2
    together = [written("a", 1), written("b", 2), written("c", 3), written("b", 4)]
    assert insert_new(raw, together, [half] * 4) == ["b"]
    assert offsets(raw, "a", "b", "c") == {"a": 1, "b": 2, "c": 3}


def test_mongod_is_not_asked_to_refuse_what_comes_twice(raw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """One refusal makes it write the documents of a whole transaction again, one by one: twice the work."""
    insert = vars(mongo)["_insert"]
    asked: list[int] = []

    def watched(collection: Any, documents: list[Document]) -> Document:
        asked.extend(document["source"]["offset"] for document in documents)
        reply: Document = insert(collection, documents)
        return reply

    monkeypatch.setattr(mongo, "_insert", watched)
    insert_new(raw, [written("a", 1), written("a", 2), written("b", 3), written("a", 4)], [100] * 4)
    assert asked == [1, 3]

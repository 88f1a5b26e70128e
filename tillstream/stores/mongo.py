"""MongoDB: the raw record and the quarantine, written once and kept for ever."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pymongo import ASCENDING, IndexModel, MongoClient
from pymongo.collection import Collection
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from tillstream.accounts import EVENTS, MONGO_DATABASE, REJECTS
from tillstream.errors import TerminalError, TillstreamError, TransientError
from tillstream.settings import Settings
from tillstream.stores import tls

Document = dict[str, Any]

INDEXES = {
    EVENTS: (("source.topic", "source.partition", "source.offset"),),
    REJECTS: (("reason", "received_at"),),
}
DUPLICATE_KEY = 11000
COMMAND_BYTES = 15_000_000  # a command is a document, and MongoDB's documents have at most 16 MiB
SELECTION_MS = 10_000
ANSWER_MS = {"stream": 60_000}  # a stream must notice a dead server; a recount of years takes the time it takes
# Not primary, shutting down, interrupted, write concern time-out, write conflict: a later try can succeed.
PASSING = {6, 7, 64, 89, 91, 189, 262, 9001, 10107, 11600, 11602, 13435, 13436, 14031, 112}
REFUSED = {13, 18, 8000}

_clients: dict[tuple[int, str, str], "MongoClient[Document]"] = {}


def client(settings: Settings, account: str) -> "MongoClient[Document]":
    """The process's client of an account. Executors keep their Python workers, so it lives as long as they do."""
    key = (os.getpid(), settings.mongo_hosts, account)
    if key not in _clients:
        check_tls(settings)
        _clients[key] = MongoClient(
            f"mongodb://{settings.mongo_hosts}",
            username=f"tillstream_{account}",
            password=settings.secret(f"mongo_{account}"),
            authSource=MONGO_DATABASE,
            tz_aware=True,
            serverSelectionTimeoutMS=SELECTION_MS,
            socketTimeoutMS=ANSWER_MS.get(account),
            appname=f"tillstream-{account}",
            **encryption(settings),
        )
    return _clients[key]


def encryption(settings: Settings) -> dict[str, Any]:
    """How a client speaks TLS, where it does."""
    return {"tls": True, "tlsCAFile": tls.authorities(settings)} if settings.uses_tls("mongo") else {}


def check_tls(settings: Settings) -> None:
    """Raises TerminalError when a server does not prove who it is: the client would go on looking for another."""
    for host in settings.mongo_hosts.partition("/")[0].split(","):
        tls.check(settings, "mongo", host)


def events(settings: Settings, account: str) -> "Collection[Document]":
    """The raw record: majority and journal, for what is acknowledged must survive any crash."""
    return _collection(settings, account, EVENTS)


def rejects(settings: Settings, account: str) -> "Collection[Document]":
    """The quarantine, as durable as the raw record."""
    return _collection(settings, account, REJECTS)


def insert_new(collection: "Collection[Document]", documents: Sequence[Document], sizes: Sequence[int]) -> list[Any]:
    """Inserts documents whose `_id` is new; gives the ids that were there already, which stay as they are.

    `sizes` bound the documents' bytes from above. Idempotent by `_id`: the first writer wins, among these documents
    the first of them. Raises TransientError or TerminalError when anything else went wrong; some documents may have
    been written by then, which a repetition sees as already there.
    """
    first, refused = _told_apart(documents, sizes)
    with translated(f"writing to {collection.name}"):
        for portion in _portions(first):
            refused += _refused_ids(collection.name, portion, _insert(collection, portion))
    return refused


def find_by_id(collection: "Collection[Document]", ids: Sequence[Any]) -> dict[Any, Document]:
    """The documents with these ids, by id."""
    with translated(f"reading {collection.name}"):
        return {document["_id"]: document for document in collection.find({"_id": {"$in": list(set(ids))}})}


def set_up(settings: Settings) -> None:
    """Creates the collections and indexes that are missing."""
    with translated("preparing the raw record"):
        for name, indexes in INDEXES.items():
            models = [IndexModel([(field, ASCENDING) for field in fields]) for fields in indexes]
            _collection(settings, "migrate", name).create_indexes(models)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turns pymongo's errors into TransientError or TerminalError."""
    try:
        yield
    except PyMongoError as error:
        raise _translation(what, error) from error


def _collection(settings: Settings, account: str, name: str) -> "Collection[Document]":
    return client(settings, account)[MONGO_DATABASE].get_collection(
        name, write_concern=WriteConcern("majority", j=True), read_concern=ReadConcern("majority")
    )


def _told_apart(documents: Sequence[Document], sizes: Sequence[int]) -> tuple[list[tuple[Document, int]], list[Any]]:
    """The first document of each id, with its size; and the ids of the others.

    mongod would refuse those itself, but one refusal makes it write all documents of the transaction anew, one by one.
    """
    first: list[tuple[Document, int]] = []
    seen, repeated = set(), []
    for document, size in zip(documents, sizes, strict=True):
        if document["_id"] in seen:
            repeated.append(document["_id"])
        else:
            seen.add(document["_id"])
            first.append((document, size))
    return first, repeated


def _portions(documents: Iterable[tuple[Document, int]]) -> Iterator[list[Document]]:
    portion: list[Document] = []
    filled = 0
    for document, size in documents:
        if portion and filled + size > COMMAND_BYTES:
            yield portion
            portion, filled = [], 0
        portion.append(document)
        filled += size
    if portion:
        yield portion


def _insert(collection: "Collection[Document]", documents: list[Document]) -> Document:
    # The command itself, because `insert_many` spends as long on each document as encoding it takes.
    return collection.database.command(
        {
            "insert": collection.name,
            "documents": documents,
            "ordered": False,
            "writeConcern": collection.write_concern.document,
        }
    )


def _refused_ids(name: str, documents: Sequence[Document], reply: Document) -> list[Any]:
    faults = reply.get("writeErrors", [])
    for fault in faults:
        if fault["code"] != DUPLICATE_KEY:
            first = documents[fault["index"]]["_id"]
            raise _fault(f"MongoDB refused document {first!r} of {name}: {fault['errmsg']}", fault["code"])
    if "writeConcernError" in reply:
        late = reply["writeConcernError"]["errmsg"]
        raise TransientError(f"MongoDB has not yet stored the documents of {name} durably: {late}.")
    return [documents[fault["index"]]["_id"] for fault in faults]


def _translation(what: str, error: PyMongoError) -> TillstreamError:
    if isinstance(error, OperationFailure):
        return _fault(f"{what}: {(error.details or {}).get('errmsg', error)}", error.code or 0)
    if isinstance(error, AutoReconnect) or error.timeout:
        return TransientError(f"{what}: MongoDB does not answer: {str(error)[:300]}.", "Check `tillstream status`.")
    return TerminalError(f"{what}: {error}.")


def _fault(message: str, code: int) -> TillstreamError:
    if code in REFUSED:
        return TerminalError(f"{message} (error {code}).", "Check the account's password file and its rights.")
    if code in PASSING:
        return TransientError(f"{message} (error {code}).", "Check `tillstream status`.")
    return TerminalError(f"{message} (error {code}).")

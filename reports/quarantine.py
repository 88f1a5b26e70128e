"""The quarantine: what was rejected and why, and a way back for what can be repaired."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from tillstream.errors import TerminalError
from tillstream.events import Reason, Reject, decoder
from tillstream.settings import Settings
from tillstream.stores.kafka import Producer
from tillstream.stores.mongo import Document, rejects, translated

REPAIRED_HEADER = "tillstream-repairs"  # the id of the reject that a record comes from


class RejectSummary(msgspec.Struct, frozen=True):
    """One record in quarantine, without its bytes: they may hold personal data."""

    id: str
    reason: str
    detail: str
    received_at: datetime
    size: int
    replayed_at: datetime | None


class RejectDetail(msgspec.Struct, frozen=True):
    """One record with its bytes, as text where they are text."""

    summary: RejectSummary
    key: str | None
    value: str | None


def list_rejects(settings: Settings, reason: str | None = None, most: int = 100) -> list[RejectSummary]:
    """The newest records in quarantine. Raises TerminalError for a reason that does not exist."""
    if reason is not None and reason not in list(Reason):
        raise TerminalError(f"There is no reason '{reason}'.", f"The reasons are {', '.join(Reason)}.")
    with translated("reading the quarantine"):
        found = rejects(settings, "operator").find({"reason": reason} if reason else {})
        return [_summary(document) for document in found.sort([("received_at", -1), ("_id", 1)]).limit(most)]


def show_reject(settings: Settings, reject_id: str) -> RejectDetail:
    """One record in full. Raises TerminalError when there is none with that id."""
    document = _find(settings, reject_id)
    return RejectDetail(_summary(document), _text(document["key"]), _text(document["value"]))


class Replay(msgspec.Struct, frozen=True):
    """What became of a replay: reject id to event id where it was sent, to the reason where it was not."""

    sent: dict[str, str]
    refused: dict[str, str]


def replay_all(
    settings: Settings, producer: Producer, reject_ids: Iterable[str], reason: str | None, repaired: bytes | None
) -> Replay:
    """Sends records again: those named, or all of a reason that were not yet; `repaired` replaces one's bytes.

    Twice is harmless: an event counts once. Raises TransientError when Kafka does not take them all.
    """
    outcome = Replay({}, {})
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    for document in _unsettled(settings, reason) if reason else (_find(settings, one) for one in reject_ids):
        value = repaired if repaired is not None else document["value"]
        topic = document["source"]["topic"]
        event = decoder(topic, settings.rules)(value, now_ms)
        if isinstance(event, Reject):
            outcome.refused[document["_id"]] = f"still {event.reason} ({event.detail}); give corrected JSON by --with"
        else:
            producer.send(topic, event.order_id, value, {REPAIRED_HEADER: document["_id"].encode()})
            outcome.sent[document["_id"]] = event.event_id
    producer.flush()
    _mark(settings, outcome.sent)
    return outcome


def _unsettled(settings: Settings, reason: str) -> Iterator[Document]:
    with translated("reading the quarantine"):
        yield from rejects(settings, "operator").find({"reason": reason, "replayed_at": None})


def _mark(settings: Settings, sent: dict[str, str]) -> None:
    with translated("marking the quarantine"):
        for reject_id, event_id in sent.items():
            rejects(settings, "operator").update_one(
                {"_id": reject_id}, {"$set": {"replayed_at": datetime.now(UTC), "replayed_as": event_id}}
            )


def _find(settings: Settings, reject_id: str) -> Document:
    with translated("reading the quarantine"):
        document = rejects(settings, "operator").find_one({"_id": reject_id})
    if document is None:
        raise TerminalError(f"There is no reject '{reject_id}'.", "`tillstream rejects list` shows them.")
    return document


def _summary(document: Document) -> RejectSummary:
    value = document["value"] or b""
    return RejectSummary(
        document["_id"],
        document["reason"],
        document["detail"],
        document["received_at"],
        len(value),
        document.get("replayed_at"),
    )


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "backslashreplace")

"""Calls of the importer with a sender that remembers what it took."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sources.csv_import import import_files
from sources.csv_options import ImportOptions
from sources.csv_summary import ImportSummary, Progress
from tillstream.events import Event, Reject, Rules, decoder

RECEIVED_MS = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
RULES = Rules(timezone="Asia/Yangon", opening_day=date(2000, 1, 1))
HEADER = "order_id,product_id,quantity,unit_price,sold_at"
HEADER_2019 = "Order ID,Product,Quantity Ordered,Price Each,Order Date,Purchase Address"
ADDRESS = '"917 1st St, Portland, OR 97035"'


class RecordingSender:
    """Keeps records; by identity, since the stream counts an identity once."""

    def __init__(self) -> None:
        self.records: list[tuple[str, str, bytes]] = []
        self.flushed = False

    def send(self, topic: str, key: str, value: bytes) -> None:
        self.records.append((topic, key, value))

    def flush(self) -> None:
        self.flushed = True

    @property
    def events(self) -> dict[str, Event]:
        """Every event by its id, decoded by the contract."""
        decoders = {topic: decoder(topic, RULES) for topic in ("sales", "stock")}
        decoded = [decoders[topic](value, RECEIVED_MS) for topic, _, value in self.records]
        return {event.event_id: event for event in decoded if not isinstance(event, Reject)}


def options(folder: Path, **changes: Any) -> ImportOptions:
    """Options of a shop in Yangon that counts in dollars."""
    return replace(ImportOptions(RULES, RECEIVED_MS, "USD", folder / "state"), **changes)


def imported(paths: Path | Sequence[Path], **changes: Any) -> tuple[dict[str, Event], ImportSummary]:
    """The events that a call sends, and its summary."""
    sender = RecordingSender()
    listed = [paths] if isinstance(paths, Path) else list(paths)
    summary = import_files(listed, options(listed[0].parent, **changes), sender, no_report)
    assert summary.total.sent == len(sender.records)
    assert sender.flushed
    return sender.events, summary


def no_report(_progress: Progress) -> None:
    """Takes no notice."""


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """A file with this text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def sales(path: Path, *lines: str, header: str = HEADER) -> Path:
    """A CSV file with these lines."""
    return written(path, "\n".join([header, *lines]) + "\n")


def refused(path: Path) -> list[tuple[int, str]]:
    """(line, reason) of the lines refused beside a file."""
    with path.with_name(path.name + ".refused.csv").open(newline="") as file:
        rows: list[Mapping[str, str]] = list(csv.DictReader(file))
    assert all(row["file"] == path.name for row in rows)
    return [(int(row["line"]), row["reason"]) for row in rows]

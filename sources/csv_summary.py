"""What a call of the importer tells: how far it is, and in the end what became of every line."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec


class Progress(msgspec.Struct, frozen=True):
    """How far a call is: lines read in all up to this file, or events sent in all (`file` is '' then)."""

    phase: Literal["reading", "sending"]
    file: str
    count: int


class Counts(msgspec.Struct, kw_only=True):
    """What became of lines. lines = sent + duplicates_dropped + blank + repeated_headers + all refused.

    `duplicates_kept` are among the sent ones. In a dry run, `sent` is what would be sent.
    """

    lines: int = 0
    sent: int = 0
    duplicates_dropped: int = 0
    duplicates_kept: int = 0
    blank: int = 0
    repeated_headers: int = 0
    refused: dict[str, int] = msgspec.field(default_factory=dict)


class FileSummary(Counts, kw_only=True):
    """One file: its layout ('2019', 'sales', 'stock', 'columns') and where its refused lines are."""

    path: str
    layout: str
    refused_file: str | None = None
    notes: list[str] = msgspec.field(default_factory=list)


class RefusedLine(msgspec.Struct, frozen=True):
    """A refused line, for showing. `reason` is one of `LineReason` or of the contract's `Reason`."""

    path: str
    line: int
    reason: str
    detail: str


class Skipped(msgspec.Struct, frozen=True):
    """A file of a folder that holds neither sales nor stock."""

    path: str
    why: str


class ImportSummary(msgspec.Struct, kw_only=True):
    """The outcome of a call, by file and in total; `examples` are its first refused lines."""

    dry_run: bool
    total: Counts
    files: list[FileSummary]
    skipped: list[Skipped]
    examples: list[RefusedLine]


def total(files: Sequence[Counts]) -> Counts:
    """The counts of all files together."""
    numbers = {
        name: sum(getattr(file, name) for file in files) for name in Counts.__struct_fields__ if name != "refused"
    }
    refused: Counter[str] = Counter()
    for file in files:
        refused.update(file.refused)
    return Counts(**numbers, refused=dict(refused.most_common()))

"""Numbers the lines of an order whose file does not: the same lines get the same numbers in every call.

The lines of an order are numbered 1, 2, 3 … as they stand in their file; when an order spans files, the file with its
earliest line comes first, and of files with the same earliest time the one whose name comes first. The order in which
a call names its files plays no part. Exact duplicates (every column equal) do not take a number before the last
distinct line has its own, so `keep` after `drop` adds the duplicates and nothing else. A refused line whose order can
be read keeps its number free: once mended, it comes in under that number and moves no other.

What no numbering without a memory can do is to go on counting where an earlier call stopped. The lines of an order
that spans files should therefore be imported in one call, as a folder. Imported apart, they claim each other's
numbers: the stream finds another payload under a known id and puts it into quarantine as a conflict, where it is seen
and can be repaired. The same conflicts show a line that was added in the middle of an order imported before, but there
the order's last line also gets a new number and counts twice: correct an imported order at its end, or with a return.
"""

import enum
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from sources.csv_staging import StagedLine


class Fate(enum.Enum):
    """What becomes of a line when its order is put together."""

    FIRST = "first"
    COPY = "copy"
    CONFLICT = "conflict"
    HELD = "held"  # refused when it was read; only its number is kept free


class Numbered(NamedTuple):
    """A line, its number (None when it gets none) and its fate."""

    line: StagedLine
    number: int | None
    fate: Fate


def numbered(order: Sequence[StagedLine], *, keep: bool) -> Iterable[Numbered]:
    """Numbers and fates of the lines of one order, which come sorted by file and line. `keep`: copies get numbers."""
    return (_alone(order[0]),) if len(order) == 1 else _together(order, keep=keep)


def _alone(line: StagedLine) -> Numbered:
    return Numbered(line, 1 if line.line_no is None else line.line_no, Fate.FIRST if line.content else Fate.HELD)


def _together(order: Sequence[StagedLine], *, keep: bool) -> Iterator[Numbered]:
    if order[0].file != order[-1].file:
        order = _by_time_of_file(order)
    given = [line for line in order if line.line_no is not None]
    own = [line for line in order if line.line_no is None] if given else order
    yield from _with_given_numbers(given)
    yield from _with_own_numbers(own, max((line.line_no or 0 for line in given), default=0), keep=keep)


def _by_time_of_file(order: Sequence[StagedLine]) -> list[StagedLine]:
    earliest: dict[int, str] = {}
    for line in order:
        if line.content is not None:
            moment = _moment(line.content)
            earliest[line.file] = min(moment, earliest.get(line.file, moment))
    return sorted(order, key=lambda line: (earliest.get(line.file, "~"), line.file, line.line))  # "~": no time at all


def _moment(content: bytes) -> str:
    fields: dict[str, Any] = msgspec.json.decode(content)
    return str(fields.get("sold_at") or fields.get("recorded_at") or "~")


def _with_given_numbers(order: Iterable[StagedLine]) -> Iterator[Numbered]:
    contents: dict[int | None, bytes | None] = {}
    for line in order:
        if line.line_no not in contents:
            contents[line.line_no] = line.content
            yield Numbered(line, line.line_no, Fate.FIRST)
        else:
            same = contents[line.line_no] == line.content
            yield Numbered(line, None, Fate.COPY if same else Fate.CONFLICT)


def _with_own_numbers(order: Sequence[StagedLine], last: int, *, keep: bool) -> Iterator[Numbered]:
    distinct: dict[tuple[bytes | str, str], StagedLine] = {}
    copies = []
    for line in order:
        if distinct.setdefault((line.content or line.text, line.rest), line) is not line:
            copies.append(line)
    for number, line in enumerate(distinct.values(), last + 1):
        yield Numbered(line, number, Fate.FIRST if line.content else Fate.HELD)
    for number, line in enumerate(copies, last + len(distinct) + 1):
        yield Numbered(line, number if keep else None, Fate.COPY if line.content else Fate.HELD)

"""Where the lines of a call wait on disk until all are known: memory stays small however large the files are.

Lines are spread over parts by their order, so that a part holds whole orders and fits in memory. Refusals, usually few,
are kept in SQLite, which sorts them.
"""

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple
from zlib import crc32

import msgspec

from tillstream.errors import TerminalError

MAX_LINES_PER_ORDER = 100_000  # the contract's limit; more in one order is a wrong mapping
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE refusal (file, line, reason, detail, text);
"""
_PARTS = 64  # ten million lines make parts of about 80 MB
_CHUNK = 400  # lines of a part that are written at once

Key = tuple[str, str, str]  # topic, till, order


class StagedLine(NamedTuple):
    """A line that waits. `file` is its file's place in the order of names, `key` its topic, till and order.

    `line_no` is the number that its file gives it, if it gives one. `content` is the event's JSON object without its
    identity; None for a line that was refused but whose order is known: it keeps its place in the numbering, so that
    the others' numbers stay when it is mended. `rest` are the cells of columns that no field is made of.
    """

    key: Key
    file: int
    line: int
    line_no: int | None
    content: bytes | None
    rest: str
    text: str


class Refusal(NamedTuple):
    """A line that is not sent, and why."""

    file: int
    line: int
    reason: str
    detail: str
    text: str


class Staging:
    """Lines and refusals of one call."""

    def __init__(self, lines: IO[bytes], refusals: sqlite3.Connection) -> None:
        self._file = lines
        self._parts: list[list[StagedLine]] = [[] for _ in range(_PARTS)]
        self._chunks: list[list[tuple[int, int]]] = [[] for _ in range(_PARTS)]  # (position, bytes) in the file
        self._database = refusals

    def add(self, line: StagedLine) -> None:
        """Keeps a line. Those of one file come in its order, files in the order of their names."""
        part = crc32(line.key[2].encode()) % _PARTS
        waiting = self._parts[part]
        waiting.append(line)
        if len(waiting) >= _CHUNK:
            self._write(part)

    def refuse(self, refusal: Refusal) -> None:
        """Keeps a refusal."""
        text = refusal.text.encode(errors="backslashreplace").decode()
        self._database.execute("INSERT INTO refusal VALUES (?, ?, ?, ?, ?)", refusal._replace(text=text))

    def orders(self, too_many: Callable[[StagedLine], None]) -> Iterator[tuple[Key, list[StagedLine]]]:
        """Each order with its lines, in the order of files and lines; `too_many` is told the lines beyond the limit."""
        for part in range(_PARTS):
            self._write(part)
            orders: dict[Key, list[StagedLine]] = {}
            for position, size in self._chunks[part]:
                for line in self._read(position, size):
                    order = orders.setdefault(line.key, [])
                    if len(order) < MAX_LINES_PER_ORDER:
                        order.append(line)
                    else:
                        too_many(line)
            yield from orders.items()

    def refusals(self, file: int) -> Iterator[Refusal]:
        """The refusals of a file, in the order of its lines."""
        rows = self._database.execute("SELECT * FROM refusal WHERE file = ? ORDER BY line", (file,))
        return map(Refusal._make, rows)

    def _write(self, part: int) -> None:
        chunk = msgspec.msgpack.encode(self._parts[part])
        self._chunks[part].append((self._file.tell(), len(chunk)))
        self._file.write(chunk)
        self._parts[part].clear()

    def _read(self, position: int, size: int) -> list[StagedLine]:
        end = self._file.tell()
        self._file.seek(position)
        chunk = self._file.read(size)
        self._file.seek(end)
        return _decoded(chunk)


_decoded = msgspec.msgpack.Decoder(list[StagedLine]).decode


@contextmanager
def staging() -> Iterator[Staging]:
    """A staging area in the temporary folder, gone afterwards. Raises TerminalError when there is no room for it."""
    try:
        with (
            TemporaryDirectory(prefix="tillstream-import-") as folder,
            (Path(folder) / "lines").open("w+b") as lines,
            closing(sqlite3.connect(Path(folder) / "refusals", isolation_level=None)) as refusals,
        ):
            refusals.executescript(_SCHEMA)
            refusals.execute("BEGIN")
            yield Staging(lines, refusals)
    except sqlite3.Error as error:
        raise _no_room(str(error)) from error
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.ENOENT):
            raise
        raise _no_room(str(error)) from error


def _no_room(why: str) -> TerminalError:
    return TerminalError(
        f"The lines cannot be kept in the temporary folder while they are numbered: {why}.",
        "Free some space there, or set TMPDIR to a folder with more.",
    )

"""Where the lines of a call wait on disk until all are known: memory stays small however large the files are."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tillstream.errors import TerminalError

_CHUNK = 5_000  # lines per insert
_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA page_size = 16384;
PRAGMA cache_size = -32768;
CREATE TABLE line (key, file, line, line_no, content, rest, text, PRIMARY KEY (key, file, line)) WITHOUT ROWID;
CREATE TABLE refusal (file, line, reason, detail, text);
"""


Key = tuple[str, str, str]  # topic, till, order
_BETWEEN = "\x1f"  # no clean text has it


class StagedLine(NamedTuple):
    """A line that waits. `file` is its file's place in the order of names.

    `line_no` is the number that its file gives it, if it gives one. `content` is the event's JSON object without its
    identity; None for a line that was refused but whose order is known: it keeps its place in the numbering, so that
    the others' numbers stay when it is mended. `rest` are the cells of columns that no field is made of.
    """

    key: str
    file: int
    line: int
    line_no: int | None
    content: bytes | None
    rest: str
    text: str


def key_of(topic: str, till_id: str, order_id: str) -> str:
    """The key of an order, as it is kept."""
    return f"{topic}{_BETWEEN}{till_id}{_BETWEEN}{order_id}"


class Refusal(NamedTuple):
    """A line that is not sent, and why."""

    file: int
    line: int
    reason: str
    detail: str
    text: str


class Staging:
    """Lines and refusals of one call."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._lines: list[StagedLine] = []
        self._refusals: list[Refusal] = []

    def add(self, line: StagedLine) -> None:
        """Keeps a line."""
        self._lines.append(line)
        if len(self._lines) >= _CHUNK:
            self._write()

    def refuse(self, refusal: Refusal) -> None:
        """Keeps a refusal."""
        self._refusals.append(refusal._replace(text=refusal.text.encode(errors="backslashreplace").decode()))
        if len(self._refusals) >= _CHUNK:
            self._write()

    def orders(self) -> Iterator[tuple[Key, Iterator[StagedLine]]]:
        """Each order with its lines, in the order of files and lines."""
        self._write()
        rows = self._database.execute("SELECT * FROM line ORDER BY key, file, line")
        for key, lines in groupby(map(StagedLine._make, rows), key=itemgetter(0)):
            topic, till_id, order_id = key.split(_BETWEEN)
            yield (topic, till_id, order_id), lines

    def refusals(self, file: int) -> Iterator[Refusal]:
        """The refusals of a file, in the order of its lines."""
        self._write()
        rows = self._database.execute("SELECT * FROM refusal WHERE file = ? ORDER BY line", (file,))
        return map(Refusal._make, rows)

    def _write(self) -> None:
        self._database.executemany("INSERT INTO line VALUES (?, ?, ?, ?, ?, ?, ?)", self._lines)
        self._database.executemany("INSERT INTO refusal VALUES (?, ?, ?, ?, ?)", self._refusals)
        self._lines.clear()
        self._refusals.clear()


@contextmanager
def staging() -> Iterator[Staging]:
    """A staging area in the temporary folder, gone afterwards. Raises TerminalError when there is no room for it."""
    with TemporaryDirectory(prefix="tillstream-import-") as folder:
        database = sqlite3.connect(Path(folder) / "lines.sqlite", isolation_level=None)
        try:
            database.executescript(_SCHEMA)
            database.execute("BEGIN")
            yield Staging(database)
        except sqlite3.Error as error:
            raise TerminalError(
                f"The lines cannot be kept in {folder} while they are numbered: {error}.",
                "Free some space there, or set TMPDIR to a folder with more.",
            ) from error
        finally:
            database.close()

"""Reads the header and the records of a CSV file.

A damaged line never stops the reading: it comes out as a record with a reason. A quote that is never closed costs its
own line only, not the rest of the file.
"""

import csv
import enum
import io
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sources.csv_text import ENCODINGS, MAX_TEXT, Source, is_unicode, physical_lines, text_of
from tillstream.errors import TerminalError
from tillstream.events import normalised

MAX_LINES_PER_RECORD = 10  # an address may span lines; a quote that stays open for longer was never meant to be closed
DELIMITERS = ",;\t|"


class LineReason(enum.StrEnum):
    """Why a line of a CSV file is refused before the event contract sees it: a closed set."""

    WRONG_COLUMNS = "wrong_columns"
    CUT = "cut_in_mid_line"
    UNDECODABLE = "undecodable"
    BAD_QUOTES = "bad_quotes"
    TOO_LONG = "too_long"
    UNPARSABLE_DATE = "unparsable_date"
    UNPARSABLE_NUMBER = "unparsable_number"


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose header has been read. `header` holds the normalised column names."""

    path: Path
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_line: int


class Record(NamedTuple):
    """One record: the number of its first line (from 1), its text and cells, and why it is refused, if it is.

    `unended`: the file ends without a line break behind it, as some programs write, or as a cut leaves it.
    """

    line: int
    text: str
    cells: list[str]
    reason: LineReason | None = None
    detail: str = ""
    unended: bool = False


def opened(path: Path, encoding: str = "utf-8") -> CsvFile:
    """The file with its header; a byte order mark wins over `encoding`.

    Raises TerminalError when it cannot be read, is not text, or is empty.
    """
    with text_of(path, encoding) as (stream, _):
        for number, (text, _) in enumerate(physical_lines(stream), 1):
            if text.strip("\ufeff\n" + DELIMITERS + ' "'):
                return CsvFile(path, stream.encoding, *_split_header(path, text), number)
    raise TerminalError(f"{path} is empty.", "A CSV file begins with a line of column names.")


def records(file: CsvFile) -> Iterator[Record]:
    """Every record behind the header, blank ones and repeated headers included, in the order of the file."""
    with text_of(file.path, file.encoding) as (stream, source):
        yield from _Records(stream, source, file)


class _Records:
    """Splits lines into records. Lines that were read ahead for an open quote in vain wait to be read again."""

    def __init__(self, stream: io.TextIOWrapper, source: Source, file: CsvFile) -> None:
        self._numbered = enumerate(physical_lines(stream), 1)
        self._source = source
        self._delimiter, self._width = file.delimiter, len(file.header)
        self._cells = _cells_reader(file.delimiter)
        self._header_line = file.header_line
        self._waiting: deque[tuple[int, tuple[str, bool]]] = deque()

    def __iter__(self) -> Iterator[Record]:
        number, text = 0, "\n"
        while line := self._next():
            number, (text, too_long) = line
            if number > self._header_line:
                yield self._too_long(number, text) if too_long else self._record(number, text)
        if self._source.damaged and text.endswith("\n"):
            yield Record(number + 1, "", [], LineReason.CUT, "the compressed file is damaged from here on")

    def _next(self) -> tuple[int, tuple[str, bool]] | None:
        return self._waiting.popleft() if self._waiting else next(self._numbered, None)

    def _too_long(self, number: int, text: str) -> Record:
        return Record(number, text[:200], [], LineReason.TOO_LONG, f"the line has more than {MAX_TEXT} characters")

    def _record(self, number: int, text: str) -> Record:
        last = not text.endswith("\n")
        text = text.rstrip("\n")
        cells, fault = self._cells(text)
        if not text.isascii() and not is_unicode(text):
            return Record(
                number,
                text,
                cells,
                LineReason.UNDECODABLE,
                "the line is not in the encoding of the file; --encoding names another",
            )
        wrong = fault is not None or len(cells) != self._width
        wrong = wrong and text.strip(self._delimiter + '" ') != ""  # a blank line may have any number of columns
        if last and (self._source.damaged or wrong):
            return Record(number, text, cells, LineReason.CUT, "the file ends within this line")
        if wrong and fault is _Fault.OPEN:
            return self._spanning(number, text)
        if wrong and fault is not None:
            return Record(number, text, cells, LineReason.BAD_QUOTES, "a quote stands within a quoted value")
        if wrong:
            detail = f"{len(cells)} columns; the header has {self._width}"
            return Record(number, text, cells, LineReason.WRONG_COLUMNS, detail)
        return Record(number, text, cells, None, "", last)

    def _spanning(self, number: int, first: str) -> Record:
        """The record whose quote closes on a later line; failing that, the first line alone is refused."""
        text = first
        ahead: list[tuple[int, tuple[str, bool]]] = []
        while len(ahead) < MAX_LINES_PER_RECORD - 1 and len(text) < MAX_TEXT and (line := self._next()):
            ahead.append(line)
            text = text + "\n" + line[1][0].removesuffix("\n")
            cells, fault = self._cells(text)
            if fault is None and len(cells) == self._width and is_unicode(text):
                return Record(number, text, cells)
            if fault is not _Fault.OPEN:
                break
        self._waiting.extendleft(reversed(ahead))
        cells = first.split(self._delimiter)
        return Record(number, first, cells, LineReason.BAD_QUOTES, "a quote opens that is not closed")


class _Fault(enum.Enum):
    """What is wrong with the quotes of a record."""

    OPEN = "a quote is not closed"
    INSIDE = "a quote stands within a quoted value"


def _cells_reader(delimiter: str) -> Callable[[str], tuple[list[str], _Fault | None]]:
    """The function from a record's text to its cells; with a fault in its quotes, the text split at every delimiter."""
    texts: list[str] = []
    # One reader for all records: making one costs more than reading with it. It asks for more text than there is, and
    # `pop` raises, exactly when a quote is open.
    reader = csv.reader(iter(texts.pop, None), delimiter=delimiter, strict=True, skipinitialspace=True)

    def cells(text: str) -> tuple[list[str], _Fault | None]:
        if '"' not in text:
            return text.split(delimiter), None
        texts.append(text)
        try:
            return next(reader), None
        except IndexError:
            return text.split(delimiter), _Fault.OPEN
        except csv.Error:
            return text.split(delimiter), _Fault.INSIDE

    return cells


def _split_header(path: Path, text: str) -> tuple[str, tuple[str, ...]]:
    """(the delimiter that splits the header best, the column names)"""
    if "\0" in text or not is_unicode(text):
        raise TerminalError(f"{path} is not text in the expected encoding.", ENCODINGS)
    text = text.strip("\ufeff\n")
    splits = {delimiter: _cells_reader(delimiter)(text)[0] for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: len(splits[delimiter]))
    return best, tuple(normalised(cell) for cell in splits[best])

"""Reads CSV text as shops have it: compressed or not, in several encodings, with quotes, damaged or cut short.

A damaged line never stops the reading: it comes out as a record with a reason. A quote that is never closed costs its
own line only, not the rest of the file.
"""

import codecs
import csv
import enum
import gzip
import io
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from tillstream.errors import TerminalError
from tillstream.events import normalised

MAX_TEXT = 65_536  # characters of a line: no receipt line comes near, and a file without line breaks must fit in memory
MAX_LINES_PER_RECORD = 10  # an address may span lines; a quote that stays open for longer was never meant to be closed
DELIMITERS = ",;\t|"
_GZIP, _ZIP = b"\x1f\x8b", b"PK"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_UNDECODABLE = "tillstream.undecodable"


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
    with _text(path, encoding) as (stream, _):
        for number, (text, _) in enumerate(_lines(stream), 1):
            if text.strip("\ufeff\n" + DELIMITERS + ' "'):
                return CsvFile(path, stream.encoding, *_split_header(path, text), number)
    raise TerminalError(f"{path} is empty.", "A CSV file begins with a line of column names.")


def records(file: CsvFile) -> Iterator[Record]:
    """Every record behind the header, blank ones and repeated headers included, in the order of the file."""
    with _text(file.path, file.encoding) as (stream, source):
        yield from _Records(stream, source, file)


class _Source(io.RawIOBase):
    """Bytes of a file. A compressed file that is cut or damaged ends where the damage begins, and says so."""

    def __init__(self, file: Any) -> None:
        self._file = file  # `read1` gives what there is before an error, which `read` would lose
        self.damaged = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._file.read1(len(buffer))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            self.damaged = True
            return 0
        buffer[: len(data)] = data
        return len(data)


class _Records:
    """Splits lines into records. Lines that were read ahead for an open quote in vain wait to be read again."""

    def __init__(self, stream: io.TextIOWrapper, source: _Source, file: CsvFile) -> None:
        self._numbered = enumerate(_lines(stream), 1)
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
        if not text.isascii() and not _is_unicode(text):
            return Record(number, text, cells, LineReason.UNDECODABLE, "the line is not in the encoding of the file")
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
        return Record(number, text, cells, unended=last)

    def _spanning(self, number: int, first: str) -> Record:
        """The record whose quote closes on a later line; failing that, the first line alone is refused."""
        text = first
        ahead: list[tuple[int, tuple[str, bool]]] = []
        while len(ahead) < MAX_LINES_PER_RECORD - 1 and len(text) < MAX_TEXT and (line := self._next()):
            ahead.append(line)
            text = f"{text}\n{line[1][0]}".rstrip("\n")
            cells, fault = self._cells(text)
            if fault is None and len(cells) == self._width and _is_unicode(text):
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


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a byte that the encoding does not know became a lone surrogate
        return False
    return True


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(0xDC00 + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(_UNDECODABLE, _escaped)


@contextmanager
def _text(path: Path, encoding: str) -> Iterator[tuple[io.TextIOWrapper, _Source]]:
    try:
        with path.open("rb") as file:
            compressed = file.peek(2)[:2] == _GZIP
            source = _Source(gzip.GzipFile(fileobj=file) if compressed else file)
            buffered = io.BufferedReader(source, 1 << 18)
            start = buffered.peek(4)
            if start.startswith(_ZIP):
                raise TerminalError(
                    f"{path} is a spreadsheet or an archive, not CSV.", "Save or unpack it as CSV first."
                )
            marked = next((name for bom, name in _BOMS if start.startswith(bom)), encoding)
            with io.TextIOWrapper(buffered, encoding=marked, errors=_UNDECODABLE) as stream:
                yield stream, source
    except LookupError as error:
        raise TerminalError(f"'{encoding}' is not a text encoding.", "Try utf-8, cp1252 or latin-1.") from error
    except OSError as error:
        raise TerminalError(f"{path} cannot be read: {error.strerror or error}.") from error


def _lines(stream: io.TextIOWrapper) -> Iterator[tuple[str, bool]]:
    """(a line with its line break, whether only its beginning is given because it is too long)"""
    while text := stream.readline(MAX_TEXT + 1):
        too_long = len(text) > MAX_TEXT
        piece = text
        while too_long and piece and not piece.endswith("\n"):
            piece = stream.readline(MAX_TEXT)
        yield text, too_long


def _split_header(path: Path, text: str) -> tuple[str, tuple[str, ...]]:
    """(the delimiter that splits the header best, the column names)"""
    if "\0" in text or not _is_unicode(text):
        raise TerminalError(
            f"{path} is not text in the expected encoding.",
            "Name the encoding with --encoding, such as cp1252, latin-1 or utf-16.",
        )
    text = text.strip("\ufeff\n")
    splits = {delimiter: _cells_reader(delimiter)(text)[0] for delimiter in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: len(splits[delimiter]))
    return best, tuple(normalised(cell) for cell in splits[best])

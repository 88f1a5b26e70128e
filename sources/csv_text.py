"""The text of a file as shops have it: compressed or not, in several encodings, damaged or cut short."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tillstream.errors import TerminalError

MAX_TEXT = 65_536  # characters of a line: no receipt line comes near, and a file without line breaks must fit in memory
_GZIP, _ZIP = b"\x1f\x8b", b"PK"
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
ENCODINGS = "Name another with --encoding, such as utf-8, cp1252, latin-1 or utf-16."
_UNDECODABLE = "tillstream.undecodable"


class Source(io.RawIOBase):
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


def is_unicode(text: str) -> bool:
    """Whether every byte of the text could be decoded."""
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
def text_of(path: Path, encoding: str) -> Iterator[tuple[io.TextIOWrapper, Source]]:
    """The decoded text of a file, and the bytes behind it; a byte order mark wins over `encoding`.

    Bytes that the encoding does not know become lone surrogates. Raises TerminalError when the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            source = Source(gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == _GZIP else file)
            with _decoded(path, io.BufferedReader(source, 1 << 18), encoding) as stream:
                yield stream, source
    except OSError as error:
        raise TerminalError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeError as error:  # of the few encodings that cannot go on behind an error
        raise TerminalError(f"{path} is not in the encoding '{encoding}'.", ENCODINGS) from error


def _decoded(path: Path, file: io.BufferedReader, encoding: str) -> io.TextIOWrapper:
    start = file.peek(4)
    if start.startswith(_ZIP):
        raise TerminalError(f"{path} is a spreadsheet or an archive, not CSV.", "Save or unpack it as CSV first.")
    marked = next((name for bom, name in _BOMS if start.startswith(bom)), encoding)
    try:
        return io.TextIOWrapper(file, encoding=marked, errors=_UNDECODABLE)
    except LookupError as error:
        raise TerminalError(f"'{encoding}' is not a text encoding.", ENCODINGS) from error


def physical_lines(stream: io.TextIOWrapper) -> Iterator[tuple[str, bool]]:
    """(a line with its line break, whether only its beginning is given because it is too long)"""
    while text := stream.readline(MAX_TEXT + 1):
        too_long = len(text) > MAX_TEXT
        piece = text
        while too_long and piece and not piece.endswith("\n"):
            piece = stream.readline(MAX_TEXT)
        yield text, too_long

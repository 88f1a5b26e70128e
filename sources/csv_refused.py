"""Writes the refused lines of a file to a file beside it, for whoever mends them."""

import csv
import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from sources.csv_staging import Refusal
from tillstream.errors import TerminalError

SUFFIX = ".refused.csv"
HEADER = ("file", "line", "reason", "detail", "text")


def write_refused(path: Path, fallback: Path, refusals: Callable[[], Iterable[Refusal]]) -> Path:
    """Writes `<file>.refused.csv` beside the file, or in `fallback` when its folder cannot be written; gives its path.

    Raises TerminalError when neither can be written.
    """
    beside, elsewhere = _places(path, fallback)
    try:
        return _written(beside, path.name, refusals())
    except OSError:
        try:
            fallback.mkdir(parents=True, exist_ok=True)
            return _written(elsewhere, path.name, refusals())
        except OSError as error:
            raise TerminalError(
                f"The refused lines of {path} can be written neither to {beside} nor to {elsewhere}: {error.strerror}.",
                "Make one of the folders writable, then import again: what was sent counts once.",
            ) from error


def remove_refused(path: Path, fallback: Path) -> None:
    """Removes what an earlier call wrote, once no line of the file is refused any more."""
    for place in _places(path, fallback):
        with suppress(OSError):  # a folder that cannot be written has no such file of ours
            place.unlink(missing_ok=True)


def _places(path: Path, fallback: Path) -> tuple[Path, Path]:
    folder = hashlib.sha256(str(path.resolve().parent).encode()).hexdigest()[:8]  # two folders may have a sales.csv
    return path.with_name(path.name + SUFFIX), fallback / f"{folder}-{path.name}{SUFFIX}"


def _written(place: Path, name: str, refusals: Iterable[Refusal]) -> Path:
    with place.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows((name, *refusal[1:]) for refusal in refusals)
    return place

"""Which files a call reads, with the layout of each, and which ones of its folders it leaves alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sources.csv_layouts import Layout, fits, is_reference_data, layout_of
from sources.csv_lines import CsvFile, opened
from sources.csv_options import ImportOptions
from sources.csv_refused import SUFFIX
from sources.csv_summary import Skipped
from tillstream.errors import TerminalError

_TRUTH = "truth"  # where a simulated history keeps what no real shop knows
Chosen = tuple[CsvFile, Layout]


def chosen_files(paths: Sequence[Path], options: ImportOptions) -> tuple[list[Chosen], list[Skipped]]:
    """The files to read, in the order of their names, each once; and what was skipped.

    Raises TerminalError for a path that is not there, a folder without CSV and a file of an unknown layout: all of
    this before anything is sent.
    """
    chosen, skipped = {}, []
    for path, folder in _found(paths):
        if path.resolve() in chosen:
            continue
        if folder and _TRUTH in path.relative_to(folder).parts[:-1]:
            skipped.append(Skipped(str(path), "not sales or stock"))
            continue
        file = opened(path, options.encoding)
        if fits(options.columns, file.header) or not is_reference_data(file.header):
            chosen[path.resolve()] = file, layout_of(file, options.columns)
        elif folder:
            skipped.append(Skipped(str(path), f"holds products: tillstream products import '{path}'"))
        else:
            raise TerminalError(f"{path} holds products, not sales.", f"tillstream products import '{path}'")
    if not chosen:
        what = ", ".join(f"{skip.path} ({skip.why})" for skip in skipped)
        raise TerminalError(
            f"There are no sales or stock movements to import: {what}.", "Name files or folders with sales."
        )
    return sorted(chosen.values(), key=lambda pair: (pair[0].path.name, str(pair[0].path))), skipped


def _listed(folder: Path) -> list[Path]:
    try:
        files = sorted(file for file in folder.rglob("*") if _is_csv(file))
    except OSError as error:
        raise TerminalError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    if not files:
        raise TerminalError(f"The folder {folder} has no CSV files.", "Their names end in .csv or .csv.gz.")
    return files


def _found(paths: Sequence[Path]) -> Iterator[tuple[Path, Path | None]]:
    """(a file, the folder that it was found in, None if it was named itself)"""
    for path in paths:
        if path.is_dir():
            yield from ((file, path) for file in _listed(path))
        elif path.is_file():
            yield path, None
        else:
            raise TerminalError(f"There is no file or folder {path}.")


def _is_csv(path: Path) -> bool:
    name = path.name.lower()
    is_data = name.endswith((".csv", ".csv.gz")) and not name.startswith(".") and not name.endswith(SUFFIX)
    return is_data and path.is_file()

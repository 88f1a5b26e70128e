"""Commands that bring data in: import, products import, simulate."""

import signal
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from tillstream.cli.output import as_json, print_json, print_table
from tillstream.errors import TerminalError
from tillstream.settings import load
from tillstream.stores import kafka
from tillstream.stores.live import wait_until_counted
from tillstream.stores.reference import put_products

if TYPE_CHECKING:
    from sources.csv_summary import Counts, ImportSummary, Progress


LISTED = 20  # files of an import; `--json` has the rest


def _mapping(_context: click.Context, _parameter: click.Parameter, value: str | None) -> dict[str, str]:
    from sources.csv_layouts import parsed_columns

    try:
        return parsed_columns(value) if value else {}
    except TerminalError as error:
        raise click.BadParameter(str(error)) from error


@click.command("import")
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--columns", callback=_mapping, metavar="FIELD=HEADER,...", help="For other layouts: event fields to headers."
)
@click.option("--date-format", help="How times are written, as in '%d/%m/%Y %H:%M'; default ISO 8601.")
@click.option("--timezone", help="Zone of times that have none; default: the shop's.")
@click.option("--currency", help="ISO 4217 code of lines that name none.")
@click.option(
    "--duplicates",
    type=click.Choice(["drop", "keep"]),
    default="drop",
    show_default=True,
    help="Lines equal in every column.",
)
@click.option("--encoding", default="utf-8", show_default=True, help="Of files without a byte order mark.")
@click.option("--store", default="main", show_default=True, help="Store of lines that name none.")
@click.option("--till", default="import", show_default=True, help="Till of lines that name none.")
@click.option("--dry-run", is_flag=True, help="Read and check, send nothing.")
@click.option("--wait", is_flag=True, help="Come back when every record is in the figures.")
@as_json
def import_(
    paths: Sequence[Path], columns: dict[str, str], date_format: str | None, timezone: str | None, currency: str | None,
    duplicates: Literal["drop", "keep"], encoding: str, store: str, till: str, dry_run: bool, wait: bool, json: bool,
) -> None:  # fmt: skip
    """CSV files or folders to Kafka. Twice, or in another order, adds nothing."""
    from sources.csv_import import import_files
    from sources.csv_options import ImportOptions

    settings = load()
    options = ImportOptions(
        rules=settings.rules, received_ms=int(time.time() * 1000), shop_currency=settings.currency,
        refused_folder=settings.home, timezone=timezone, currency=currency, columns=columns, date_format=date_format,
        duplicates=duplicates, encoding=encoding, store=store, till=till,
    )  # fmt: skip
    if dry_run:
        summary = import_files(paths, options, None, _progress())
    else:
        with kafka.Producer(settings, "till") as producer:
            summary = import_files(paths, options, producer, _progress())
        if wait:
            wait_until_counted(settings, lambda behind: click.echo(f"{behind:,} records to count", err=True))
    if json:
        print_json(summary)
    else:
        _print_summary(summary)


@click.group()
def products() -> None:
    """Reference data of products."""


@products.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_products(file: Path) -> None:
    """Products, suppliers, costs, lead times, pack sizes out of a CSV file. All lines or none."""
    from sources.products import read_products

    settings = load()
    found = read_products(file, settings.currency)
    put_products(settings, found.products, found.suppliers)
    click.echo(f"{len(found.products):,} products and {len(found.suppliers):,} suppliers are known.")


@click.group()
def simulate() -> None:
    """A shop's history with known true demand, or a live till."""


@simulate.command()
@click.option("--months", type=click.IntRange(1, 120), default=36, show_default=True)
@click.option("--seed", type=int, default=7, show_default=True)
@click.option("--start", default="2023-01", show_default=True, metavar="YYYY-MM", help="First month.")
@click.option(
    "--until", type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="Last day, of a month cut short."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="New or empty folder for the files.")
def shop(months: int, seed: int, start: str, until: datetime | None, out: Path) -> None:
    """Writes a men's clothing shop's sales, stock, products, and the demand that it lost."""
    from sources.shop import simulate_shop

    summary = simulate_shop(months, seed, out, start, click.echo, until.date() if until else None)
    click.echo(
        f"{summary.sale_lines + summary.return_lines:,} receipt lines, {summary.stock_events:,} stock events and "
        f"{summary.products:,} products, {summary.first_day} to {summary.last_day}, in {summary.out}."
    )


@simulate.command()
@click.option("--rate", type=float, default=1.0, show_default=True, help="Records per second.")
@click.option("--count", type=int, help="Stop after so many records.")
@click.option("--seconds", type=float, help="Stop after so long.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--till", "till_id", default="live-1", show_default=True, help="Tills that run at once need ids of their own."
)
@click.option("--resend", type=float, default=0.0, help="Share of records sent twice.")
@click.option("--delay", type=float, default=0.0, help="Share of receipts that come hours or days late.")
@click.option("--reorder", type=float, default=0.0, help="Share of records that others overtake.")
@click.option("--corrupt", type=float, default=0.0, help="Share of records that the contract refuses.")
@as_json
def till(
    rate: float, count: int | None, seconds: float | None, seed: int, till_id: str, json: bool, **faults: float
) -> None:
    """Rings up sales until it has sent enough, its time is over, or Ctrl-C."""
    from sources.till import Till, TillFaults
    from sources.till_receipts import till_products
    from sources.till_run import TillRun, run_till

    settings = load()
    interrupted: list[Any] = []
    signal.signal(signal.SIGINT, lambda *_: interrupted.append(True))
    signal.signal(signal.SIGTERM, lambda *_: interrupted.append(True))
    with kafka.Producer(settings, "till") as producer:
        summary = run_till(
            producer, TillRun(rate, count, seconds, seed), till_products(),
            Till(settings.rules, till_id, currency=settings.currency),
            TillFaults(**faults), stopped=lambda: bool(interrupted),
        )  # fmt: skip
    if json:
        print_json(summary)
        return
    click.echo(
        f"{summary.sent:,} records sent in {summary.seconds:.1f} s, {summary.events:,} of them new sound events; "
        f"{summary.resent:,} re-sent, {summary.delayed:,} delayed, {summary.reordered:,} overtaken, "
        f"{summary.corrupted:,} corrupted."
    )


def _progress() -> "Callable[[Progress], None]":
    """A line that grows on a terminal, a line every few seconds elsewhere."""
    last = time.monotonic()
    terminal = sys.stderr.isatty()

    def report(progress: "Progress") -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < (0.1 if terminal else 3.0):
            return
        last = now
        line = f"{progress.phase} {Path(progress.file).name} {progress.count:,} lines"
        click.echo(f"\r{line}\x1b[K" if terminal else line, err=True, nl=not terminal)

    return report


def _print_summary(summary: "ImportSummary") -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)
    counts: list[tuple[str, str, Counts]] = [("all", "", summary.total)]
    counts += [(Path(file.path).name, file.layout, file) for file in summary.files]
    print_table(
        "Would be imported" if summary.dry_run else "Imported",
        ("file", "layout", "lines", "sent", "duplicates dropped", "kept", "blank", "headers", "refused"),
        (
            (
                name, layout, c.lines, c.sent, c.duplicates_dropped, c.duplicates_kept, c.blank, c.repeated_headers,
                sum(c.refused.values()),
            )
            for name, layout, c in counts
        ),
        LISTED,
    )  # fmt: skip
    for file in summary.files:
        for note in file.notes:
            click.echo(f"{file.path}: {note}")
        if file.refused_file:
            click.echo(f"{file.path}: refused lines are in {file.refused_file}")
    for reason, number in summary.total.refused.items():
        click.echo(f"{number:,} lines refused: {reason}")
    for example in summary.examples:
        click.echo(f"  {example.path}, line {example.line}: {example.reason} ({example.detail})")
    for skipped in summary.skipped:
        click.echo(f"{skipped.path}: skipped, {skipped.why}")


COMMANDS = (import_, products, simulate)

"""The commands `rejects`: what did not count, why, and a way back."""

from pathlib import Path

import click

from tillstream.cli.output import as_json, print_json, print_table
from tillstream.settings import load
from tillstream.stores import kafka


@click.group()
def rejects() -> None:
    """The quarantine: records that did not count, and why."""


@rejects.command("list")
@click.option("--reason", help="Only this reason.")
@click.option("--most", default=100, show_default=True, type=click.IntRange(1, 10_000), help="How many, newest first.")
@as_json
def list_(reason: str | None, most: int, json: bool) -> None:
    """The newest records in quarantine."""
    from reports.quarantine import list_rejects

    found = list_rejects(load(), reason, most)
    if json:
        print_json(found)
        return
    print_table(
        "Quarantine",
        ("id", "reason", "detail", "received (UTC)", "bytes", "replayed"),
        ((r.id, r.reason, r.detail, f"{r.received_at:%Y-%m-%d %H:%M:%S}", r.size, r.replayed_at) for r in found),
    )


@rejects.command()
@click.argument("reject_id", metavar="ID")
@as_json
def show(reject_id: str, json: bool) -> None:
    """One record with its bytes."""
    from reports.quarantine import show_reject

    found = show_reject(load(), reject_id)
    if json:
        print_json(found)
        return
    click.echo(f"{found.summary.id}: {found.summary.reason} ({found.summary.detail})")
    click.echo(found.value if found.value is not None else "(no value)")


@rejects.command()
@click.argument("reject_ids", metavar="ID...", nargs=-1)
@click.option("--reason", help="All records of this reason that were not replayed yet.")
@click.option(
    "--with",
    "repaired",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The corrected JSON of one record.",
)
def replay(reject_ids: tuple[str, ...], reason: str | None, repaired: Path | None) -> None:
    """Sends records again, repaired or as they are. What still breaks the contract stays, with the reason."""
    from reports.quarantine import replay_all

    if repaired is not None and (len(reject_ids) != 1 or reason):
        raise click.UsageError("--with repairs one record: give its ID.")
    if bool(reject_ids) == bool(reason):
        raise click.UsageError("Give IDs, or --reason.")
    settings = load()
    with kafka.Producer(settings, "operator") as producer:
        outcome = replay_all(settings, producer, reject_ids, reason, repaired.read_bytes() if repaired else None)
    for reject_id, event_id in outcome.sent.items():
        click.echo(f"{reject_id}: sent as {event_id}")
    for reject_id, why in outcome.refused.items():
        click.echo(f"{reject_id}: {why}", err=True)
    click.echo(f"{len(outcome.sent)} sent, {len(outcome.refused)} refused again.")
    if outcome.refused:
        raise click.exceptions.Exit(1)


COMMANDS = (rejects,)

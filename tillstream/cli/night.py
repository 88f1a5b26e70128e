"""Commands of the night: nightly, and notify, by which it tells somebody."""

import sys

import click

from tillstream.cli.output import Month, as_json, print_json
from tillstream.settings import load, variable


@click.command()
@click.option("--full", is_flag=True, help="Recount every month, not only those that were touched.")
@click.option("--month", type=Month(), metavar="YYYY-MM", help="Recount this month only.")
@click.option("--forecast", is_flag=True, help="Wait for the forecast that follows, too: the verdict is of both.")
@as_json
def nightly(full: bool, month: str | None, forecast: bool, json: bool) -> None:
    """Runs the night's work now, through Airflow, and waits for its verdict."""
    from stack.nightly import forecast_after
    from stack.nightly import nightly as run

    def report(line: str) -> None:
        click.echo(line, err=json)

    settings = load()
    verdict = run(settings, report, full, month)
    if forecast and verdict.exit_code == 0:
        report(verdict.message)
        verdict = forecast_after(settings, verdict.run, report)
    if json:
        print_json(verdict)
    elif verdict.exit_code == 0:
        click.echo(f"{verdict.message} ({verdict.seconds:.0f} s)")
    else:
        click.echo(
            f"tillstream: Nothing was published: {verdict.failed_task or 'the run'} failed.\n{verdict.message}\n"
            f"{verdict.page} has the whole log.",
            err=True,
        )
    sys.exit(verdict.exit_code)


@click.command()
@click.option("--title", required=True, help="What happened, in one line.")
@click.option("--link", default="", help="Where to look.")
@click.option("--once-in", default=0, metavar="MINUTES", help="Not again under this title before that time is over.")
def notify(title: str, link: str, once_in: int) -> None:
    """Sends a message, read from standard input, to the address of the setting TILLSTREAM_NOTIFY_URL."""
    from reports.notification import notify as send

    settings = load()
    text = sys.stdin.read().strip()
    if send(settings, f"Tillstream: {title}", f"{text}\n{link}".strip(), once_in):
        click.echo("Sent.")
    else:
        click.echo(
            "Not sent: " + ("sent not long ago." if settings.notify_url else f"{variable('notify_url')} is empty.")
        )


COMMANDS = (nightly, notify)

"""Commands of the embedded stack: up, down, status, stop, restart, logs, doctor, repair, gaps."""

import sys
from collections import deque

import click

from tillstream.cli.output import as_json, print_json, print_table
from tillstream.errors import TerminalError, TillstreamError
from tillstream.settings import load
from tillstream.stores import live
from tillstream.stores.kafka import TopicReader
from tillstream.stores.mysql import connect, rows, snapshot


@click.command()
@click.option("--service", "services", multiple=True, help="Only this service and what it needs; may be repeated.")
def up(services: tuple[str, ...]) -> None:
    """Starts the whole stack, or what is missing of it. Twice changes nothing."""
    from stack.lifecycle import up as start
    from stack.pages import pages

    settings = start(load(), click.echo, services or None)
    click.echo(f"The stack is up; its state is in {settings.home}. `tillstream status` shows it.")
    for name, sentence in pages(settings).items():
        if not services or name in services:
            click.echo(sentence)


@click.command()
def down() -> None:
    """Stops the whole stack, the stream first; leaves no process behind."""
    from stack.lifecycle import down as stop

    stop(load(), click.echo)
    click.echo("The stack is down.")


@click.command()
@as_json
def status(json: bool) -> None:
    """Each service's health, process and port; how fresh the figures are; the last night and forecast."""
    from reports import last_forecast as forecasts
    from reports import last_night as nights
    from stack.pages import pages
    from stack.status import status as look

    settings = load()
    services = look(settings)
    try:
        layers, night, forecast, why = _layers(), nights.last_night(settings), forecasts.last_forecast(settings), ""
    except TillstreamError as error:
        layers, night, forecast, why = [], None, None, error.what
    if json:
        print_json({
            "services": services, "freshness": layers, "last_night": night, "forecast": forecast,
            "pages": pages(settings), "home": str(settings.home),
        })  # fmt: skip
    else:
        print_table(
            f"Services ({settings.home})",
            ("service", "state", "healthy", "process", "port", "seconds up"),
            (
                (s.name, s.state, "yes" if s.healthy else "no", _id(s.pid), _id(s.port), s.uptime_seconds)
                for s in services
            ),
        )
        for sentence in pages(settings).values():
            click.echo(sentence)
        for layer in layers:
            click.echo(
                f"{layer['layer']}: {layer['events_behind']:,} events behind, "
                f"as of {layer['as_of'] or 'nothing yet'} UTC, "
                f"last commit {layer['published_at'] or 'none'}, {layer['state']} {layer['message']}".rstrip()
            )
        if not any(layer["layer"] == "truth" for layer in layers):
            click.echo(why or "truth: nothing published yet")
        if forecast is not None:
            click.echo("\n".join([*nights.sentences(night), *forecasts.sentences(forecast)]))
    if not all(service.healthy for service in services):
        sys.exit(1)


@click.command()
@click.argument("name")
def restart(name: str) -> None:
    """Stops one service and starts it again; `airflow` stands for all of it."""
    from stack.lifecycle import restart as restart_service

    restart_service(load(), name, click.echo)


@click.command()
@click.argument("name")
def stop(name: str) -> None:
    """Stops one service; the others go on. `tillstream restart NAME` and `tillstream up` start it again."""
    from stack.lifecycle import stop_service

    stop_service(load(), name, click.echo)


@click.command()
@click.argument("name")
@click.option("--lines", default=50, show_default=True, type=click.IntRange(1, 100_000), help="How many, from the end.")
def logs(name: str, lines: int) -> None:
    """The last lines of a service's log, and of its parts'."""
    from stack.lifecycle import logs_paths

    paths = logs_paths(load(), name)
    for path in paths:
        if len(paths) > 1:
            click.echo(f"==> {path} <==")
        try:
            with path.open(errors="backslashreplace") as log:
                click.echo("".join(deque(log, lines)), nl=False)
        except FileNotFoundError as error:
            raise TerminalError(f"There is no log of {name} yet: {path}.", "`tillstream up` starts it.") from error


@click.command()
@as_json
def doctor(json: bool) -> None:
    """What this machine lacks, and the exact command that installs it."""
    from stack.doctor import doctor as examine

    findings = examine()
    if json:
        print_json(findings)
    else:
        for finding in findings:
            click.echo(f"{'ok     ' if finding.fine else 'MISSING'} {finding.subject}: {finding.found}")
            if not finding.fine:
                click.echo(f"        {finding.remedy}")
    if not all(finding.fine for finding in findings):
        sys.exit(1)


@click.group()
def repair() -> None:
    """Ways out of a damaged state that lose and double nothing."""


@repair.command()
def checkpoint() -> None:
    """Sets Spark's checkpoint aside; the stream reads Kafka again from the start and adds nothing twice."""
    from jobs.streaming.checkpoint import CHECKPOINT, set_aside
    from stack.lifecycle import restart as restart_service
    from stack.lifecycle import stop_service

    settings = load()
    stop_service(settings, "stream", click.echo)
    if (folder := settings.home / CHECKPOINT).exists():
        set_aside(folder, "the operator asked for it")
    restart_service(settings, "stream", click.echo)


@click.group()
def gaps() -> None:
    """Records that Kafka deleted before they were counted."""


@gaps.command()
@click.confirmation_option(prompt="The missing records are never counted unless they are sent again. Go on?")
def accept() -> None:
    """Records the loss, and lets the stream go on behind it."""
    from jobs.streaming.checkpoint import CHECKPOINT, set_aside
    from stack.lifecycle import restart as restart_service
    from stack.lifecycle import stop_service

    settings = load()
    stop_service(settings, "stream", click.echo)
    reader = TopicReader(settings, "operator")
    connection = connect(settings, "operator")
    try:
        accepted = live.accept_gaps(connection, reader.bounds())
    finally:
        connection.close()
    for (topic, partition), first, end in accepted:
        click.echo(f"{topic}-{partition}: offsets {first} to {end - 1} are recorded as lost.")
    if accepted and (folder := settings.home / CHECKPOINT).exists():
        set_aside(folder, "it points at records that are gone")
    restart_service(settings, "stream", click.echo)


def _layers() -> list[dict[str, object]]:
    connection = connect(load(), "operator")
    names = ("layer", "as_of", "events_behind", "published_at", "state", "message")
    columns = ", ".join(f"`{name}`" for name in names)
    try:
        with snapshot(connection) as cursor:
            found = rows(cursor, f"SELECT {columns} FROM `freshness`")  # noqa: S608 names of this function
    finally:
        connection.close()
    return [dict(zip(names, row, strict=True)) | {"events_behind": int(row[2])} for row in found]


def _id(number: int | None) -> str:
    return "" if number is None else str(number)


COMMANDS = (up, down, status, stop, restart, logs, doctor, repair, gaps)

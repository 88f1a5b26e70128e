"""Commands for servers that are not part of the embedded stack."""

import click

from tillstream.settings import load


@click.group()
def servers() -> None:
    """Kafka, MongoDB, MySQL and PostgreSQL that run elsewhere."""


@servers.command()
@click.option("--wait", "patience", default=120, show_default=True, type=click.IntRange(1), help="Seconds, in all.")
def prepare(patience: int) -> None:
    """Makes topics, accounts, replica set, tables, views, indexes and rights. Again after each upgrade."""
    from stack.servers import prepare as prepare_servers

    prepare_servers(load(), click.echo, patience)


COMMANDS = (servers,)

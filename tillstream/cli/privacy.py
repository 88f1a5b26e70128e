"""The command `forget`: customers' addresses, deleted on request."""

from collections.abc import Sequence

import click

from tillstream.settings import load

PROMPT = (
    "Kafka loses every sale that is counted: from then on the raw record can only be brought back from a backup of "
    "MongoDB, so take one first. Go on?"
)


@click.command()
@click.argument("orders", metavar="ORDER_ID...", nargs=-1, required=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(orders: Sequence[str], yes: bool) -> None:
    """Deletes the customers' addresses of these orders, also from their other orders. No figure changes."""
    from tillstream.stores import forgetting

    settings = load()
    unknown = forgetting.unknown_orders(settings, orders)
    for order in unknown:
        click.echo(f"No sale that counts is of order {order}: only the quarantine is looked through for it.", err=True)
    if not yes:
        click.confirm(PROMPT, abort=True)
    done = forgetting.forget(settings, orders)
    click.echo(
        f"Deleted: the addresses of {done.sales:,} sales and {done.rejects:,} records in quarantine, and "
        f"{done.kafka_records:,} records of Kafka. Copies that you made (CSV files, backups) still have them."
    )
    if unknown:
        raise click.exceptions.Exit(1)


COMMANDS = (forget,)

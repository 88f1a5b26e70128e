"""Commands of the published truth: rollback."""

import click

from tillstream.settings import load


@click.command()
@click.option("--to", "generation", type=click.IntRange(1), help="This generation; without it, the one before.")
def rollback(generation: int | None) -> None:
    """Lets readers see an earlier publication again, with all that was sold since as live figures."""
    from jobs.batch.rebuild_live import roll_back

    back = roll_back(load(), generation)
    click.echo(
        f"Readers see generation {back.generation} again, and live figures since its cut {back.epoch}. "
        "The next night publishes anew."
    )


COMMANDS = (rollback,)

"""The `tillstream` command: what a shop's owner and an operator type."""

import sys

import click

from tillstream import __version__
from tillstream.cli import (
    data,
    embedded,
    explanation,
    figures,
    night,
    ordering,
    orders,
    privacy,
    quarantine,
    servers,
    truth,
)
from tillstream.errors import TillstreamError, told


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="tillstream")
def command() -> None:
    """A shop's sales book whose every figure is exact and can be explained."""


PARTS = (embedded, servers, data, figures, explanation, ordering, orders, quarantine, privacy, night, truth)
for part in (each for module in PARTS for each in module.COMMANDS):
    command.add_command(part)


def main() -> None:
    """Runs the command; a failure is one message and an exit code, never a traceback."""
    try:
        command()
    except TillstreamError as error:
        sys.exit(told(error))

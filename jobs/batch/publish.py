"""Publishes what was proved: readers get the recounted months and the younger cut in one transaction, or nothing.

It refuses unless every declared check of the run ran, no critical one failed and the reconciliation is clean. A night
that a younger one has overtaken publishes nothing and is no failure. Afterwards what nobody can see or come back to is
removed.
"""

import argparse
import sys

from expectations import suites
from expectations.suites import STAGES
from jobs.batch.command import parser, run
from tillstream.settings import Settings
from tillstream.stores import publication
from tillstream.stores.mysql import connect
from tillstream.stores.pruning import prune
from tillstream.stores.publication import ALREADY, OVERTAKEN, Declared, Published


def work(settings: Settings, chosen: argparse.Namespace, required: Declared | None = None) -> str:
    """Publishes a run's generation. Raises TerminalError when it is not proved; `required` are the gate's checks."""
    connection = connect(settings, "batch")
    try:
        required = suites.required(*STAGES) if required is None else required
        done = publication.publish(connection, chosen.run, required, settings.timezone)
        removed = prune(connection)
    finally:
        connection.close()
    return f"{sentence(done)} {removed:,} rows that nobody needs any more were removed."


def sentence(done: Published) -> str:
    """What became of a publication."""
    if done.outcome == ALREADY:
        return f"Generation {done.generation} is published already."
    if done.outcome == OVERTAKEN:
        return f"Generation {done.generation} was overtaken by a younger night: nothing is published."
    return (
        f"Generation {done.generation} is published: {done.months} months, {done.restated:,} figures of closed months "
        "restated."
    )


def main() -> int:
    """The task's command."""
    return run(parser(__doc__), work)


if __name__ == "__main__":
    sys.exit(main())

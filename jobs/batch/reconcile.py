"""Compares the candidate with what readers see: published truth plus what the stream has added up to the cut.

A change of a day that was seen published is kept with its cause. A difference that nothing explains refuses the
publication: this task is red then, and yesterday's truth stays.
"""

import argparse
import sys

from jobs.batch.command import parser, run
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import generations
from tillstream.stores.comparison import UNEXPLAINED
from tillstream.stores.mysql import connect, transaction
from tillstream.stores.reconciliation import Reconciled, reconcile


def work(settings: Settings, chosen: argparse.Namespace) -> str:
    """Reconciles a run's candidate. Raises TerminalError when something is unexplained."""
    connection = connect(settings, "batch")
    try:
        with transaction(connection) as cursor:
            night = generations.find(cursor, chosen.run)
            overtaken = generations.is_overtaken(cursor, night)
        if night.published_at is not None:
            return f"Generation {night.generation} is published: nothing to reconcile."
        if overtaken:
            return f"Generation {night.generation} was overtaken by a younger night: nothing to reconcile."
        if night.recounted_at is None:
            raise TerminalError(f"Generation {night.generation} is not recounted.", "Its task `recount` comes first.")
        outcome = reconcile(connection, settings, night)
    finally:
        connection.close()
    if not outcome.clean:
        raise _refusal(night.generation, outcome)
    named = ", ".join(f"{number} {cause}" for cause, number in sorted(outcome.causes.items()))
    return f"{outcome.compared:,} figures equal what readers see; of days published before: {named or 'none'} changed."


def _refusal(generation: int, outcome: Reconciled) -> TerminalError:
    wrong = outcome.causes.get(UNEXPLAINED, 0)
    if wrong:
        what = f"{wrong:,} figures of generation {generation} differ from what readers see, as {outcome.example}."
    else:
        what = (
            f"The raw record has {outcome.raw_events:,} events up to the cut of generation {generation}; "
            f"the stream counted {outcome.counted:,}."
        )
    return TerminalError(
        f"{what} Nothing is published.", "docs/cookbook.md, 'A publication was refused', says how to find the cause."
    )


def main() -> int:
    """The task's command."""
    return run(parser(__doc__), work)


if __name__ == "__main__":
    sys.exit(main())

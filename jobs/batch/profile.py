"""Looks at the raw events since the published cut: what they hold, and in which months they are.

mongod adds them up where they lie. The checks of the slice read the sums; the recount reads the zone map, which tells
where in the raw record the events of each month are.
"""

import argparse
import sys

from jobs.batch.command import parser, run
from tillstream.settings import Settings
from tillstream.stores import generations, slices
from tillstream.stores.mysql import connect, snapshot


def work(settings: Settings, chosen: argparse.Namespace) -> str:
    """Looks at the slice and keeps what it saw."""
    connection = connect(settings, "batch")
    try:
        with snapshot(connection) as cursor:
            night = generations.find(cursor, chosen.run)
            if night.published_at is not None or generations.is_overtaken(cursor, night):
                return f"Generation {night.generation} is published or overtaken: nothing to look at."
            begin = generations.offsets(cursor, night.base_epoch)
            end = generations.offsets(cursor, night.epoch)
        profile = slices.look(settings, night, begin, end)
        slices.write(connection, night, profile, end)
    finally:
        connection.close()
    months = {f"{key.day:%Y-%m}" for key in profile.slice}
    return f"{profile.events:,} events since cut {night.base_epoch}, of {len(months)} months: {_listed(months)}."


def _listed(months: set[str]) -> str:
    names = sorted(months)
    return ", ".join(names if len(names) <= 6 else [*names[:3], "…", *names[-2:]]) or "none"


def main() -> int:
    """The task's command."""
    return run(parser(__doc__), work)


if __name__ == "__main__":
    sys.exit(main())

"""Scores the months that issued forecasts spoke of and that are over: beside what was expected, what was asked for.

A forecast is never changed once it is published; its score is written once, beside it. What empty shelves hid is made
good by the newest forecast's own history, which is the published truth.
"""

import argparse
import sys

from jobs.batch.command import parser, run
from tillstream.settings import Settings
from tillstream.stores import scores
from tillstream.stores.mysql import connect


def work(settings: Settings, _chosen: argparse.Namespace) -> str:
    """Scores what is over and not scored yet."""
    connection = connect(settings, "batch")
    try:
        written = scores.score(connection)
    finally:
        connection.close()
    return f"{written.rows:,} figures of {written.forecasts} forecasts were scored."


def main() -> int:
    """The task's command."""
    return run(parser(__doc__, of_run=False), work)


if __name__ == "__main__":
    sys.exit(main())

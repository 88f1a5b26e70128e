"""Opens the cut of a night, or finds the one that the run has opened.

From here on the stream's figures belong to a new epoch; all that was counted before lies below the cut, and is what the
night recounts. `--month` recounts one month at the cut that readers see now, and opens none.
"""

import argparse
import re
import sys

from jobs.batch.command import parser, run
from tillstream.code_version import code_version
from tillstream.settings import Settings
from tillstream.stores.generations import BACKFILL, Generation, open_cut
from tillstream.stores.mysql import connect

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\Z")


def work(settings: Settings, chosen: argparse.Namespace) -> str:
    """Opens the cut; says which."""
    connection = connect(settings, "batch")
    try:
        night = open_cut(connection, chosen.run, code_version(), asked_month=chosen.month, full=chosen.full)
    finally:
        connection.close()
    return sentence(night)


def sentence(night: Generation) -> str:
    """What a generation is about."""
    if night.kind == BACKFILL:
        return f"Generation {night.generation} recounts {night.asked_month} at the published cut {night.epoch}."
    return f"Generation {night.generation} ({night.kind}) stands on cut {night.epoch}, after cut {night.base_epoch}."


def main() -> int:
    """The task's command."""
    arguments = parser(__doc__)
    which = arguments.add_mutually_exclusive_group()
    which.add_argument("--month", type=_month, help="recount this month only, YYYY-MM")
    which.add_argument("--full", action="store_true", help="recount every month")
    return run(arguments, work)


def _month(text: str) -> str:
    if not MONTH.match(text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a month; write it as 2019-04")
    return text


if __name__ == "__main__":
    sys.exit(main())

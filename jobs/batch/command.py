"""What the batch jobs' command lines share: `--run`, failures told in one message, exit codes.

Exit codes are those of the command `tillstream`: 0 done, 1 failed for good, 2 wrong usage, 75 failed for now.
"""

import argparse
from collections.abc import Callable, Sequence

from tillstream.errors import TillstreamError, told
from tillstream.settings import Settings, load


def parser(page: str | None, *, of_run: bool = True) -> argparse.ArgumentParser:
    """The arguments of a job, described by its module's page."""
    arguments = argparse.ArgumentParser(description=page, formatter_class=argparse.RawDescriptionHelpFormatter)
    if of_run:
        arguments.add_argument("--run", required=True, help="the run, as Airflow names it")
    return arguments


def run(
    arguments: argparse.ArgumentParser,
    work: Callable[[Settings, argparse.Namespace], str],
    given: Sequence[str] | None = None,
) -> int:
    """Does the work and prints the sentence that it gives; gives the exit code."""
    chosen = arguments.parse_args(given)
    try:
        print(work(load(), chosen), flush=True)
    except TillstreamError as error:
        return told(error)
    return 0

"""The gate: `python -m expectations.gate slice|candidate|forecast --run RUN`.

Runs the stage's suite and writes what became of each check as a row of `quality_results`. Exit code 0: nothing refuses
the publication. 1: something does, and the message names it. 75: a server is away. Idempotent: the results of a run and
stage take the place of earlier ones.
"""

import argparse
import sys
from collections.abc import Sequence

from expectations import forecast_gate
from expectations.night import marks
from expectations.results import Result, replace
from expectations.suites import FORECAST, SLICE, STAGES
from expectations.verdict import Examined, verdict
from tillstream.errors import TerminalError, TillstreamError, TransientError, told
from tillstream.settings import Settings, load
from tillstream.stores import generations
from tillstream.stores.generations import Generation
from tillstream.stores.mysql import Connection, Cursor, connect, rows, transaction


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the gate; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="expectations.gate", description="Checks a night or a forecast before its publication."
    )
    parser.add_argument("stage", choices=[*STAGES, FORECAST])
    parser.add_argument("--run", required=True, help="the run, as Airflow names it")
    options = parser.parse_args(arguments)
    try:
        settings = load()
        of_night = options.stage in STAGES
        found = check(settings, options.stage, options.run) if of_night else forecast_gate.check(settings, options.run)
        print(found, flush=True)
    except TillstreamError as error:
        return told(error)
    return 0


def check(settings: Settings, stage: str, run_id: str) -> str:
    """Checks a stage of a night; gives what was done, as one sentence.

    Raises TerminalError when the candidate must not be published, TransientError when a server is away.
    """
    connection = connect(settings, "batch")
    try:
        with transaction(connection) as cursor:
            night = generations.find(cursor, run_id)
            if night.published_at is not None or generations.is_overtaken(cursor, night):
                return f"Generation {night.generation} is published or overtaken: there is nothing to decide."
            _refuse_moved_base(cursor, night)
            known = marks(cursor, settings, night)
        return verdict(
            connection,
            settings,
            Examined(run_id, stage, f"Generation {night.generation}", str(night.generation), known),
            lambda results: _write(connection, stage, night, results),
            _lacks(stage, night),
        )
    finally:
        connection.close()


def _lacks(stage: str, night: Generation) -> TerminalError | None:
    """Why there is nothing to check yet."""
    if (night.profiled_at if stage == SLICE else night.recounted_at) is not None:
        return None
    what = "raw events of the slice were looked at" if stage == SLICE else "candidate was recounted"
    return TerminalError(
        f"Nothing says that the {what} to the end: there is nothing to check.",
        f"The task `{'profile_slice' if stage == SLICE else 'recount'}` comes first.",
    )


def _refuse_moved_base(cursor: Cursor, night: Generation) -> None:
    """Raises TerminalError when readers see another cut than the one that the night goes on from."""
    [(published,)] = rows(cursor, "SELECT `published_epoch` FROM `layers`")
    if published != night.base_epoch:
        raise TerminalError(
            f"Generation {night.generation} goes on from cut {night.base_epoch}, and readers see cut {published}: what "
            "it would be compared with is not there any more.",
            "Start a new night.",
        )


def _write(connection: "Connection[Cursor]", stage: str, night: Generation, results: list[Result]) -> None:
    """Keeps the results, in one transaction. Raises TransientError when they are of what was replaced meanwhile."""
    with transaction(connection) as cursor:
        now = generations.find(cursor, night.run_id, lock=True)
        if (now.profiled_at, now.recounts) != (night.profiled_at, night.recounts):
            raise TransientError(
                f"Generation {night.generation} was made anew while it was checked.", "Its new figures need new checks."
            )
        replace(cursor, night.run_id, stage, results)


if __name__ == "__main__":
    sys.exit(main())

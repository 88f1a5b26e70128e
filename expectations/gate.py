"""The gate of a night: `python -m expectations.gate slice|candidate --run RUN`.

Runs the stage's suite and writes what became of each check as a row of `quality_results`. Exit code 0: nothing refuses
the publication. 1: something does, and the message names it. 75: a server is away. Idempotent: the results of a run and
stage take the place of earlier ones.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace as changed
from typing import Any

from expectations.checks import Severity, examples_query
from expectations.night import marks
from expectations.results import DID_NOT_RUN, RAISED, Result, judged, lines, refuse, replace
from expectations.suites import SLICE, STAGES, SUITES, every
from tillstream.errors import TerminalError, TillstreamError, TransientError, told
from tillstream.settings import Settings, load
from tillstream.stores import generations
from tillstream.stores.generations import Generation
from tillstream.stores.mysql import Connection, Cursor, connect, rows, transaction


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the gate; gives the exit code."""
    parser = argparse.ArgumentParser(prog="expectations.gate", description="Checks a night before its publication.")
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("--run", required=True, help="the run, as Airflow names it")
    options = parser.parse_args(arguments)
    try:
        print(check(load(), options.stage, options.run), flush=True)
    except TillstreamError as error:
        return told(error)
    return 0


def check(settings: Settings, stage: str, run_id: str) -> str:
    """Checks a stage of a run; gives what was done, as one sentence.

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
        # Until the suite is through, the run has checks that did not run, and none of an earlier attempt.
        _write(connection, stage, night, judged(every(stage), [], "the gate was cut off"))
        try:
            results = _results(connection, settings, stage, night, known)
        except TerminalError as error:
            _write(connection, stage, night, judged(every(stage), [], error.what))
            raise
        _write(connection, stage, night, results)
    finally:
        connection.close()
    for severity in Severity:
        for line in lines(each for each in results if not each.passed and each.check.severity is severity):
            print(f"{severity}: {line}", flush=True)
    refuse(stage, results)
    warnings = sum(not result.passed for result in results)
    return f"{len(results)} checks of the {stage} ran; {warnings} of them warn, none refuses."


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


def _results(
    connection: "Connection[Cursor]", settings: Settings, stage: str, night: Generation, known: Mapping[str, str]
) -> list[Result]:
    ready = night.profiled_at if stage == SLICE else night.recounted_at
    if ready is None:
        what = "raw events of the slice were looked at" if stage == SLICE else "candidate was recounted"
        raise TerminalError(
            f"Nothing says that the {what} to the end: there is nothing to check.",
            f"The task `{'profile_slice' if stage == SLICE else 'recount'}` comes first.",
        )
    validation, data_docs = _great_expectations()
    outcomes, result = validation.validated(settings, night.run_id, stage, SUITES[stage], known)
    try:
        print(f"Data Docs: {data_docs.write(settings, night.generation, stage, result)}", flush=True)
    except Exception as error:  # a page for people keeps no good night from them
        print(f"The Data Docs could not be written: {error}", flush=True)
    return [_with_examples(connection, each, known) for each in judged(every(stage), outcomes)]


def _great_expectations() -> tuple[Any, Any]:
    """The two modules that need Great Expectations. Raises TerminalError when it cannot be imported."""
    try:
        from expectations import data_docs, validation  # noqa: PLC0415 seconds, and it may be missing
    except ImportError as error:
        raise TerminalError(
            f"Great Expectations cannot be imported: {error}. Nothing was checked.", "`make setup` installs it."
        ) from error
    return validation, data_docs


def _with_examples(connection: "Connection[Cursor]", result: Result, known: Mapping[str, str]) -> Result:
    """The result with the first rows that break its check."""
    if result.passed or result.observed in (DID_NOT_RUN, RAISED) or result.check not in result.subject.checks:
        return result
    with suppress(TerminalError), transaction(connection) as cursor:
        found = rows(cursor, examples_query(result.subject, result.check, known))
        return changed(result, detail="; ".join(str(example) for (example,) in found))
    return result


if __name__ == "__main__":
    sys.exit(main())

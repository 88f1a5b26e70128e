"""A stage's verdict: its suite is run, what became of each check is kept, and what refuses is said."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Any

from expectations.checks import Severity, examples_query
from expectations.results import DID_NOT_RUN, RAISED, Result, judged, lines, refuse
from expectations.suites import SUITES, every
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores.mysql import Connection, Cursor, rows, transaction

Write = Callable[[list[Result]], None]


@dataclass(frozen=True)
class Examined:
    """What is checked: the run and its stage, what people call it, the folder of its Data Docs, and SQL for marks."""

    run_id: str
    stage: str
    title: str
    folder: str
    marks: Mapping[str, str]


def verdict(
    connection: "Connection[Cursor]", settings: Settings, examined: Examined, write: Write, lacks: TerminalError | None
) -> str:
    """Checks a candidate; gives what was done, as one sentence. `lacks`: why there is nothing that could be checked.

    Raises TerminalError when the candidate must not be published, TransientError when a server is away.
    """
    stage = examined.stage
    # Until the suite is through, the run has checks that did not run, and none of an earlier attempt.
    write(judged(every(stage), [], "the gate was cut off"))
    try:
        if lacks is not None:
            raise lacks
        results = _results(connection, settings, examined)
    except TerminalError as error:
        write(judged(every(stage), [], error.what))
        raise
    write(results)
    for severity in Severity:
        for line in lines(each for each in results if not each.passed and each.check.severity is severity):
            print(f"{severity}: {line}", flush=True)
    refuse(stage, results)
    warnings = sum(not result.passed for result in results)
    return f"{len(results)} checks of the {stage} ran; {warnings} of them warn, none refuses."


def _results(connection: "Connection[Cursor]", settings: Settings, examined: Examined) -> list[Result]:
    validation, data_docs = _great_expectations()
    stage = examined.stage
    outcomes, result = validation.validated(settings, examined.run_id, stage, SUITES[stage], examined.marks)
    try:
        page = data_docs.write(settings, examined.folder, examined.title, stage, result)
        print(f"Data Docs: {page}", flush=True)
    except Exception as error:  # a page for people keeps no good candidate from them
        print(f"The Data Docs could not be written: {error}", flush=True)
    return [_with_examples(connection, each, examined.marks) for each in judged(every(stage), outcomes)]


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

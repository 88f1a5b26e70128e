"""What became of each check: outcomes of a suite, rows of `quality_results`, and the verdict over them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from expectations.checks import ROWS, Check, Severity, Subject
from tillstream.errors import TerminalError
from tillstream.stores.mysql import Cursor, rows
from tillstream.tables import QUALITY_RESULTS, replacing_upsert

DID_NOT_RUN = "did not run"
RAISED = "raised an error"
LONGEST = 1000  # characters of a text column
NAMED = 5  # failed checks in the message of a refusal


@dataclass(frozen=True)
class Outcome:
    """What a suite found: how many rows break a check, of how many that it saw, or the error that it raised."""

    check_name: str
    broken: int | None
    rows_seen: int
    error: str = ""


@dataclass(frozen=True)
class Result:
    """A row of `quality_results`, but for its run and stage. Only a check that ran can have passed."""

    subject: Subject
    check: Check
    passed: bool
    observed: str
    detail: str = ""
    rows_seen: int = 0

    @property
    def name(self) -> str:
        return self.subject.full_name(self.check)

    @property
    def refuses(self) -> bool:
        """Whether it keeps the candidate from readers. A check that did not run proves nothing, whatever it is of."""
        return not self.passed and (self.check.severity is Severity.CRITICAL or self.observed in (DID_NOT_RUN, RAISED))

    def __str__(self) -> str:
        return f"{self.name}: {self.observed}{f' ({self.detail})' if self.detail else ''}"


def judged(checks: Iterable[tuple[Subject, Check]], outcomes: Iterable[Outcome], reason: str = "") -> list[Result]:
    """A result for each check. One without an outcome did not run, for `reason`."""
    found = {outcome.check_name: outcome for outcome in outcomes}
    return [_result(subject, check, found.get(subject.full_name(check)), reason) for subject, check in checks]


def _result(subject: Subject, check: Check, outcome: Outcome | None, reason: str) -> Result:
    if outcome is None:
        return Result(subject, check, False, DID_NOT_RUN, reason)
    if outcome.broken is None:
        return Result(subject, check, False, RAISED, outcome.error)
    if check is ROWS:
        observed = f"{outcome.rows_seen} rows" + f", {outcome.broken} too few" * (outcome.broken > 0)
    else:
        observed = f"{outcome.broken} of {outcome.rows_seen} rows break it"
    return Result(subject, check, outcome.broken == 0, observed, rows_seen=outcome.rows_seen)


def replace(cursor: Cursor, run_id: str, stage: str, results: Sequence[Result]) -> None:
    """Puts the results in the place of those that the run has of the stage."""
    cursor.execute("DELETE FROM `quality_results` WHERE `run_id` = %s AND `stage` = %s", (run_id, stage))
    [(now,)] = rows(cursor, "SELECT UTC_TIMESTAMP(3)")
    written = [(run_id, stage, *_columns(result), now) for result in results]
    if written:
        cursor.executemany(replacing_upsert(QUALITY_RESULTS), written)


def _columns(result: Result) -> tuple[object, ...]:
    return (
        result.name,
        Severity.CRITICAL.value if result.refuses else result.check.severity.value,
        int(result.passed),
        result.observed,
        result.check.meaning,
        result.detail[:LONGEST],
        result.rows_seen,
    )


def refuse(stage: str, results: Sequence[Result]) -> None:
    """Raises TerminalError that names the checks that refuse, or the lack of any check at all."""
    if not results:
        raise TerminalError(
            f"The suite of the stage '{stage}' has no checks: nothing is proved, so nothing is published.",
            "expectations/suites.py declares them.",
        )
    refusing = [result for result in results if result.refuses]
    if refusing:
        named = lines(refusing)
        more = f"; and {len(named) - NAMED} more" if len(named) > NAMED else ""
        raise TerminalError(
            f"{len(refusing)} of the {len(results)} checks of the {stage} refuse: {'; '.join(named[:NAMED])}{more}.",
            f"Readers go on seeing the last publication. {refusing[0].subject.remedy}",
        )


def lines(results: Iterable[Result]) -> list[str]:
    """Each result as a line; checks of one subject that raised the same error, as one."""
    found = []
    for _, group in groupby(results, key=lambda each: (each.subject.name, each.observed == RAISED and each.detail)):
        same = list(group)
        if same[0].observed == RAISED and len(same) > 1:
            found.append(f"{same[0].subject.name}: {len(same)} checks {RAISED} ({same[0].detail})")
        else:
            found += [str(result) for result in same]
    return found

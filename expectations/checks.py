"""What a check is: a condition that every row of a subject fulfils, judged by the server in exact DECIMAL.

Queries hold marks such as `{generation}`, which `night.marks` fills in. One query judges all checks of a subject: it
gives a single row of numbers, how many rows were seen and how many of them break each check.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

EXAMPLES = 3  # rows named of those that break a check


class Severity(enum.StrEnum):
    """What a failed check does."""

    CRITICAL = "critical"  # refuses the publication
    WARNING = "warning"  # publishes, and shows


@dataclass(frozen=True)
class Check:
    """One condition. A row for which `holds` is false or unknown breaks it."""

    name: str
    meaning: str
    holds: str
    severity: Severity = Severity.CRITICAL
    facts: str = "''"  # SQL: what was found in a row that breaks it, as text


@dataclass(frozen=True)
class Subject:
    """What is looked at: a query that gives one row per thing, and the checks that each of them has to pass.

    `label` is SQL that names a row. `floor` is SQL for the least number of rows there must be: an empty table would
    pass every other check. `remedy` says what to do when a check fails.
    """

    name: str
    meaning: str
    rows: str
    label: str
    remedy: str
    checks: tuple[Check, ...]
    floor: str

    def full_name(self, check: Check) -> str:
        """The check's name in `quality_results`."""
        return f"{self.name}.{check.name}"

    @property
    def all_checks(self) -> tuple[Check, ...]:
        """The checks, led by the one that there are rows to look at."""
        return (ROWS, *self.checks)


ROWS = Check("rows", "There are at least as many rows as there must be.", "TRUE")
ROWS_SEEN = "rows_seen"


def grown(figure: str, side: str, adding: str, added: str) -> Check:
    """Of sides compared: the candidate's figure is the published one plus that of `side`, in words `adding`."""
    return Check(
        figure,
        f"`{figure}` {adding}.",
        f"`candidate_{figure}` = `published_{figure}` + `{side}_{figure}`",
        facts=f"CONCAT(`candidate_{figure}`, ' recounted; ', `published_{figure}`, ' published and ', "
        f"`{side}_{figure}`, ' {added}')",
    )


def verdict_query(subject: Subject, marks: Mapping[str, str]) -> str:
    """One row: `rows_seen`, how many rows are missing as `rows`, and how many break each check under its name."""
    broken = [f"COALESCE(SUM({_breaks(check)}), 0) AS `{check.name}`" for check in subject.checks]
    missing = f"GREATEST(({subject.floor}) - COUNT(*), 0) AS `{ROWS.name}`"
    select = ", ".join([f"COUNT(*) AS `{ROWS_SEEN}`", missing, *broken])
    return f"SELECT {select} FROM ({subject.rows}) s".format_map(marks)


def examples_query(subject: Subject, check: Check, marks: Mapping[str, str]) -> str:
    """The first rows that break a check, as one text each."""
    text = f"CONCAT_WS(': ', {subject.label}, NULLIF({check.facts}, ''))"
    query = f"SELECT {text} AS `example` FROM ({subject.rows}) s WHERE {_breaks(check)} = 1 LIMIT {EXAMPLES}"
    return query.format_map(marks)


def _breaks(check: Check) -> str:
    return f"CASE WHEN {check.holds} THEN 0 ELSE 1 END"

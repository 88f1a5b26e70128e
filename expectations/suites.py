"""The suites, by stage: what is looked at, and the checks that have to run."""

from typing import NamedTuple

from expectations import coverage, forecast, last_publication, raw_slice, sums, truth_columns, truth_tables
from expectations.checks import Check, Severity, Subject

SLICE, CANDIDATE, FORECAST = "slice", "candidate", "forecast"
STAGES = (SLICE, CANDIDATE)  # of a night

SUITES: dict[str, tuple[Subject, ...]] = {
    SLICE: raw_slice.SUBJECTS,
    CANDIDATE: (
        truth_columns.columns_of(truth_tables.TABLES),
        *(truth_tables.subject(table) for table in truth_tables.TABLES),
        *coverage.SUBJECTS,
        *sums.SUBJECTS,
        *last_publication.SUBJECTS,
    ),
    FORECAST: forecast.SUBJECTS,
}


class Declared(NamedTuple):
    """A check that has to run before a candidate may be published."""

    stage: str
    check_name: str
    severity: Severity


def every(stage: str) -> list[tuple[Subject, Check]]:
    """Every check of a stage with its subject, in the order in which they run."""
    return [(subject, check) for subject in SUITES[stage] for check in subject.all_checks]


def declared(stage: str) -> list[Declared]:
    """Every check that has to run in a stage. Needs neither a server nor Great Expectations."""
    return [Declared(stage, subject.full_name(check), check.severity) for subject, check in every(stage)]


def required(*stages: str) -> dict[str, set[str]]:
    """The names of the checks that have to run, by stage: what a publication asks for."""
    return {stage: {check.check_name for check in declared(stage)} for stage in stages}

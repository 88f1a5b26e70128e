"""Great Expectations over SQL: the only module that imports it.

All checks of a stage are one suite. Those of one subject share one query, which the server answers with one row of
numbers, so nothing of a subject reaches this process, and no number passes through a float.
"""

import logging
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, ClassVar

from expectations.checks import ROWS_SEEN, Check, Subject, verdict_query
from expectations.deferred import quick_import
from expectations.results import Outcome
from tillstream.errors import TerminalError, TillstreamError
from tillstream.settings import Settings
from tillstream.stores.mysql import connect, translated

with quick_import():
    import great_expectations as gx
    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
        ExpectationValidationResult,
    )
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.metadata_types import FailureSeverity
    from sqlalchemy import event
    from sqlalchemy.pool import StaticPool

NUMBERS = "base_query.table"  # the metric of Great Expectations that gives the rows of `base_query`


class NoRowBreaks(BatchExpectation):
    """No row of a subject breaks one check. `base_query` is `checks.verdict_query` of the subject."""

    base_query: str
    column: str  # the subject's name: Data Docs makes a section of each `column`
    check: str

    metric_dependencies: ClassVar[tuple[str, ...]] = (NUMBERS,)
    success_keys: ClassVar[tuple[str, ...]] = ("base_query", "column", "check")

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        [numbers] = metrics[NUMBERS]
        broken = int(numbers[self.check])
        details = {ROWS_SEEN: int(numbers[ROWS_SEEN])}
        return {"success": broken == 0, "result": {"observed_value": broken, "details": details}}


def validated(
    settings: Settings, run_id: str, stage: str, subjects: Sequence[Subject], marks: Mapping[str, str]
) -> tuple[list[Outcome], ExpectationSuiteValidationResult]:
    """Runs all checks of the subjects; gives what became of each, and the suite's result for Data Docs.

    A check that raises has an outcome that says so. Raises TransientError when the server was lost meanwhile, and
    TerminalError when Great Expectations itself failed.
    """
    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)  # what it would log, the outcomes say
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the kinds of data source that it would rather see
        try:
            result = _run(settings, run_id, stage, _expectations(subjects, marks))
        except Exception as error:
            raise _told(error) from error
    return [_outcome(each) for each in result.results], result


def _run(
    settings: Settings, run_id: str, stage: str, expectations: list[NoRowBreaks]
) -> ExpectationSuiteValidationResult:
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    context = gx.get_context(config, mode="ephemeral")
    # Our own store makes the connections: no address, account or password is known here, to no log and no repr.
    source = context.data_sources.add_sql(
        "mysql",
        connection_string="mysql+pymysql://",
        kwargs={"creator": lambda: connect(settings, "batch"), "poolclass": StaticPool},  # type: ignore[call-arg]
    )
    source.get_engine().dispose()  # the one that it tried the connection with
    engine = source.get_execution_engine()
    failures: list[BaseException] = []
    event.listen(engine.engine, "handle_error", lambda error: failures.append(error.original_exception))
    batch = source.add_query_asset(stage, "SELECT 1").add_batch_definition(stage)
    suite = context.suites.add(gx.ExpectationSuite(stage, expectations=expectations))
    validation = gx.ValidationDefinition(name=stage, data=batch, suite=suite)
    try:
        run = gx.RunIdentifier(run_id, datetime.now(UTC))
        result = context.validation_definitions.add(validation).run(result_format="SUMMARY", run_id=run)
    finally:
        engine.close()
    for failure in failures:
        with suppress(TerminalError), translated("the MySQL server"):
            raise failure
    return result


def _expectations(subjects: Sequence[Subject], marks: Mapping[str, str]) -> list[NoRowBreaks]:
    return [
        _expectation(subject, check, query)
        for subject in subjects
        for query in [verdict_query(subject, marks)]
        for check in subject.all_checks
    ]


def _expectation(subject: Subject, check: Check, query: str) -> NoRowBreaks:
    return NoRowBreaks(
        base_query=query,
        column=subject.name,
        check=check.name,
        severity=FailureSeverity(check.severity.value),
        description=f"{check.name}: {check.meaning}",
        meta={"check": subject.full_name(check)},
    )


def _outcome(result: ExpectationValidationResult) -> Outcome:
    config = result.expectation_config
    name = config.meta["check"] if config is not None and config.meta is not None else ""
    failures = _messages(result.exception_info)
    if failures:
        return Outcome(name, None, 0, failures[0].partition("\n")[0])  # what follows is the query
    numbers = result.result
    return Outcome(name, numbers["observed_value"], numbers["details"][ROWS_SEEN])


def _messages(exception_info: Mapping[str, Any]) -> list[str]:
    """The messages of what was raised: for a check itself, or for each metric that it needs."""
    entries = [exception_info, *(entry for entry in exception_info.values() if isinstance(entry, Mapping))]
    return [str(entry.get("exception_message")) for entry in entries if entry.get("raised_exception")]


def _told(error: BaseException) -> TillstreamError:
    """Our own error somewhere behind another one, or what Great Expectations failed of."""
    behind: BaseException | None = error
    while behind is not None and not isinstance(behind, TillstreamError):
        behind = behind.__cause__ or behind.__context__
    return behind or TerminalError(
        f"Great Expectations failed: {type(error).__name__}: {error}",
        "Nothing was checked. `make setup` brings the version that this code was tested with.",
    )

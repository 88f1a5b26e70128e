"""Checks are rendered from the declarations of tables, and known without Great Expectations or a server."""

import subprocess
import sys
from string import Formatter

import pytest

from expectations import CANDIDATE, SLICE, declared, reference, suites, truth_columns, truth_tables
from expectations.checks import ROWS, ROWS_SEEN, Check, Severity, Subject, examples_query, verdict_query
from tillstream.tables import (
    DAY_COLUMN,
    GENERATION,
    MONTH_COLUMN,
    QUALITY_RESULTS,
    STOCK_FIGURES,
    TRUTH_SALES_BY_DAY,
    Column,
    Table,
)

SUBJECTS = [(stage, subject) for stage in suites.SUITES for subject in suites.SUITES[stage]]
MARKS = {
    "generation", "epoch", "base", "kind", "months", "years", "opening_day", "cut_day", "last_day", "last_stock_day",
    "currency", "currencies", "whole_currencies", "change_limit", "forecast", "issued_on", "first", "before", "oldest",
}  # fmt: skip


def ids(value: object) -> str | None:
    return value.name if isinstance(value, Subject) else None


def rule(subject: Subject, name: str) -> str:
    [check] = [check for check in subject.checks if check.name == name]
    return check.holds


@pytest.mark.parametrize(("stage", "subject"), SUBJECTS, ids=ids)
def test_a_subject_says_what_it_is_and_what_to_do(stage: str, subject: Subject) -> None:
    names = [check.name for check in subject.checks]

    assert names
    assert len(names) == len(set(names))
    assert not {ROWS.name, ROWS_SEEN} & set(names)
    for text in (subject.meaning, subject.remedy, *(check.meaning for check in subject.checks)):
        assert text.endswith(".")
    assert all(len(check.meaning) <= 1000 for check in subject.checks)


@pytest.mark.parametrize(("stage", "subject"), SUBJECTS, ids=ids)
def test_queries_hold_known_marks_and_nothing_that_a_driver_would_take_for_a_place(
    stage: str, subject: Subject
) -> None:
    texts = [subject.rows, subject.floor, subject.label, *(check.holds + check.facts for check in subject.checks)]
    marks = {name for text in texts for _, name, _, _ in Formatter().parse(text) if name is not None}
    assert marks <= MARKS

    known = dict.fromkeys(MARKS, "7")
    for query in (verdict_query(subject, known), *(examples_query(subject, each, known) for each in subject.checks)):
        assert query.startswith("SELECT ")
        assert "{" not in query
        assert not any(part[:1].isidentifier() for part in query.split(":")[1:])  # `:name` is a place in SQLAlchemy


def test_every_check_of_a_stage_is_declared_once_under_a_name_that_fits() -> None:
    names = [(check.stage, check.check_name) for stage in suites.SUITES for check in declared(stage)]
    [column] = [column for column in QUALITY_RESULTS.key if column.name == "check_name"]

    assert len(names) == len(set(names)) == sum(len(subject.all_checks) for _, subject in SUBJECTS)
    assert column.type == "VARCHAR(150)"
    assert max(len(name) for _, name in names) <= 150
    assert (CANDIDATE, "truth_sales_by_day.revenue", Severity.CRITICAL) in declared(CANDIDATE)
    assert (SLICE, "slice_volumes.lines", Severity.WARNING) in declared(SLICE)


def test_what_is_declared_is_known_without_great_expectations_or_a_server() -> None:
    program = "import sys, expectations; print({'great_expectations', 'sqlalchemy', 'pymysql'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.strip() == "set()"


def test_one_query_counts_the_rows_and_those_that_break_each_check() -> None:
    subject = Subject(
        "things", "Things.", "SELECT `a` FROM `t` WHERE `generation` = {generation}", "`a`", "Look.",
        (Check("big", "It is big.", "`a` > 5", facts="CONCAT('only ', `a`)"),), "SELECT 2",
    )  # fmt: skip

    assert verdict_query(subject, {"generation": "7"}) == (
        "SELECT COUNT(*) AS `rows_seen`, GREATEST((SELECT 2) - COUNT(*), 0) AS `rows`, "
        "COALESCE(SUM(CASE WHEN `a` > 5 THEN 0 ELSE 1 END), 0) AS `big` "
        "FROM (SELECT `a` FROM `t` WHERE `generation` = 7) s"
    )
    assert examples_query(subject, subject.checks[0], {"generation": "7"}) == (
        "SELECT CONCAT_WS(': ', `a`, NULLIF(CONCAT('only ', `a`), '')) AS `example` "
        "FROM (SELECT `a` FROM `t` WHERE `generation` = 7) s WHERE CASE WHEN `a` > 5 THEN 0 ELSE 1 END = 1 LIMIT 3"
    )


def test_a_tables_checks_follow_its_declaration() -> None:
    shelf = Column("shelf_id", "VARCHAR(12)", "where it lies")
    subject = truth_tables.subject(
        Table("truth_shelves", "Shelves.", (GENERATION, MONTH_COLUMN, DAY_COLUMN, shelf), STOCK_FIGURES)
    )

    assert rule(subject, "keys") == (
        "`generation` IS NOT NULL AND `month` <> '' AND `day` IS NOT NULL AND `shelf_id` <> ''"
    )
    assert rule(subject, "ids") == (
        "CHAR_LENGTH(`shelf_id`) <= 12 AND `shelf_id` NOT LIKE ' %' AND `shelf_id` NOT LIKE '% '"
    )
    assert rule(subject, "figures") == "`delivered` IS NOT NULL AND `lost` IS NOT NULL"
    assert rule(subject, "month") == "`month` = DATE_FORMAT(`day`, '%Y-%m')"
    assert "FROM `truth_shelves` t WHERE t.`generation` = {generation}" in subject.rows


def test_every_column_of_every_truth_table_is_looked_for_with_its_type() -> None:
    structure = truth_columns.columns_of(truth_tables.TABLES)

    for table in truth_tables.TABLES:
        for column in table.columns:
            assert f"'{table.name}' AS `table_name`, '{column.name}' AS `column_name`" in structure.rows
    assert (
        "'revenue' AS `column_name`, 'decimal(24,2)' AS `type`, 'NO' AS `nullable`, 0 AS `position`" in structure.rows
    )
    assert int(structure.floor) == sum(len(table.columns) for table in truth_tables.TABLES)


def test_every_figure_of_sales_is_added_up_and_compared() -> None:
    names = {name for _, name, _ in declared(CANDIDATE)}

    for figure in TRUTH_SALES_BY_DAY.value_names:
        for subject in ("days_of_hours", "months_of_days", "years_of_months", "sales_since"):
            assert f"{subject}.{figure}" in names


def test_the_page_of_checks_is_up_to_date_and_names_each_of_them() -> None:
    page = reference.page()

    assert reference.PAGE.read_text(encoding="utf-8") == page, "run `make docs`: docs/checks.md is out of date"
    for _, subject in SUBJECTS:
        section = page.partition(f"### `{subject.name}`")[2].partition("###")[0]
        assert all(f"| `{check.name}` | {check.severity} |" in section for check in subject.checks)

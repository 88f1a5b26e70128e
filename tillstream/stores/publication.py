"""Publication: readers get a generation's months and a younger cut in one transaction, or nothing.

It moves pointers only, so it takes as long for ten rows as for ten millions. What nobody sees any more, live rows below
the published cut and generations out of reach, is removed afterwards, in portions that look again under the same lock.
"""

from collections.abc import Collection, Mapping

import msgspec

from tillstream import tables
from tillstream.errors import TerminalError
from tillstream.stores import generations
from tillstream.stores.comparison import LATE
from tillstream.stores.generations import Generation
from tillstream.stores.mysql import Connection, Cursor, rows, transaction
from tillstream.stores.reconciliation import CHECKS, CONFLICT, CRITICAL, REPAIRED, STAGE

PUBLISHED, ALREADY, OVERTAKEN = "published", "already published", "overtaken"

Declared = Mapping[str, Collection[str]]  # stage to the names of its checks


class Published(msgspec.Struct, frozen=True):
    """What became of a publication: PUBLISHED, ALREADY or OVERTAKEN; months and figures that it changed."""

    outcome: str
    generation: int
    months: int = 0
    restated: int = 0


def publish(connection: "Connection[Cursor]", run_id: str, declared: Declared, timezone: str) -> Published:
    """Publishes a run's generation.

    Raises TerminalError, and changes nothing, when the candidate is not complete, a declared check did not run or a
    critical one failed, or its base was rolled back. A night that a younger one has overtaken publishes nothing.
    """
    with transaction(connection) as cursor:
        # First of all: publications, rollbacks and removals take turns here. The stream does not need this lock.
        [(published,)] = rows(cursor, "SELECT `published_epoch` FROM `layers` WHERE `id` = 1 FOR UPDATE")
        night = generations.find(cursor, run_id, lock=True)
        if night.published_at is not None:
            return Published(ALREADY, night.generation)
        if generations.is_overtaken(cursor, night):
            return Published(OVERTAKEN, night.generation)
        if published < night.base_epoch:
            raise TerminalError(
                f"Generation {night.generation} goes on from cut {night.base_epoch}; readers are back at {published}.",
                "Start a new night.",
            )
        if night.recounted_at is None:
            raise TerminalError(f"Generation {night.generation} is not recounted.", "Its task `recount` comes first.")
        refuse_unproved(cursor, run_id, {**declared, STAGE: CHECKS})
        restated = _restate(cursor, night.generation)
        months = _point(cursor, night, generations.first_open_month(cursor, night.epoch, timezone))
        return Published(PUBLISHED, night.generation, months, restated)


def refuse_unproved(cursor: Cursor, run_id: str, wanted: Declared) -> None:
    """Raises TerminalError unless each check that is wanted ran and no critical one failed."""
    found = {
        (stage, name): (severity, passed)
        for stage, name, severity, passed in rows(
            cursor,
            "SELECT `stage`, `check_name`, `severity`, `passed` FROM `quality_results` WHERE `run_id` = %s",
            (run_id,),
        )
    }
    empty = sorted(stage for stage, names in wanted.items() if not names)
    missing = sorted(
        f"{stage}: {name}" for stage, names in wanted.items() for name in names if (stage, name) not in found
    )
    failed = sorted(
        f"{stage}: {name}" for (stage, name), (severity, passed) in found.items() if severity == CRITICAL and not passed
    )
    for what, which in (
        ("These stages have no checks", empty),
        ("These checks did not run", missing),
        ("These critical checks failed", failed),
    ):
        if which:
            raise TerminalError(
                f"{what}: {', '.join(which[:10])}{' …' * (len(which) > 10)}. Nothing is published.",
                "`SELECT * FROM quality_checks` has what they found; docs/cookbook.md, 'A publication was refused'.",
            )


def _restate(cursor: Cursor, generation: int) -> int:
    """Keeps what changes in months that readers have seen closed; gives the number of figures."""
    names = ", ".join(f"`{column.name}`" for column in tables.SALES_FIGURES)
    unlike = " OR ".join(f"SUM(`sign` * `{column.name}`) <> 0" for column in tables.SALES_FIGURES)
    key = "`month`, `store_id`, `product_id`, `currency`"
    causes = f"'{LATE}', '{REPAIRED}', '{CONFLICT}'"
    both = (
        f"SELECT {key}, {names}, -1 AS `sign` FROM `truth_sales_by_month` t "
        "JOIN `published_months` p USING (`generation`, `month`) JOIN `generation_months` g USING (`month`) "
        "WHERE p.`closed` = 1 AND g.`generation` = %(generation)s "
        f"UNION ALL SELECT {key}, {names}, 1 FROM `truth_sales_by_month` t JOIN `published_months` p USING (`month`) "
        "WHERE t.`generation` = %(generation)s AND p.`closed` = 1"
    )
    changes = (
        f"SELECT {key}, SUM(`units` * (`sign` < 0)) AS `units_before`, SUM(`units` * (`sign` > 0)) AS `units_after`, "
        "SUM(`revenue` * (`sign` < 0)) AS `revenue_before`, SUM(`revenue` * (`sign` > 0)) AS `revenue_after` "
        f"FROM ({both}) b GROUP BY {key} HAVING {unlike}"
    )
    reasons = (
        f"SELECT DATE_FORMAT(`day`, '%%Y-%%m') AS `month`, `store_id`, `product_id`, `currency`, "
        f"ELT(MAX(FIELD(`cause`, {causes})), {causes}) AS `cause` FROM `reconciliations` "
        "WHERE `generation` = %(generation)s AND `figure` = 'sales' "
        "GROUP BY 1, `store_id`, `product_id`, `currency`"
    )
    columns = ", ".join(f"`{column.name}`" for column in tables.RESTATEMENT_ROWS.columns)
    return cursor.execute(
        f"INSERT INTO `restatement_rows` ({columns}) SELECT %(generation)s, {key}, `units_before`, `units_after`, "
        f"`revenue_before`, `revenue_after`, COALESCE(r.`cause`, '{LATE}') "
        f"FROM ({changes}) c LEFT JOIN ({reasons}) r USING ({key})",
        {"generation": generation},
    )


def _point(cursor: Cursor, night: Generation, open_month: str) -> int:
    """Moves the pointers and the cut; months that are over are closed, read again or not. Gives the months moved."""
    months = generations.months(cursor, night.generation)
    if months:
        cursor.executemany(
            tables.replacing_upsert(tables.PUBLISHED_MONTHS),
            [(month, night.generation, month < open_month) for month in months],
        )
    cursor.execute("UPDATE `published_months` SET `closed` = 1 WHERE `closed` = 0 AND `month` < %s", (open_month,))
    first_final = rows(
        cursor,
        "SELECT `generation`, `month` FROM `published_months` WHERE `closed` = 1 AND `month` NOT IN "
        "(SELECT `month` FROM `generation_months` WHERE `first_final` = 1)",
    )
    if first_final:
        cursor.executemany(
            "UPDATE `generation_months` SET `first_final` = 1 WHERE `generation` = %s AND `month` = %s", first_final
        )
    cursor.execute(
        "UPDATE `layers` SET `published_epoch` = %s, `final_before` = %s WHERE `id` = 1", (night.epoch, open_month)
    )
    cursor.execute(
        "UPDATE `generations` SET `published_at` = UTC_TIMESTAMP(3) WHERE `generation` = %s", (night.generation,)
    )
    note_publication(cursor, night.generation, night.epoch, night.kind)
    return len(months)


def note_publication(cursor: Cursor, generation: int, epoch: int, kind: str, origin: int | None = None) -> None:
    """Numbers a publication and keeps its pointers, where a rollback leads."""
    [(number,)] = rows(cursor, "SELECT COALESCE(MAX(`publication`), 0) + 1 FROM `publications`")
    cursor.execute(
        "INSERT INTO `publications` (`publication`, `generation`, `epoch`, `origin`, `kind`, `published_at`) "
        "VALUES (%s, %s, %s, %s, %s, UTC_TIMESTAMP(3))",
        (number, generation, epoch, number if origin is None else origin, kind),
    )
    cursor.execute(
        "INSERT INTO `publication_months` (`publication`, `month`, `generation`, `closed`) "
        "SELECT %s, `month`, `generation`, `closed` FROM `published_months`",
        (number,),
    )

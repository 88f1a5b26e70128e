"""Whole nights and their steps, for tests: the jobs' own code, in this process."""

from argparse import Namespace
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from jobs.batch import profile, publish, reconcile, recount
from reports.verify import verify
from tests.night.fold import folded
from tillstream import tables
from tillstream.settings import Settings
from tillstream.stores import generations
from tillstream.stores.generations import Generation, of_run
from tillstream.stores.mysql import connect, rows, transaction
from tillstream.stores.truth import TRUTH

Recount = Callable[[Settings, Namespace], str]


def by_fold(settings: Settings, chosen: Namespace) -> str:
    """The recount without Spark."""
    return recount.work(settings, chosen, folded)


def cut(
    settings: Settings, run: str, *, month: str | None = None, full: bool = False, opened: date | None = None
) -> Generation:
    """Opens a run's cut; `opened` is the day that it was opened on."""
    connection = connect(settings, "migrate")
    night = generations.open_cut(connection, run, "test", asked_month=month, full=full)
    if opened is not None:
        with transaction(connection) as cursor:
            at = datetime.combine(opened, datetime.min.time())
            cursor.execute("UPDATE epochs SET opened_at = %s WHERE epoch = %s", (at, night.epoch))
    connection.close()
    return night


def looked_at(settings: Settings, run: str) -> str:
    """The slice is profiled."""
    return profile.work(settings, Namespace(run=run))


def reconciled(settings: Settings, run: str) -> str:
    """The candidate is compared with what readers see."""
    return reconcile.work(settings, Namespace(run=run))


def published(settings: Settings, run: str) -> str:
    """Published without the gate: no stage but the reconciliation declares checks."""
    return publish.work(settings, Namespace(run=run), required={})


# The steps of a night, in their order.
STEPS: dict[str, Callable[[Settings, str], object]] = {
    "open_cut": cut,
    "profile": looked_at,
    "recount": lambda settings, run: by_fold(settings, Namespace(run=run)),
    "reconcile": reconciled,
    "publish": published,
}


def candidate(settings: Settings, run: str, count_again: Recount = by_fold, **options: Any) -> Generation:
    """A night up to the publication."""
    night = cut(settings, run, **options)
    looked_at(settings, run)
    count_again(settings, Namespace(run=run))
    reconciled(settings, run)
    return night


def night(settings: Settings, run: str, count_again: Recount = by_fold, **options: Any) -> Generation:
    """A whole night."""
    candidate(settings, run, count_again, **options)
    published(settings, run)
    return of_run(settings, run)


def selected(settings: Settings, query: str, *arguments: Any) -> list[tuple[Any, ...]]:
    """What the database says."""
    connection = connect(settings, "migrate")
    try:
        with transaction(connection) as cursor:
            return rows(cursor, query, arguments)
    finally:
        connection.close()


def done(settings: Settings, statement: str, *arguments: Any) -> int:
    """A statement by the owner of the database."""
    connection = connect(settings, "migrate")
    try:
        with transaction(connection) as cursor:
            return cursor.execute(statement, arguments or None)
    finally:
        connection.close()


def figures_hold(settings: Settings) -> None:
    """Every view equals an independent recount of the raw record."""
    verdict = verify(settings)
    assert verdict.holds, verdict.differences[:5]


def totals(settings: Settings) -> list[tuple[Any, ...]]:
    """What readers see of each month."""
    return selected(settings, "SELECT month, SUM(units), SUM(revenue) FROM sales_by_month GROUP BY 1 ORDER BY 1")


def truth(settings: Settings, generation: int | None = None) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of truth without their generation: of the published months, or of one generation."""
    found = {}
    for table in TRUTH:
        columns = ", ".join(f"t.`{column.name}`" for column in table.columns[1:])
        join = "JOIN published_months p ON p.month = t.month AND p.generation = t.generation"
        where = join if generation is None else f"WHERE t.generation = {generation}"
        found[table.name] = sorted(selected(settings, f"SELECT {columns} FROM {table.name} t {where}"))
    return found


def live(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Every live row."""
    return {
        table.name: sorted(selected(settings, f"SELECT * FROM {table.name}"))
        for table in (tables.LIVE_SALES, tables.LIVE_STOCK, tables.LIVE_COUNTS)
    }

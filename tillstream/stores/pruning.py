"""Removal of what nobody can see or come back to: old live rows and old generations.

Each portion is one short transaction that takes the lock of publications and rollbacks and looks again, so that nothing
goes that one of them has just brought back. Idempotent; cut off anywhere, the next call goes on.
"""

from tillstream import tables
from tillstream.stores.mysql import Connection, Cursor, rows, transaction
from tillstream.stores.truth import TRUTH

KEPT_PUBLICATIONS = 7  # to which a rollback leads
PORTION = 20_000  # rows of one transaction
LIVE = (tables.LIVE_SALES, tables.LIVE_STOCK, tables.LIVE_COUNTS)

_LOCK = "SELECT `published_epoch` FROM `layers` WHERE `id` = 1 FOR UPDATE"


def prune(connection: "Connection[Cursor]") -> int:
    """Removes what is out of reach; gives the number of rows.

    Kept are what readers see, where the last publications lead back to, each month's first final generation, and
    candidates that may still be published.
    """
    return _prune_live(connection) + _prune_publications(connection) + _prune_truth(connection)


def _prune_live(connection: "Connection[Cursor]") -> int:
    removed = 0
    for table in LIVE:
        portion = PORTION
        while portion == PORTION:
            with transaction(connection) as cursor:
                [(published,)] = rows(cursor, _LOCK)
                # Rows of a rebuild that is under way have epochs below 0.
                portion = cursor.execute(
                    f"DELETE FROM `{table.name}` WHERE `epoch` >= 0 AND `epoch` < %s LIMIT {PORTION}",
                    (published,),
                )
            removed += portion
    return removed


def _prune_publications(connection: "Connection[Cursor]") -> int:
    """The pointers of old publications; the publications themselves stay on record."""
    with transaction(connection) as cursor:
        cursor.execute(_LOCK)
        found = rows(
            cursor,
            "SELECT `origin`, MAX(`publication`) FROM `publications` GROUP BY `origin` ORDER BY 2 DESC "
            f"LIMIT {KEPT_PUBLICATIONS}",
        )
        kept = sorted({number for row in found for number in row})
        if not kept:
            return 0
        places = ", ".join(["%s"] * len(kept))
        return cursor.execute(
            f"DELETE FROM `publication_months` WHERE `publication` NOT IN ({places})",
            kept,
        )


# Generations that are not published yet and may still be: a night's above the published cut, a backfill's at it.
_CANDIDATES = (
    "SELECT g.`generation` FROM `generations` g JOIN `layers` y WHERE g.`published_at` IS NULL "
    "AND (g.`epoch` > y.`published_epoch` OR (g.`kind` = 'backfill' AND g.`epoch` = y.`published_epoch`))"
)
_OUT_OF_REACH = (
    "SELECT m.`generation`, m.`month` FROM `generation_months` m WHERE m.`first_final` = 0 "
    "AND NOT EXISTS (SELECT 1 FROM `published_months` p "
    "WHERE p.`generation` = m.`generation` AND p.`month` = m.`month`) "
    "AND NOT EXISTS (SELECT 1 FROM `publication_months` k "
    "WHERE k.`generation` = m.`generation` AND k.`month` = m.`month`) "
    f"AND m.`generation` NOT IN ({_CANDIDATES})"
)


def _prune_truth(connection: "Connection[Cursor]") -> int:
    with transaction(connection) as cursor:
        found = rows(cursor, f"{_OUT_OF_REACH} ORDER BY 1, 2")
    return sum(_prune_month(connection, generation, month) for generation, month in found)


def _prune_month(connection: "Connection[Cursor]", generation: int, month: str) -> int:
    removed = 0
    arguments = (generation, month)
    for table in TRUTH:
        portion = PORTION
        while portion == PORTION:
            with transaction(connection) as cursor:
                cursor.execute(_LOCK)
                if not rows(cursor, f"{_OUT_OF_REACH} AND m.`generation` = %s AND m.`month` = %s", arguments):
                    return removed
                portion = cursor.execute(
                    f"DELETE FROM `{table.name}` WHERE `generation` = %s AND `month` = %s LIMIT {PORTION}",
                    arguments,
                )
            removed += portion
    with transaction(connection) as cursor:
        cursor.execute(_LOCK)
        if rows(cursor, f"{_OUT_OF_REACH} AND m.`generation` = %s AND m.`month` = %s", arguments):
            cursor.execute("DELETE FROM `generation_months` WHERE `generation` = %s AND `month` = %s", arguments)
    return removed

"""The rows of generations: written as a candidate that nobody sees, and removed when nobody needs them.

Idempotent by key: a row that is written again takes its own place.
"""

from collections.abc import Mapping

import pyarrow as pa

from tillstream import tables
from tillstream.stores import bulk
from tillstream.stores.mysql import Connection, Cursor, transaction

TRUTH = (
    tables.TRUTH_SALES_BY_HOUR, tables.TRUTH_SALES_BY_DAY, tables.TRUTH_SALES_BY_MONTH, tables.TRUTH_STOCK,
    tables.TRUTH_COUNTS,
)  # fmt: skip
PORTION = 20_000  # rows removed in one transaction


def write(connection: "Connection[Cursor]", generation: int, rows_by_table: Mapping[tables.Table, pa.Table]) -> int:
    """Writes rows of a candidate, in one transaction; their columns are named as the table's. Gives their number."""
    with transaction(connection) as cursor:
        for table, found in rows_by_table.items():
            bulk.replace(cursor, table, bulk.numbered(found, "generation", generation))
    return sum(found.num_rows for found in rows_by_table.values())


def remove(connection: "Connection[Cursor]", generation: int, month: str | None = None) -> int:
    """Removes a generation's rows, all or a month's, in portions; gives their number."""
    removed = 0
    condition = "`generation` = %s" + ("" if month is None else " AND `month` = %s")
    arguments = (generation,) if month is None else (generation, month)
    for table in TRUTH:
        portion = PORTION
        while portion == PORTION:
            with transaction(connection) as cursor:
                portion = cursor.execute(f"DELETE FROM `{table.name}` WHERE {condition} LIMIT {PORTION}", arguments)
            removed += portion
    return removed

"""Added-up events as rows of the tables that they belong in."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from jobs.transforms import BY_DAY, BY_HOUR, BY_MONTH, COUNT, SALES, STOCK
from tillstream import tables

LIVE = {SALES: tables.LIVE_SALES, STOCK: tables.LIVE_STOCK, COUNT: tables.LIVE_COUNTS}
TRUTH = {
    BY_HOUR: tables.TRUTH_SALES_BY_HOUR,
    BY_DAY: tables.TRUTH_SALES_BY_DAY,
    BY_MONTH: tables.TRUTH_SALES_BY_MONTH,
    STOCK: tables.TRUTH_STOCK,
    COUNT: tables.TRUTH_COUNTS,
}


def live_rows(found: pa.Table) -> dict[tables.Table, pa.Table]:
    """Rows of `transforms.additions`, each with the live table that it belongs in."""
    return _by_table(found, "figure", LIVE)


def truth_rows(found: pa.Table) -> dict[tables.Table, pa.Table]:
    """Rows of `transforms.with_days_and_months`, each with the table of the truth that it belongs in."""
    return _by_table(found, "grain", TRUTH)


def _by_table(found: pa.Table, kind: str, by_kind: Mapping[str, tables.Table]) -> dict[tables.Table, pa.Table]:
    named = found.append_column("quantity", found["counted"])
    parts = {table: named.filter(pc.equal(named[kind], each)) for each, table in by_kind.items()}
    return {table: part for table, part in parts.items() if part.num_rows}

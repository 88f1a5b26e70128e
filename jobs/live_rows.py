"""Added-up events as rows of the live tables."""

import pyarrow as pa
import pyarrow.compute as pc

from jobs.transforms import COUNT, SALES, STOCK
from tillstream import tables

TABLES = {SALES: tables.LIVE_SALES, STOCK: tables.LIVE_STOCK, COUNT: tables.LIVE_COUNTS}


def rows_by_table(found: pa.Table) -> dict[tables.Table, pa.Table]:
    """Rows of `transforms.additions`, each with the live table that it belongs in."""
    named = found.append_column("quantity", found["counted"])
    parts = {table: named.filter(pc.equal(named["figure"], figure)) for figure, table in TABLES.items()}
    return {table: part for table, part in parts.items() if part.num_rows}

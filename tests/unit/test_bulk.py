"""INSERT statements out of columns."""

from datetime import date

import pyarrow as pa

from tillstream import tables
from tillstream.stores import bulk


def test_rows_are_written_in_the_order_of_the_key_whatever_order_they_come_in() -> None:
    """Of two writers that lock the same rows in different orders, each could wait for the other."""
    found = pa.table(
        {
            "day": [date(2026, 1, 2), date(2026, 1, 1), date(2026, 1, 1)],
            "store_id": ["a", "b", "a"],
            "product_id": ["x", "x", "y"],
            "delivered": [1, 2, 3],
            "lost": [0, 0, 0],
        }
    )

    [statement] = bulk.statements(tables.LIVE_STOCK, bulk.numbered(found, "epoch", 7), "")

    values = statement.partition(" VALUES ")[2].strip()
    assert values == "(7,'2026-01-01','a','y',3,0),(7,'2026-01-01','b','x',2,0),(7,'2026-01-02','a','x',1,0)"

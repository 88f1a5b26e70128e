"""Counting events as Arrow columns, on their way from an executor's Python to Spark: the twin of EVENT_COLUMNS."""

import pyarrow as pa

from tillstream.money import PLACES

PRICE = pa.decimal128(14, PLACES)
FIELDS = [
    ("kind", pa.string()),
    ("event_id", pa.string()),
    ("line_no", pa.int32()),
    ("store_id", pa.string()),
    ("product_id", pa.string()),
    ("product_name", pa.string()),
    ("quantity", pa.int32()),
    ("unit_price", PRICE),
    ("discount", PRICE),
    ("currency", pa.string()),
    ("happened_at", pa.timestamp("us", "UTC")),
    ("day", pa.date32()),
]

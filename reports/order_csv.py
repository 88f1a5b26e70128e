"""The plan as CSV that a spreadsheet opens as it is: UTF-8 with a mark, and no cell that it takes for a formula."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from reports.order_plan import PlanLine

COLUMNS = (
    "urgency", "order_by", "supplier", "product_id", "product_name", "size", "colour", "store_id", "quantity", "packs",
    "pack_size", "unit_cost", "cost", "currency", "on_hand", "on_order", "reserved", "ordered_since", "reorder_point",
    "order_up_to", "months_of_cover", "runs_out_on", "reason",
)  # fmt: skip
ENCODING = "utf-8-sig"  # without the mark, Excel reads Burmese as Latin
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def order_csv(lines: Sequence[PlanLine]) -> str:
    """A header and a row per line."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([cell(getattr(line, column)) for column in COLUMNS] for line in lines)
    return text.getvalue()


def cell(value: Any) -> Any:
    """A value as a spreadsheet must see it: text that would be a formula gets an apostrophe, numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value

"""A line of the plan, for tests that need one."""

from datetime import date

import msgspec

from reports.order_plan import PlanLine

LINE = PlanLine(
    store_id="main", product_id="TS-01", product_name="T-Shirt", size="M", colour="White", supplier="Golden Loom",
    quantity=24, planned=24, ordered_since=0, pack_size=12, minimum_order=0, unit_cost="9500", cost="228000",
    currency="MMK", order_by=date(2026, 3, 20), urgency="amber", on_hand=5, on_order=0, reserved=0, reorder_point=27.5,
    order_up_to=27.5, safety_stock=7.5, service=0.95, abc="B", lead_time_days=14, months_of_cover=0.4,
    runs_out_on=date(2026, 3, 22), reason="Order 24: 5 on hand.",
)  # fmt: skip


def plan_line(**changes: object) -> PlanLine:
    """An ordinary line, but for what is named."""
    return msgspec.structs.replace(LINE, **changes)

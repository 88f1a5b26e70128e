"""A line of the plan is explained by its own numbers."""

import numpy as np
import pytest

from ml.outlook import Outlook
from reports.plan_explanation import explained
from tests.unit.plan_lines import plan_line

OUTLOOK = Outlook(np.array([14.0, 14.0]), np.array([0.5, 0.95]), np.array([[14.0, 28.0], [20.0, 35.0]]))


def steps(**changes: object) -> str:
    return "\n".join(explained(plan_line(**changes), OUTLOOK).steps)


def test_the_steps_lead_from_stock_to_the_order() -> None:
    found = explained(plan_line(), OUTLOOK)

    assert (found.period_days, found.position, round(found.expected, 1)) == (44, 5, 20.2)
    assert found.steps == [
        "There will be 5 on hand + 0 on order - 0 reserved = 5 pieces.",
        "They must last 14 days until a delivery + 30 days until the next order = 44.",
        "Those 44 days should sell 20.2, and in 95 % of cases no more than 27.5: order up to that. "
        "The safety stock in it is 7.5.",
        "5 is at or below the reorder point 27.5: 27.5 - 5 = 22.5 are missing.",
        "In packs of 12, and at least 0: 24.",
        "24 x 9,500 = 228,000 MMK.",
        "Order by 2026-03-20.",
    ]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"on_hand": -4}, "0 on hand (less than nothing by the books: count it)"),
        ({"lead_time_days": None}, "(not known: the usual)"),
        ({"on_hand": 30, "planned": 0, "quantity": 0}, "30 is above the reorder point 27.5: nothing to order."),
        ({"on_hand": 20, "on_order": 12, "reserved": 2}, "20 on hand + 12 on order - 2 reserved = 30 pieces."),
        ({"planned": 0, "quantity": 0, "reason": "Discontinued."}, "Nothing to order all the same. Discontinued."),
        ({"minimum_order": 36, "planned": 36}, "In packs of 12, and at least 36: 36."),
        ({"planned": 12, "quantity": 12}, "24, of which 12 stay within the maximum cover."),
        ({"ordered_since": 12, "quantity": 12}, "12 were ordered since: 12 are left to order."),
    ],
)
def test_each_case_is_said(changes: dict[str, object], words: str) -> None:
    assert words in steps(**changes)


def test_what_has_no_cost_is_explained_without_money() -> None:
    assert "MMK" not in steps(unit_cost=None, cost=None, currency=None)

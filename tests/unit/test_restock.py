"""The order sheet's arithmetic, with numbers that can be reckoned by hand."""

import math
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from ml.budget import Candidate, within_budget
from ml.health import idle, lost_sales, sell_through
from ml.outlook import Outlook
from ml.restock import MONTH_DAYS, Line, Receipt, Stock, Terms, Urgency, line, months_of_cover

TODAY = date(2025, 6, 1)
MONTHS = tuple(date(2025 + (5 + n) // 12, (5 + n) % 12 + 1, 1) for n in range(6))
LEVELS = np.array([0.05, 0.5, 0.9, 0.95, 0.98])
MONTH = round(MONTH_DAYS)


def outlook(pace: float = 100.0, spread: float = 0.5) -> Outlook:
    """`pace` pieces a month; the 95 % quantile of n months is n·pace + spread·pace, 5 % as much below."""
    months = np.arange(1, 7)
    factors = np.array([-1.0, 0.0, 0.8, 1.0, 1.3])
    sums = pace * (months + spread * factors[:, None])
    return Outlook(np.full(6, pace), LEVELS, np.maximum(sums, 0.0))


def asked(stock: Stock, terms: Terms, of: Outlook | None = None) -> Line:
    return line(of or outlook(), stock, terms, TODAY, MONTHS)


USUAL = Terms(lead_days=MONTH, review_days=MONTH)  # P is two months, but for a day


def test_the_order_goes_up_to_the_quantile_of_lead_and_review() -> None:
    found = asked(Stock(50), Terms(lead_days=61, review_days=61, maximum_cover=9))
    period = 122 / MONTH_DAYS
    assert found.order_up_to == pytest.approx(100 * period + 50)
    assert found.safety_stock == pytest.approx(50)
    assert found.quantity == math.ceil(100 * period + 50 - 50)
    assert found.service == 0.95


def test_what_is_on_order_and_reserved_counts() -> None:
    plain = asked(Stock(50), USUAL).quantity
    assert asked(Stock(50, (Receipt(date(2025, 6, 20), 30),)), USUAL).quantity == plain - 30
    assert asked(Stock(50, reserved=20), USUAL).quantity == plain + 20


def test_at_the_reorder_point_an_order_is_due_and_above_it_none() -> None:
    level = asked(Stock(0), USUAL).order_up_to
    assert asked(Stock(math.floor(level)), USUAL).quantity == 1
    assert asked(Stock(math.ceil(level)), USUAL).quantity == 0


def test_watched_stock_is_reordered_by_the_lead_time_alone() -> None:
    watched = Terms(lead_days=MONTH, review_days=MONTH, watched=True)
    found = asked(Stock(160), watched)
    assert found.reorder_point == pytest.approx(150 * MONTH / MONTH_DAYS)
    assert found.quantity == 0
    assert asked(Stock(140), watched).quantity > 0


@pytest.mark.parametrize(
    ("pack", "minimum", "quantity"), [(1, 0, 199), (12, 0, 204), (12, 210, 216), (100, 0, 200), (1, 250, 250)]
)
def test_whole_packs_and_the_minimum(pack: int, minimum: int, quantity: int) -> None:
    found = asked(Stock(49), Terms(lead_days=MONTH, review_days=MONTH, pack=pack, minimum=minimum))
    assert asked(Stock(49), USUAL).order_up_to == pytest.approx(247.1, abs=0.1)
    assert found.quantity == quantity


def test_the_maximum_cover_caps_an_order() -> None:
    found = asked(Stock(0), Terms(lead_days=MONTH, review_days=MONTH, pack=50, maximum_cover=1.2))
    assert found.quantity == 100
    assert "not 250" in found.reason


def test_a_pack_larger_than_the_maximum_cover_is_not_ordered_and_says_so() -> None:
    found = asked(Stock(0), Terms(lead_days=MONTH, pack=1000), outlook(pace=100))
    assert found.quantity == 0
    assert "1000" in found.reason
    assert "10 months" in found.reason


def test_the_service_level_comes_from_the_costs_or_the_class() -> None:
    assert Terms(margin=Decimal(9), holding=Decimal(1)).service == pytest.approx(0.9)
    assert [Terms(abc=name).service for name in "ABC?"] == [0.98, 0.95, 0.90, 0.95]
    assert Terms(margin=Decimal(0), holding=Decimal(1)).service == 0.95


def test_it_runs_out_in_the_first_month_that_stock_and_receipts_do_not_cover() -> None:
    """95 % quantiles of the sums: 150, 250, 350 …"""
    assert asked(Stock(149), USUAL).refill_month == 0
    assert asked(Stock(150), USUAL).refill_month == 1
    found = asked(Stock(160, (Receipt(date(2025, 7, 31), 100),)), USUAL)
    assert found.refill_month == 2
    assert asked(Stock(160, (Receipt(date(2025, 8, 1), 100),)), USUAL).refill_month == 1
    assert found.order_by == date(2025, 8, 1).replace(month=7, day=2)


def test_urgency_follows_the_order_by_date() -> None:
    assert asked(Stock(149), USUAL).urgency == Urgency.RED
    assert asked(Stock(249), USUAL).urgency == Urgency.RED
    slower = Terms(lead_days=40, review_days=MONTH)
    assert asked(Stock(250), slower).order_by == date(2025, 6, 22)
    assert asked(Stock(250), slower).urgency == Urgency.AMBER
    assert asked(Stock(400), USUAL).urgency == Urgency.GREEN
    assert asked(Stock(0), USUAL).urgency == Urgency.RED
    plenty = asked(Stock(10_000), USUAL)
    assert (plenty.refill_month, plenty.order_by, plenty.urgency) == (None, None, Urgency.GREEN)


def test_months_of_cover() -> None:
    assert months_of_cover(250, outlook()) == pytest.approx(2.5)
    assert months_of_cover(-3, outlook()) == 0
    assert months_of_cover(5, outlook(pace=0.0)) == math.inf


def test_slow_movers_are_counted_in_whole_pieces() -> None:
    found = asked(Stock(0), USUAL, outlook(pace=1.0, spread=1.0))
    assert found.order_up_to == 3.0  # a quantile of 2.97 pieces
    assert found.quantity == 3


def test_a_negative_stock_is_nothing_and_to_be_counted() -> None:
    found = asked(Stock(-7), USUAL)
    assert found.quantity == asked(Stock(0), USUAL).quantity
    assert "count it" in found.reason


def test_discontinued_and_dead_products_are_not_restocked() -> None:
    gone = asked(Stock(0), Terms(lead_days=MONTH, discontinued=True))
    dead = asked(Stock(4, idle_months=12), USUAL)
    assert (gone.quantity, dead.quantity) == (0, 0)
    assert "Discontinued" in gone.reason
    assert "12 months" in dead.reason
    assert gone.urgency == dead.urgency == Urgency.GREEN


def test_a_product_without_cost_lead_time_or_supplier_has_a_line() -> None:
    found = asked(Stock(0), Terms())
    assert found.quantity > 0
    assert found.cost is None
    assert "lead time not known" in found.reason


def test_nothing_expected_is_nothing_ordered() -> None:
    found = asked(Stock(0), USUAL, outlook(pace=0.0))
    assert found.quantity == 0
    assert found.urgency == Urgency.GREEN
    assert "Nothing is expected" in found.reason


def test_a_reason_is_one_sentence_with_its_numbers() -> None:
    found = asked(
        Stock(40, (Receipt(date(2025, 6, 9), 12),), reserved=3), Terms(lead_days=20, unit_cost=Decimal("2.50"))
    )
    assert found.cost == found.quantity * Decimal("2.50")
    assert found.reason.count(". ") == 0
    for number in (found.quantity, "40 on hand", "12 on order", "3 reserved", "50 days", "95 %"):
        assert str(number) in found.reason


def candidates(*terms: Terms) -> list[Candidate]:
    return [Candidate(asked(Stock(0), each), outlook(), Stock(0), each) for each in terms]


def costing(cost: str, pack: int = 10, minimum: int = 0, abc: str = "B") -> Terms:
    return Terms(lead_days=MONTH, review_days=MONTH, unit_cost=Decimal(cost), pack=pack, minimum=minimum, abc=abc)


def spent(lines: list[Line]) -> Decimal:
    return sum((each.cost or Decimal(0) for each in lines), Decimal(0))


def test_enough_money_changes_nothing() -> None:
    asked_for = candidates(costing("2"), costing("3"))
    assert within_budget(asked_for, Decimal(10_000)) == [each.line for each in asked_for]


def test_no_money_buys_nothing_and_says_so() -> None:
    (found,) = within_budget(candidates(costing("2")), Decimal(0))
    assert found.quantity == 0
    assert found.cost == 0
    assert "0 of 250 are within the budget of 0" in found.reason


def test_a_budget_is_kept_and_shared_by_what_the_next_pack_is_worth() -> None:
    """Alike but for their price: the first packs of both are surer to sell than the last ones of either."""
    found = within_budget(candidates(costing("2"), costing("2")), Decimal(500))
    assert spent(found) == Decimal(500)
    assert abs(found[0].quantity - found[1].quantity) <= 10
    earning = {"lead_days": MONTH, "review_days": MONTH, "margin": Decimal(5), "holding": Decimal(1), "pack": 10}
    priced = [Terms(unit_cost=Decimal(cost), **earning) for cost in (1, 4)]  # type: ignore[arg-type]
    cheap, dear = within_budget(candidates(*priced), Decimal(300))
    assert cheap.quantity > dear.quantity


def test_a_minimum_that_the_budget_cannot_pay_is_passed_over() -> None:
    first, second = within_budget(candidates(costing("2", minimum=200), costing("2")), Decimal(300))
    assert first.quantity == 0
    assert second.quantity == 150


def test_what_has_no_cost_takes_no_money() -> None:
    found = within_budget(candidates(Terms(lead_days=MONTH, review_days=MONTH), costing("2")), Decimal(100))
    assert found[0].quantity > 0
    assert spent(found) == Decimal(100)


def test_dead_and_slow_stock_and_the_money_in_it() -> None:
    assert idle(Stock(5, idle_months=12), outlook(), Decimal(3)).money == 15
    slow = idle(Stock(1500), outlook(), Decimal(2))
    assert (slow.kind, slow.pieces, slow.money) == ("slow", 300, Decimal(600))
    assert idle(Stock(1200), outlook(), None).kind == "ok"
    assert idle(Stock(1500), outlook(), None).money is None
    assert idle(Stock(-4, idle_months=20), outlook(), Decimal(2)).pieces == 0


def test_sell_through_and_lost_sales() -> None:
    assert sell_through(30, 10) == 0.75
    assert sell_through(0, 0) is None
    assert sell_through(5, -2) == 1.0
    assert lost_sales(2.6, Decimal("9.90")) == Decimal("29.70")
    assert lost_sales(2.6, None) is None


def test_between_whole_months_an_outlook_is_straight() -> None:
    of = outlook()
    assert of.mean(1.5) == pytest.approx(150)
    assert of.quantile(0.5, 0.95) == pytest.approx(75)
    assert of.mean(12) == pytest.approx(1200)
    assert of.chance_above(1, 150.0) == pytest.approx(0.05)
    assert of.chance_above(1, 100.0) == pytest.approx(0.5)

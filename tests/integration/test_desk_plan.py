"""The plan at the desk: nothing is ordered twice, a budget is kept, currencies are told apart."""

import csv
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.integration.desk import TODAY, Desk, Item
from tillstream.errors import TerminalError

SHIRT = Item("TS-01", "T-Shirt", monthly=20, on_hand=2, size="M", colour="White")
SOCKS = Item("SK-01", "Socks", monthly=60, on_hand=10, cost=Decimal(3000), supplier="ရွှေချည်", pack=12)
BELT = Item("BE-01", "Belt", monthly=5, on_hand=50)
TIE = Item("TI-01", "Tie", monthly=5, on_hand=0, cost=Decimal("12.50"), currency="USD", supplier="Milano", pack=1)
CAP = Item("CA-01", "Cap", monthly=9, on_hand=0, cost=None, supplier=None)


@pytest.fixture
def shop(desk: Desk) -> Desk:
    desk.open(SHIRT, SOCKS, BELT, TIE, CAP)
    return desk


def quantities(plan: Any) -> dict[str, int]:
    return {line["product_id"]: line["quantity"] for line in plan["lines"]}


def test_what_is_short_is_ordered_and_each_line_says_why(shop: Desk) -> None:
    shop.publish(SHIRT, SOCKS, BELT)
    plan = shop.json("plan")

    assert quantities(plan) == {"TS-01": SHIRT.line.quantity, "SK-01": SOCKS.line.quantity}
    assert plan["totals"] == {"MMK": str(SHIRT.line.quantity * 9500 + SOCKS.line.quantity * 3000)}
    assert plan["issue"]["issued_on"] == TODAY.isoformat()
    assert {line["reason"] for line in plan["lines"]} == {SHIRT.line.reason, SOCKS.line.reason}
    text = shop.run("plan")
    assert "T-Shirt" in text
    assert "ရွှေချည်" in text
    assert f"Total: {SHIRT.line.quantity * 9500 + SOCKS.line.quantity * 3000:,} MMK" in text


def test_what_was_ordered_since_is_not_ordered_again(shop: Desk) -> None:
    shop.publish(SHIRT)
    assert SHIRT.line.quantity == 48

    shop.run("orders", "add", "TS-01", "12")
    [line] = shop.json("plan")["lines"]
    assert (line["planned"], line["ordered_since"], line["quantity"]) == (48, 12, 36)
    assert line["cost"] == str(36 * 9500)
    assert "12 were ordered since (order 1)" in line["reason"]

    shop.run("orders", "add", "TS-01", "36")
    [line] = shop.json("plan")["lines"]
    assert line["quantity"] == 0
    assert "(order 1, 2)" in line["reason"]
    assert "To order: none" in shop.run("plan")

    shop.run("orders", "received", "1")
    assert shop.json("plan")["lines"][0]["quantity"] == 0, "what has come since is on hand by the next plan"
    shop.run("orders", "cancel", "2")
    assert shop.json("plan")["lines"][0]["quantity"] == 36


def test_a_plan_that_knew_of_an_order_does_not_count_it_again(shop: Desk) -> None:
    shop.run("orders", "add", "TS-01", "12", "--ordered", "2026-03-09")
    with_order = Item("TS-01", "T-Shirt", monthly=20, on_hand=2, on_order=12)
    number = shop.publish(with_order)
    shop.change("UPDATE orders SET recorded_at = '2026-03-09 12:00:00'")

    [line] = shop.json("plan")["lines"]
    assert number == 1
    assert (line["quantity"], line["on_order"], line["ordered_since"]) == (with_order.line.quantity, 12, 0)


@pytest.mark.parametrize(
    ("ordered", "recorded", "since"),
    [
        ("2026-03-09", "2026-03-10 00:59:59", 0),
        ("2026-03-10", "2026-03-10 01:00:01", 12),  # entered after the plan was made
        ("2026-03-09", "2026-03-12 09:00:00", 12),  # likewise, for an earlier day
        ("2026-03-11", "2026-03-10 00:59:59", 0),  # entered before, for a later day: on order
    ],
)
def test_an_order_is_since_the_plan_when_the_plan_did_not_know_it(
    shop: Desk, ordered: str, recorded: str, since: int
) -> None:
    shop.publish(SHIRT)
    shop.run("orders", "add", "TS-01", "12", "--ordered", ordered)
    shop.change(f"UPDATE orders SET recorded_at = '{recorded}'")

    assert shop.json("plan")["lines"][0]["ordered_since"] == since


def test_a_plan_that_is_recorded_as_ordered_leaves_nothing_to_order(shop: Desk) -> None:
    shop.publish(SHIRT, SOCKS, CAP)

    first = shop.json("plan", "--supplier", "ရွှေချည်", "--ordered")
    assert quantities(first) == {"SK-01": SOCKS.line.quantity}
    shop.run("plan", "--ordered")
    shop.run("plan", "--ordered")
    orders = shop.json("orders", "list")
    expected = {item.product_id: item.line.quantity for item in (SHIRT, SOCKS, CAP)}
    assert {order["product_id"]: order["quantity"] for order in orders} == expected
    assert len(orders) == 3
    assert "To order: none" in shop.run("plan")


def test_a_plan_that_two_people_record_at_once_is_ordered_once(shop: Desk) -> None:
    shop.publish(SHIRT, SOCKS, CAP)
    environment = {"TILLSTREAM_HOME": str(shop.settings.home)}
    tillstream = Path(sys.executable).with_name("tillstream")
    started = [
        subprocess.Popen([tillstream, "plan", "--ordered"], env=os.environ | environment, stdout=subprocess.DEVNULL)
        for _ in range(3)
    ]

    assert [process.wait(60) for process in started] == [0, 0, 0]
    assert len(shop.json("orders", "list")) == 3


def test_an_order_for_another_store_leaves_the_line_alone(desk: Desk) -> None:
    desk.open(SHIRT, stores=("main", "branch"))
    desk.publish(SHIRT)
    desk.run("orders", "add", "TS-01", "48", "--store", "branch")

    assert quantities(desk.json("plan")) == {"TS-01": SHIRT.line.quantity}


def test_a_budget_is_kept_and_says_what_it_left_out(shop: Desk) -> None:
    shop.publish(SHIRT, SOCKS)
    whole = shop.json("plan")
    for budget in (0, 1, 36_000, 57_000, 150_000, 10_000_000):
        plan = shop.json("plan", "--budget", str(budget))
        spent = sum(Decimal(line["cost"]) for line in plan["lines"])
        assert spent <= budget
        assert [line["planned"] for line in plan["lines"]] == [line["quantity"] for line in whole["lines"]]
        assert (plan["budget"], plan["budget_currency"]) == (str(budget), "MMK")
    assert quantities(plan) == quantities(whole)


def test_no_money_is_an_answer(shop: Desk) -> None:
    shop.publish(SHIRT, SOCKS)

    plan = shop.json("plan", "--budget", "0")
    assert quantities(plan) == {"TS-01": 0, "SK-01": 0}
    assert plan["totals"] == {}
    assert all("are within the budget of 0." in line["reason"] for line in plan["lines"])
    assert "To order: none" in shop.run("plan", "--budget", "0")


def test_a_budget_is_of_one_currency_and_leaves_the_others_alone(shop: Desk) -> None:
    shop.publish(SHIRT, SOCKS, TIE, CAP)
    assert set(shop.json("plan")["totals"]) == {"MMK", "USD"}

    with pytest.raises(TerminalError, match=r"costs in MMK and USD.\nSay with `--currency`"):
        shop.run("plan", "--budget", "1000")
    with pytest.raises(TerminalError, match="Nothing in the plan costs EUR"):
        shop.run("plan", "--budget", "1000", "--currency", "EUR")
    plan = shop.json("plan", "--budget", "0", "--currency", "MMK")
    expected = {"TS-01": 0, "SK-01": 0, "TI-01": TIE.line.quantity, "CA-01": CAP.line.quantity}
    assert quantities(plan) == expected
    assert "cost is not known: 1 lines" in shop.run("plan")


def test_a_supplier_has_lines_of_its_own(shop: Desk) -> None:
    shop.publish(SHIRT, SOCKS, BELT)

    assert list(quantities(shop.json("plan", "--supplier", "ရွှေချည်"))) == ["SK-01"]
    assert shop.json("plan", "--supplier", "Milano")["lines"] == []
    with pytest.raises(TerminalError, match=r"no supplier 'Nobody'.\nThese are known: Golden Loom, Milano, ရွှေချည်"):
        shop.run("plan", "--supplier", "Nobody")


def test_a_plan_is_taken_away_as_csv_and_as_sheets(shop: Desk, tmp_path: Path) -> None:
    shop.publish(SHIRT, SOCKS, BELT, TIE, CAP)
    shop.run("orders", "add", "TI-01", "100")
    text = shop.run("plan", "--csv", str(tmp_path / "out" / "plan.csv"), "--sheet", str(tmp_path / "sheets"))

    with (tmp_path / "out" / "plan.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["product_id"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"TS-01", "SK-01", "CA-01"}
    assert (rows["TS-01"]["quantity"], rows["TS-01"]["cost"], rows["TS-01"]["size"]) == ("48", "456000", "M")
    pages = {path.name.split("-", 4)[-1]: path.read_text() for path in (tmp_path / "sheets").iterdir()}
    assert set(pages) == {"Golden-Loom.html", "ရွှေချည်.html", "supplier-not-known.html"}
    assert "456,000 MMK" in pages["Golden-Loom.html"]
    assert "Socks" not in pages["Golden-Loom.html"]
    assert "Not now" in text


def test_a_plan_of_a_forecast_without_models_says_what_to_do_about_a_budget(shop: Desk) -> None:
    shop.publish(SHIRT)
    shop.change("DELETE FROM forecast_models")

    assert quantities(shop.json("plan")) == {"TS-01": 48}
    with pytest.raises(TerminalError, match=r"kept no model of T-Shirt.\nA night makes another"):
        shop.run("plan", "--budget", "1000")


def test_what_could_not_be_written_is_not_recorded_as_ordered(shop: Desk, tmp_path: Path) -> None:
    shop.publish(SHIRT)
    (tmp_path / "file").touch()

    with pytest.raises(TerminalError, match="cannot be written"):
        shop.run("plan", "--ordered", "--sheet", str(tmp_path / "file" / "sheets"))
    assert shop.json("orders", "list") == []

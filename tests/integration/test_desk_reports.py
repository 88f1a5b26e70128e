"""The forecast as people see it: in tables, explained, in the five answers, in `status`; and where there is none."""

from datetime import date

import pytest

from reports.last_forecast import last_forecast, sentences
from tests.integration.desk import AT, TODAY, Desk, Item
from tillstream import tables
from tillstream.errors import TerminalError

SHIRT = Item("TS-01", "T-Shirt", monthly=20, on_hand=2)
NEW = Item("NE-01", "New Cap", monthly=3, on_hand=0, season_known=False, method="cold start")
READING = (
    ("forecast",),
    ("plan",),
    ("explain", "--forecast", "--product", "x"),
    ("explain", "--plan", "--product", "x"),
)


@pytest.fixture
def shop(desk: Desk) -> Desk:
    desk.open(SHIRT, NEW)
    desk.publish(SHIRT, NEW)
    return desk


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_before_the_first_forecast_the_answer_is_what_to_do(desk: Desk, arguments: tuple[str, ...]) -> None:
    with pytest.raises(TerminalError, match=r"no forecast yet.\n.*`tillstream nightly`"):
        desk.run(*arguments)


def test_a_forecast_that_was_refused_says_why(desk: Desk) -> None:
    desk.open(SHIRT)
    desk.publish(SHIRT, current=False)
    desk.put(tables.PUBLICATIONS, (1, 1, 1, 1, "night", AT))
    desk.put(tables.QUALITY_RESULTS, _failed("run-1", "quantiles do not fall"))

    with pytest.raises(TerminalError, match="its checks failed: quantiles do not fall"):
        desk.run("plan")


def test_the_forecast_is_shown_by_product_and_month(shop: Desk) -> None:
    found = shop.json("forecast")

    assert (len(found["months"]), found["methods"]) == (14, {"pool": 1, "cold start": 1})
    first = found["months"][0]
    assert (first["month"], first["product_id"], first["store_id"], first["quantity"]) == ("2026-03", "TS-01", "", 20.0)
    assert (first["p10"] <= first["p50"] <= first["p90"], first["method"]) == (True, "nowcast")
    assert (first["backtest_error"], first["naive_error"], first["last_month_error"]) == (2.5, 3.75, 4.0)
    text = shop.run("forecast")
    assert "T-Shirt" in text
    assert "season is not known, with less than two years of history: 1." in text


def test_one_product_or_month_has_its_intervals_and_errors(shop: Desk) -> None:
    assert {m["month"] for m in shop.json("forecast", "--month", "2026-05")["months"]} == {"2026-05"}
    assert {m["product_id"] for m in shop.json("forecast", "--product", "NE-01")["months"]} == {"NE-01"}
    text = shop.run("forecast", "--product", "NE-01")
    assert "not known" in text
    assert "cold start" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--product", "zz"), "no product 'zz'"),
        (("--month", "2030-01"), "says nothing of 2030-01.\nIt reaches from 2026-03 to 2026-09."),
        (("--by-store",), "one store"),
    ],
)
def test_what_the_forecast_does_not_have_is_said(shop: Desk, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(TerminalError) as caught:
        shop.run("forecast", *arguments)
    assert words in str(caught.value)


def test_each_of_several_stores_has_its_own_forecast_and_line(desk: Desk) -> None:
    branch = Item("TS-01", "T-Shirt", monthly=50, on_hand=4, store="branch")
    desk.open(SHIRT, stores=("main", "branch"))
    desk.publish(SHIRT, branch)

    months = desk.json("forecast", "--by-store", "--month", "2026-05")["months"]
    assert {(m["store_id"], m["quantity"]) for m in months} == {("main", 20.0), ("branch", 50.0)}
    assert "branch" in desk.run("forecast", "--by-store")
    lines = desk.json("explain", "--plan", "--product", "TS-01")["lines"]
    assert {(each["line"]["store_id"], each["position"]) for each in lines} == {("main", 2), ("branch", 4)}
    assert len({each["expected"] for each in lines}) == 2, "each is reckoned from its own store's demand"
    budget = desk.json("plan", "--budget", "400000")
    assert 0 < sum(line["quantity"] for line in budget["lines"]) <= 400_000 / 9_500
    [refill] = [each for each in desk.json("answers")["refill_by_month"] if each["month"] == "2026-03"]
    assert (refill["store_id"], refill["on_hand"]) == ("branch, main", 6)
    assert refill["quantity"] == SHIRT.line.quantity + branch.line.quantity


def test_of_several_forecasts_only_the_current_one_is_shown(shop: Desk) -> None:
    shop.publish(Item("TS-01", "T-Shirt", monthly=33), issued_on=date(2026, 3, 11))
    shop.publish(Item("TS-01", "T-Shirt", monthly=99), issued_on=date(2026, 3, 12), current=False)

    assert {m["quantity"] for m in shop.json("forecast")["months"]} == {33.0}
    assert {line["product_id"] for line in shop.json("plan")["lines"]} == {"TS-01"}


def test_a_forecast_is_explained_from_history_to_interval(shop: Desk) -> None:
    shop.run("uplifts", "set", "2026-04", "1.5")
    shop.run("uplifts", "set", "2026-12", "2")
    found = shop.json("explain", "--forecast", "--product", "TS-01")

    assert found["history"][0] == {"month": "2025-01", "demand": 20.0, "sold": 19.0, "on_shelf": 0.95}
    assert list(found["weights"]) == ["ses", "theta", "ma12"]
    assert len(found["sums"]["0.98"]) == 7
    assert found["naive"]["2026-03"] == 20.0
    assert [uplift["month"] for uplift in found["uplifts"]] == ["2026-04"]
    assert found["issue"]["run_id"] == "run-1"
    text = shop.run("explain", "--forecast", "--product", "NE-01", "--month", "2026-04")
    assert "beside 3.8 of the last year's same month and 4.0 of the last month" in text
    assert "Its season is not known" in text
    assert "You expect 1.5 times the forecast in 2026-04" in text


def test_a_plan_line_is_explained_by_its_own_arithmetic(shop: Desk) -> None:
    [line] = shop.json("explain", "--plan", "--product", "TS-01")["lines"]

    assert line["line"]["quantity"] == SHIRT.line.quantity
    assert line["position"] == 2
    assert round(line["expected"] + line["line"]["safety_stock"], 2) == round(line["line"]["order_up_to"], 2)
    assert "In packs of 6, and at least 0: 48." in line["steps"]
    assert "T-Shirt (TS-01) in main" in shop.run("explain", "--plan", "--product", "TS-01")


def test_what_needs_no_order_is_explained_too(shop: Desk) -> None:
    plenty = Item("TS-01", "T-Shirt", on_hand=500)
    shop.publish(plenty)

    [line] = shop.json("explain", "--plan", "--product", "TS-01")["lines"]
    assert "nothing to order" in line["steps"][3]
    with pytest.raises(TerminalError, match="says nothing of New Cap"):
        shop.run("explain", "--plan", "--product", "NE-01")


def test_question_five_is_answered_by_the_plan(shop: Desk) -> None:
    found = shop.json("answers")

    assert found["plan_issued_on"] == TODAY.isoformat()
    refill = next(each for each in found["refill_by_month"] if each["product_id"] == "TS-01")
    assert (refill["month"], refill["store_id"], refill["on_hand"], refill["quantity"]) == ("2026-03", "main", 2, 48)
    assert (refill["supplier"], refill["cost"], refill["currency"]) == ("Golden Loom", "456000", "MMK")
    assert refill["reason"] == SHIRT.line.reason
    assert f"plan of {TODAY}" in shop.run("answers")


def test_question_five_without_a_plan_is_what_runs_out(desk: Desk) -> None:
    desk.open(SHIRT)
    found = desk.json("answers")

    assert found["plan_issued_on"] is None
    assert "rate of the last weeks" in desk.run("answers")


def test_status_tells_of_the_forecast_and_of_what_became_of_the_last(shop: Desk) -> None:
    shop.put(tables.FORECAST_SCORES, (1, "", "TS-01", "2026-04", 25, 25, AT), (1, "", "NE-01", "2026-04", 3, 3, AT))
    told = "\n".join(sentences(last_forecast(shop.settings)))

    assert "issued on 2026-03-10, published 2026-03-10 01:00:00 UTC; 2 products: cold start 50%, pool 50%" in told
    assert "2026-04: 23 pieces were forecast on 2026-03-10, 28 asked for: it erred by 17.9% of that" in told
    assert "100% of products were within their interval" in told


def test_status_names_a_later_forecast_that_readers_do_not_see(shop: Desk) -> None:
    shop.publish(SHIRT, issued_on=date(2026, 3, 11), current=False)
    assert "run-2, is not published: it is not done yet" in "\n".join(sentences(last_forecast(shop.settings)))

    shop.put(tables.QUALITY_RESULTS, _failed("run-2", "sums"))
    assert "these checks failed: sums" in "\n".join(sentences(last_forecast(shop.settings)))


def test_status_without_a_forecast_says_so(desk: Desk) -> None:
    assert sentences(last_forecast(desk.settings)) == ["forecast: none yet"]


def _failed(run: str, check: str) -> tuple[object, ...]:
    given: dict[str, object] = {
        "run_id": run, "stage": "forecast", "check_name": check, "severity": "critical", "passed": 0, "observed": "1",
        "expected": "0", "detail": "", "rows_seen": 1, "checked_at": AT,
    }  # fmt: skip
    return tuple(given[column.name] for column in tables.QUALITY_RESULTS.columns)

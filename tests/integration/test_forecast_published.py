"""A forecast from the published truth in a real database: candidate, gate, publication, views, refusals."""

from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from expectations import forecast_gate
from jobs.batch import forecast, publish_forecast, score_forecasts
from tests.gate_night import Line
from tests.night.nights import done, selected
from tests.published_shop import PublishedShop, clear
from tillstream import tables
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import forecasts
from tillstream.stores.forecasts import KEPT, ROWS
from tillstream.stores.mysql import connect, transaction

CUT = date(2019, 7, 11)
LAST = date(2019, 7, 10)
FIRST = date(2019, 1, 1)


def shop(last: date = LAST, cut: date = CUT) -> PublishedShop:
    """Two stores and three products, half a year long; of the belt no stock is known, of the hat only its name."""
    made = PublishedShop(cut)
    for number in range((last - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        made.sell(day, "shirt", 2 + number % 3)
        made.sell(day, "shirt", 1, store="yangon-2")
        if number % 4 == 0:
            made.sell(day, "belt", 1)
            made.sell(day, "tie", 1, returned=number % 8 == 0)
    made.move(FIRST, "delivery", 600, "shirt")
    made.move(FIRST, "count", 150, "shirt", "yangon-2")
    made.move(date(2019, 6, 1), "count", 9, "tie")
    made.move(date(2019, 6, 3), "loss", 2, "tie")
    for product in ("shirt", "tie"):
        made.products[product] = {
            "category": "Clothes", "supplier": "Mill", "unit_cost": 5, "cost_currency": "MMK", "pack_size": 6,
        }  # fmt: skip
    made.products["hat"] = {"category": "Clothes"}
    made.suppliers["Mill"] = 21
    return made


@pytest.fixture
def settings(servers: Settings) -> Iterator[Settings]:
    """The servers, with the truth of a shop; empty afterwards."""
    shop().write(servers)
    yield servers
    connection = connect(servers, "migrate")
    with transaction(connection) as cursor:
        clear(cursor)
    connection.close()


def made(settings: Settings, run: str = "r1", as_of: date | None = None) -> str:
    return forecast.work(settings, Namespace(run=run, as_of=as_of))


def published(settings: Settings, run: str = "r1", as_of: date | None = None) -> str:
    """A whole forecast: made, checked, published."""
    made(settings, run, as_of)
    forecast_gate.check(settings, run)
    return publish_forecast.work(settings, Namespace(run=run))


def rows(settings: Settings, number: int = 1) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of a forecast, without its number."""
    found = {}
    for table in ROWS:
        columns = ", ".join(f"`{column.name}`" for column in table.columns[1:])
        found[table.name] = sorted(
            selected(settings, f"SELECT {columns} FROM {table.name} WHERE forecast = %s", number), key=str
        )
    return found


def current(settings: Settings) -> int:
    [(number,)] = selected(settings, "SELECT forecast FROM current_forecast")
    return int(number)


def test_a_candidate_is_seen_by_nobody_and_its_publication_by_all(settings: Settings) -> None:
    made(settings)
    assert selected(settings, "SELECT * FROM demand_forecast") == []
    assert selected(settings, "SELECT * FROM order_plan") == []

    forecast_gate.check(settings, "r1")
    assert publish_forecast.work(settings, Namespace(run="r1")) == (
        "Forecast 1 of 2019-07-11 is published with its plan. 0 old ones were removed."
    )
    months = selected(
        settings, "SELECT month, product_id, product_name, category, method, season_known FROM demand_forecast"
    )
    assert len(months) == 4 * 7
    assert {method for month, *_, method, _ in months if month == "2019-07"} == {"nowcast"}
    assert {row[1:4] for row in months} == {
        ("belt", "Belt", None), ("hat", "Hat", "Clothes"), ("shirt", "Shirt", "Clothes"), ("tie", "Tie", "Clothes"),
    }  # fmt: skip
    assert {season for *_, season in months} == {0}
    plan = selected(settings, "SELECT store_id, product_id, on_hand, supplier, quantity, reason FROM order_plan")
    assert sorted(row[:4] for row in plan) == [
        ("yangon-1", "shirt", 600 - sum(2 + n % 3 for n in range(191)), "Mill"),
        ("yangon-1", "tie", 9 - 2 - 5 + 5, "Mill"),
        ("yangon-2", "shirt", 150 - 191, "Mill"),
    ]
    assert all(row[4] % 6 == 0 and row[5].endswith(".") for row in plan)
    by_store = selected(settings, "SELECT SUM(quantity) FROM demand_forecast_by_store WHERE product_id = 'shirt'")
    whole = selected(settings, "SELECT SUM(quantity) FROM demand_forecast WHERE product_id = 'shirt'")
    assert by_store[0][0] == pytest.approx(whole[0][0], abs=0.02)


def test_what_each_month_sold_stands_beside_what_was_and_is_expected(settings: Settings) -> None:
    made = shop()
    made.sell(date(2019, 2, 3), "scarf", 2)
    made.sell(date(2019, 4, 3), "scarf", 7, returned=True)
    made.write(settings)
    shown = "SELECT month, product_id, sold, quantity, p10, p90 FROM demand_by_month ORDER BY 1, 2"
    sold = Counter({(f"2019-{month:02}", "scarf"): 0 for month in range(3, 8)})
    for line in made.lines:
        sold[f"{line.hour:%Y-%m}", line.product] += 0 if line.returned else line.quantity
    wanted: dict[tuple[str, str], tuple[Any, ...]] = {key: (pieces, None, None, None) for key, pieces in sold.items()}
    assert {row[:2]: row[2:] for row in selected(settings, shown)} == wanted

    published(settings)
    published(settings, "r2", date(2019, 5, 20))
    published(settings, "r3", date(2019, 5, 25))

    expected = selected(
        settings,
        "SELECT month, product_id, quantity, p10, p90 FROM demand_forecast "
        "WHERE is_current = 1 OR (issued_on = '2019-05-20' AND month = '2019-05')",
    )
    assert {row[0] for row in expected} == {"2019-05", *(f"2019-{n:02}" for n in range(7, 13)), "2020-01"}
    for month, product, *figures in expected:
        wanted[month, product] = (wanted.get((month, product), (None,))[0], *figures)
    assert {row[:2]: row[2:] for row in selected(settings, shown)} == wanted
    ahead = selected(settings, "SELECT DISTINCT month, months_ahead FROM demand_by_month ORDER BY month")
    assert [number for _, number in ahead] == list(range(-6, 7))
    described = "SELECT DISTINCT product_name, category FROM demand_by_month WHERE product_id = 'tie'"
    assert selected(settings, described) == [("Tie", "Clothes")]


def test_on_hand_is_what_the_view_of_stock_says(settings: Settings) -> None:
    published(settings)

    assert selected(settings, "SELECT store_id, product_id, on_hand FROM order_plan ORDER BY 1, 2") == selected(
        settings, "SELECT store_id, product_id, on_hand FROM stock_on_hand ORDER BY 1, 2"
    )


def test_twice_the_same_run_and_another_run_give_the_same_bytes(settings: Settings) -> None:
    made(settings)
    first = rows(settings)
    made(settings)
    assert rows(settings) == first

    made(settings, "r2")
    assert rows(settings, 2) == first
    assert all(first[table.name] for table in ROWS if table is not tables.SIZE_RUNS)


def test_what_a_killed_task_has_written_is_written_anew(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    made(settings)
    whole = rows(settings)
    write = forecasts.write

    def killed(connection: Any, number: int, table: Any, some: Any) -> int:
        if table is tables.PLAN_LINES:
            raise KeyboardInterrupt
        return write(connection, number, table, some)

    monkeypatch.setattr(forecasts, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        made(settings)
    assert rows(settings)["plan_lines"] == []
    with pytest.raises(TerminalError, match="Nothing says that all rows of forecast 1 were written"):
        forecast_gate.check(settings, "r1")
    with pytest.raises(TerminalError, match="Forecast 1 is not complete"):
        publish_forecast.work(settings, Namespace(run="r1"))

    monkeypatch.setattr(forecasts, "write", write)
    assert published(settings).startswith("Forecast 1 of 2019-07-11 is published")
    assert rows(settings) == whole


def test_a_forecast_that_was_not_checked_or_was_made_anew_since_is_not_published(settings: Settings) -> None:
    made(settings)
    with pytest.raises(TerminalError, match="These checks did not run"):
        publish_forecast.work(settings, Namespace(run="r1"))
    forecast_gate.check(settings, "r1")
    made(settings)
    with pytest.raises(TerminalError, match="These checks did not run"):
        publish_forecast.work(settings, Namespace(run="r1"))


# What breaks each check of which anything can be broken, and the check.
BROKEN = {
    "forecast_months.non_negative": "UPDATE forecast_months SET backtest_error = -1, naive_error = 1, "
    "last_month_error = 1 WHERE forecast = 2 LIMIT 1",
    "forecast_months.monotone": "UPDATE forecast_months SET p90 = p50 - 0.001 WHERE forecast = 2 AND p50 > 1",
    "forecast_months.months": "UPDATE forecast_months SET month = '2018-01' WHERE forecast = 2 AND month = '2019-09'",
    "forecast_products.present": "DELETE FROM forecast_months WHERE forecast = 2 AND product_id = 'tie'",
    "forecast_products.explained": "DELETE FROM forecast_models WHERE forecast = 2 AND product_id = 'tie'",
    "forecast_stores.add_up": "UPDATE forecast_months SET quantity = quantity + 1 WHERE forecast = 2 AND store_id = ''",
    "forecast_worth.naive": "UPDATE forecast_months SET backtest_error = 3 * naive_error + 1 WHERE forecast = 2 "
    "AND naive_error IS NOT NULL",
    "plan_lines.packs": "UPDATE plan_lines SET quantity = 7 WHERE forecast = 2 LIMIT 1",
    "plan_lines.levels": "UPDATE plan_lines SET reorder_point = order_up_to + 1 WHERE forecast = 2 LIMIT 1",
    "plan_lines.reason": "UPDATE plan_lines SET reason = '' WHERE forecast = 2 LIMIT 1",
    "plan_lines.idle": "UPDATE plan_lines SET idle_units = on_hand + 1000 WHERE forecast = 2 LIMIT 1",
    "plan_lines.cost": "UPDATE plan_lines SET cost = cost + 1 WHERE forecast = 2 LIMIT 1",
    "plan_stocked.present": "DELETE FROM plan_lines WHERE forecast = 2 AND product_id = 'tie'",
    "plan_months.packs": "UPDATE plan_months SET quantity = quantity + 1 WHERE forecast = 2 LIMIT 1",
    "plan_orders.first_refill": "DELETE FROM plan_months WHERE forecast = 2",
}


def test_each_broken_candidate_is_refused_by_its_check_and_the_last_plan_stays(settings: Settings) -> None:
    published(settings)
    seen = selected(settings, "SELECT * FROM order_plan")
    for check, statement in BROKEN.items():
        made(settings, "r2")
        assert done(settings, statement), check
        with pytest.raises(TerminalError) as refusal:
            forecast_gate.check(settings, "r2")
        assert check in refusal.value.what, (check, refusal.value.what)
        with pytest.raises(TerminalError, match="These critical checks failed"):
            publish_forecast.work(settings, Namespace(run="r2"))
    assert current(settings) == 1
    assert selected(settings, "SELECT * FROM order_plan") == seen


def test_what_came_later_changes_no_forecast_of_an_earlier_day(settings: Settings) -> None:
    as_of = date(2019, 5, 20)
    made(settings, "r1", as_of)
    before = rows(settings)
    assert selected(settings, "SELECT issued_on, history_months FROM forecasts") == [(as_of, 4)]

    other = shop(last=as_of)
    for number in range(1, 50):
        day = as_of + timedelta(days=number)
        other.lines.append(Line(other.lines[0].hour.replace(month=day.month, day=day.day), "shirt", 5000))
        other.move(day, "delivery", 9999, "shirt")
        other.move(day, "count", 1, "tie")
    other.write(settings)
    made(settings, "r1", as_of)

    assert rows(settings) == before


def test_an_earlier_clock_is_kept_to_be_judged_and_scored_once(settings: Settings) -> None:
    published(settings)
    assert published(settings, "r2", date(2019, 5, 20)).startswith("Forecast 2 of 2019-05-20 is kept")
    assert current(settings) == 1

    assert score_forecasts.work(settings, Namespace()) == "14 figures of 1 forecasts were scored."
    assert score_forecasts.work(settings, Namespace()) == "0 figures of 0 forecasts were scored."
    scored = selected(
        settings,
        "SELECT month, actual FROM demand_forecast WHERE product_id = 'shirt' AND issued_on = '2019-05-20' "
        "AND actual IS NOT NULL ORDER BY 1",
    )
    sold = selected(
        settings,
        "SELECT month, SUM(units) FROM sales_by_month WHERE product_id = 'shirt' AND month IN ('2019-05', '2019-06') "
        "GROUP BY 1 ORDER BY 1",
    )
    assert [month for month, _ in scored] == ["2019-05", "2019-06"]
    assert all(actual >= units for (_, actual), (_, units) in zip(scored, sold, strict=True))
    assert selected(settings, "SELECT month, products FROM forecast_accuracy") == [("2019-05", 3), ("2019-06", 3)]


def test_the_last_forecasts_and_the_first_of_each_month_stay(settings: Settings) -> None:
    for number in range(1, KEPT + 5):
        made(settings, f"r{number}", date(2019, 4, 10) if number < 3 else None)
        done(settings, "UPDATE forecasts SET published_at = UTC_TIMESTAMP(3) WHERE forecast = %s", number)
    done(settings, "UPDATE current_forecast SET forecast = %s", KEPT + 4)
    connection = connect(settings, "batch")
    assert forecasts.prune(connection) == 2
    connection.close()

    kept = [number for (number,) in selected(settings, "SELECT forecast FROM forecasts ORDER BY 1")]
    assert kept == [1, 3, *range(5, KEPT + 5)]
    assert [n for (n,) in selected(settings, "SELECT DISTINCT forecast FROM forecast_months ORDER BY 1")] == kept


def test_before_the_first_night_there_is_nothing_to_learn_from(settings: Settings) -> None:
    done(settings, "DELETE FROM publications")
    with pytest.raises(TerminalError, match="No truth is published yet"):
        made(settings)


def test_a_shop_in_which_nothing_happened_has_an_empty_plan(settings: Settings) -> None:
    PublishedShop(CUT).write(settings)

    assert published(settings).startswith("Forecast 1 of 2019-07-11 is published")
    assert selected(settings, "SELECT * FROM order_plan") == []

"""The night through Airflow, over all that the other modules have left: published, killed, refused, away."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient

from stack import processes
from stack.lifecycle import stop_service
from stack.superset_api import Superset
from stack.superset_check import VIEWER
from stack.superset_check import query as chart_query
from stack.superset_configuration import USERS
from tests.e2e.command_line import CommandLine
from tests.e2e.conftest import Query
from tests.e2e.dashboard_recount import plain
from tests.receiver import Receiver, receiving
from tillstream.accounts import EVENTS, MONGO_DATABASE
from tillstream.settings import Settings
from tillstream.stores.mongo import Document

SALES = """\
kind,order_id,line_no,till_id,store_id,product_id,product_name,quantity,unit_price,discount,currency,sold_at
sale,n1,1,night,night,night-longyi,Longyi,2,12.50,,SGD,2019-04-10T10:00:00+06:30
sale,n2,1,night,night,night-shirt,Shirt,3,30.00,1.50,SGD,2019-04-11T11:00:00+06:30
return,n3,1,night,night,night-shirt,Shirt,1,30.00,,SGD,2019-04-12T12:00:00+06:30
"""
TASKS = ["open_cut", "profile_slice", "check_slice", "recount", "check_candidate", "reconcile", "publish"]
MONTH = "2019-04"
TOTALS = "SELECT currency, SUM(units), SUM(revenue) FROM sales_by_year GROUP BY currency ORDER BY currency"


@pytest.fixture(scope="module", autouse=True)
def sold(tillstream: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Some sales of the month, whatever the other modules have left."""
    file = tmp_path_factory.mktemp("night") / "april.csv"
    file.write_text(SALES)
    tillstream.run("import", "--wait", file)


@pytest.fixture
def receiver(tillstream: CommandLine) -> Iterator[Receiver]:
    """Somebody who is told when a night fails."""
    with receiving() as receiver:
        tillstream.run("up", TILLSTREAM_NOTIFY_URL=receiver.url)
        yield receiver


@pytest.fixture
def lost_event(shop: Settings) -> Iterator[Document]:
    """An event that somebody has deleted by hand, as only the administrator can; back again at the end."""
    address = f"mongodb://administrator:{shop.secret('mongo_administrator')}@{shop.mongo_hosts}"
    with MongoClient[Document](address) as administrator:
        events = administrator[MONGO_DATABASE][EVENTS]
        event = events.find_one_and_delete({"source.topic": "sales"})
        assert event is not None
        yield event
        events.insert_one(event)


def commands(settings: Settings, words: bytes) -> list[int]:
    """The processes of a task's command."""
    found = [process.pid for process in processes.of_stack(settings.home, ["airflow-scheduler"])]
    return [pid for pid in found if words in Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")]


def test_the_first_night_publishes_what_live_figures_were(
    shop: Settings, tillstream: CommandLine, query: Query
) -> None:
    before = query(TOTALS)
    verdict = tillstream.json("nightly")

    assert (verdict["outcome"], verdict["exit_code"], verdict["failed_task"]) == ("published", 0, None)
    assert verdict["tasks"] == dict.fromkeys(TASKS, "success")
    assert verdict["message"].startswith("Generation ")
    assert verdict["page"].startswith(f"{shop.airflow_url}/dags/nightly_truth/runs/manual__")
    assert query(TOTALS) == before
    assert {state for (state,) in query(f"SELECT DISTINCT state FROM sales_by_month WHERE month = '{MONTH}'")} == {
        "final"
    }
    tillstream.run("verify")


def test_the_last_night_is_told_and_a_published_month_explained(tillstream: CommandLine) -> None:
    night = tillstream.json("status")["last_night"]
    assert (night["generation"], night["kind"], night["outcome"]) == (1, "night", "published")
    assert MONTH in night["months"]
    assert night["events"] > 0
    assert night["checks"] > 100
    assert not [failed for failed in night["failed_checks"] if "critical" in failed]
    output, _ = tillstream.run("status")
    assert f"last night: {night['run_id']} (night), opened " in output

    found = tillstream.json("explain", "--month", MONTH)
    assert (found["generation"], found["run_id"], found["from_live"]) == (1, night["run_id"], 0)
    assert found["code_version"] == night["code_version"]
    assert found["from_truth"] == sum(figure["units_of_receipts"] for figure in found["figures"])
    assert {figure["state"] for figure in found["figures"]} == {"final"}
    assert all(figure["revenue"] == figure["revenue_of_receipts"] for figure in found["figures"])
    assert found["restatements"] == []


def test_a_forecast_with_its_plan_follows_the_night(tillstream: CommandLine, query: Query) -> None:
    verdict = tillstream.json("nightly", "--month", MONTH, "--forecast")

    assert (verdict["outcome"], verdict["failed_task"]) == ("published", None)
    assert verdict["tasks"] == dict.fromkeys(("forecast", "check_forecast", "publish_forecast"), "success")
    assert verdict["message"].startswith("Forecast ")
    assert verdict["run"].startswith("asset_triggered__")
    products = query("SELECT COUNT(DISTINCT product_id) FROM sales_by_month")
    assert query("SELECT COUNT(DISTINCT product_id) FROM demand_forecast WHERE is_current = 1") >= products


def test_the_dashboards_show_the_runs_and_the_forecast(shop: Settings, query: Query) -> None:
    session = Superset(shop, VIEWER, shop.secret(USERS[VIEWER]))
    asked = {each.slice_name: chart_query(each) for slug in ("stock", "trust") for each in session.charts(slug)}
    forecast = next(each for title, each in asked.items() if title.startswith("What was sold, and what will sell?"))
    [part] = forecast["queries"]
    names = ("month", "expected", "low", "high")

    whole = session.data(forecast)[0]["data"]
    wanted = query("SELECT month, SUM(quantity), NULL, NULL FROM demand_forecast WHERE is_current = 1 GROUP BY month")
    assert len(wanted) > 3
    assert {tuple(plain(row[name]) for name in names) for row in whole} >= {tuple(map(plain, row)) for row in wanted}

    one = {"col": "product_id", "op": "==", "val": "night-shirt"}
    alone = session.data(forecast | {"queries": [part | {"filters": [one]}]})[0]["data"]
    wanted = query(
        "SELECT month, quantity, p10, p90 FROM demand_forecast WHERE is_current = 1 AND product_id = 'night-shirt'"
    )
    assert {tuple(plain(row[name]) for name in names) for row in alone} >= {tuple(map(plain, row)) for row in wanted}

    runs = session.data(asked["What did the last nights find? (the latest 20)"])[0]["data"]
    assert {re.sub(r", \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", "", row["run"]) for row in runs} == {
        "by hand", "forecast after it",
    }  # fmt: skip


def test_a_night_goes_on_when_airflow_s_scheduler_is_killed(shop: Settings, tillstream: CommandLine) -> None:
    night = tillstream.start("nightly", "--month", MONTH)
    deadline = time.monotonic() + 120
    while not commands(shop, b"jobs.batch.recount"):
        assert night.poll() is None
        assert time.monotonic() < deadline, "the recount did not begin"
        time.sleep(0.2)
    for process in processes.of_stack(shop.home, ["airflow-scheduler"]):
        os.kill(process.pid, signal.SIGKILL)
    output, errors = night.communicate(timeout=280)

    assert night.returncode == 0, errors
    assert output.count("recount: done") == 1
    tillstream.run("verify")


def test_a_rollback_brings_the_publication_before_back(tillstream: CommandLine, query: Query) -> None:
    before = query(TOTALS)
    last = tillstream.json("explain", "--month", MONTH)["generation"]
    output, _ = tillstream.run("rollback")

    assert last > 1
    assert output.startswith(f"Readers see generation {last - 1} again")
    assert tillstream.json("explain", "--month", MONTH)["generation"] == last - 1
    assert query(TOTALS) == before
    tillstream.run("verify")
    _, errors = tillstream.run("rollback", "--to", "99", code=1)
    assert errors.startswith("tillstream: ")


def test_a_refused_night_says_why_and_readers_keep_yesterday_s_truth(
    tillstream: CommandLine, query: Query, receiver: Receiver, lost_event: Document
) -> None:
    before = query(TOTALS), query("SELECT published_at FROM freshness WHERE layer = 'truth'")
    _, errors = tillstream.run("nightly", "--full", code=1)

    assert lost_event["_id"]
    assert "Nothing was published: check_" in errors
    assert "checks of the candidate refuse" in errors or "checks of the slice refuse" in errors
    assert (query(TOTALS), query("SELECT published_at FROM freshness WHERE layer = 'truth'")) == before
    told = [message for message in receiver.received if message["title"] == "Tillstream: A night was not published"]
    assert len(told) == 1
    assert "refuse" in told[0]["message"]
    assert "/dags/nightly_truth/runs/manual__" in told[0]["message"]


def test_an_airflow_that_is_away_is_a_failure_for_now(shop: Settings, tillstream: CommandLine) -> None:
    stop_service(shop, "airflow")
    _, errors = tillstream.run("nightly", code=75)
    assert "does not answer" in errors
    tillstream.run("up")

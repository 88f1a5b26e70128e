"""What people lose, DAGs bring back: live figures, the raw record, and records that were in quarantine."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.faults.stream.conftest import Check
from tests.faults.stream.dag_runs import DagRuns, airflow_beside
from tests.faults.stream.shop import Shop, wait_until
from tests.faults.stream.till import Till
from tillstream.accounts import EVENTS, MONGO_DATABASE
from tillstream.stores.mongo import events, rejects

LIVE = ("live_sales", "live_stock", "live_counts")
YEARS = "SELECT * FROM `sales_by_year` ORDER BY `year`, `store_id`, `product_id`, `currency`"
STOCK = "SELECT * FROM `stock_on_hand` ORDER BY `store_id`, `product_id`"
FORECAST = "SELECT `forecast` FROM `current_forecast`"
FUTURE = timedelta(days=1)  # farther ahead, a record is refused
AHEAD = timedelta(seconds=40)


@pytest.fixture
def dag_runs(shop: Shop) -> Iterator[DagRuns]:
    with airflow_beside(shop) as runs:
        yield runs


@pytest.mark.timeout(900)
def test_live_figures_are_dropped_and_rebuilt(shop: Shop, till: Till, dag_runs: DagRuns, is_exact: Check) -> None:
    till.trade(500)
    is_exact()
    forecast = None
    while shop.query(FORECAST) != forecast:  # one that an earlier night has begun has a say in the status of stock
        forecast = shop.query(FORECAST)
        before = shop.query(YEARS), shop.query(STOCK)
        with shop.mysql_administrator() as connection, connection.cursor() as cursor:
            for table in LIVE:
                cursor.execute(f"DELETE FROM `{table}`")
        assert shop.query(YEARS) != before[0]

        run = dag_runs.ended("rebuild_live")
        assert run.state == "success", dag_runs.said(run, "rebuild_live", "rebuild")
        after = shop.query(YEARS), shop.query(STOCK)
    assert after == before
    till.trade(100)
    is_exact()


@pytest.mark.timeout(900)
def test_the_raw_record_is_dropped_and_rebuilt_from_kafka(
    shop: Shop, till: Till, dag_runs: DagRuns, is_exact: Check
) -> None:
    till.trade(500)
    is_exact()
    before = _raw(shop)
    with shop.mongo_administrator() as client:
        client[MONGO_DATABASE].drop_collection(EVENTS)

    run = dag_runs.ended("rebuild_raw")
    assert run.state == "success", dag_runs.said(run, "rebuild_raw", "rebuild")
    assert f"{len(before):,} events were missing" in dag_runs.said(run, "rebuild_raw", "rebuild")
    assert _raw(shop) == before
    assert shop.service("stream").healthy
    till.trade(100)
    is_exact()
    assert dag_runs.ended("nightly_truth").state == "success"
    is_exact()


@pytest.mark.timeout(900)
def test_records_of_a_fast_clock_are_replayed_when_their_time_has_come(
    shop: Shop, till: Till, dag_runs: DagRuns, is_exact: Check
) -> None:
    clock = datetime.now(ZoneInfo(shop.settings.timezone)).replace(tzinfo=None, microsecond=0) + FUTURE + AHEAD
    till.trade(50)
    till.send([till.sale(at=clock), till.sale(at=clock), replace(till.sale(), at=clock - 2 * AHEAD)])
    shop.wait_until_counted()
    early = [each["_id"] for each in rejects(shop.settings, "operator").find({"reason": "too_late"})]
    assert len(early) == 2

    refused = dag_runs.ended("replay_rejects", {"ids": early})
    assert refused.state == "failed"
    assert "still too_late" in dag_runs.said(refused, "replay_rejects", "replay")["message"]
    time.sleep(AHEAD.total_seconds())
    for params in ({"reason": "too_late"}, {"ids": early}):  # the second time, nothing counts again
        run = dag_runs.ended("replay_rejects", params)
        assert run.state == "success", dag_runs.said(run, "replay_rejects", "replay")
        assert dag_runs.said(run, "replay_rejects", "replay") == "2 sent, 0 refused again."
        wait_until(lambda: shop.behind() == 0, "the replayed records are counted")
        is_exact()


def _raw(shop: Shop) -> dict[str, tuple[object, ...]]:
    """The raw record without its Kafka coordinates: of equal records either may be kept."""
    found = events(shop.settings, "operator").find({}, {"source": 0})
    return {each["_id"]: tuple(sorted((name, str(value)) for name, value in each.items())) for each in found}

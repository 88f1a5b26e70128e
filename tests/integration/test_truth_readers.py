"""Readers compare every view with a recount, again and again, while nights publish and the stream counts."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest

from reports.verify import Verdict, verify
from tests.night.nights import figures_hold, live, night, selected
from tests.night.shop import Shop

JANUARY = date(2026, 1, 1)
READERS = 2


def until(over: threading.Event, work: Callable[[], object], failures: list[object]) -> threading.Thread:
    """A thread that does work until it is over."""

    def repeated() -> None:
        while not over.is_set():
            try:
                work()
            except Exception as error:
                failures.append(error)
                return

    thread = threading.Thread(target=repeated)
    thread.start()
    return thread


@pytest.mark.timeout(300)
def test_every_view_is_equal_to_the_raw_record_at_every_instant_of_two_publications(shop: Shop) -> None:
    settings = shop.settings
    shop.trade(JANUARY, 30)
    shop.count()
    over, failures = threading.Event(), list[object]()
    seen: list[tuple[Verdict, int]] = []
    day = iter(JANUARY + timedelta(days=n % 60) for n in range(100_000))

    def sell() -> None:
        shop.trade(next(day), 1, 3)
        shop.count()

    def look() -> None:
        verdict = verify(settings)
        seen.append((verdict, selected(settings, "SELECT published_epoch FROM layers")[0][0]))

    threads = [until(over, sell, failures), *(until(over, look, failures) for _ in range(READERS))]
    try:
        for run in ("first", "second"):
            night(settings, run)
            with suppress(StopIteration):
                looks = len(seen)
                while len(seen) < looks + 3 and not failures:  # each state is looked at
                    threads[0].join(0.1)
    finally:
        over.set()
        for thread in threads:
            thread.join(60)
    assert failures == []
    assert {epoch for _, epoch in seen} >= {2, 3}
    wrong = [verdict.differences[:3] for verdict, _ in seen if not verdict.holds]
    assert not wrong, f"{len(wrong)} of {len(seen)} looks: {wrong[0]}"
    assert len({verdict.events for verdict, _ in seen}) > 3  # rows were being added
    figures_hold(settings)
    assert live(settings)["live_sales"]


def steps(plan: Any) -> Iterator[dict[str, Any]]:
    """Every step of a server's plan, each before those that it is made of."""
    if isinstance(plan, list):
        for part in plan:
            yield from steps(part)
    elif isinstance(plan, dict):
        yield plan
        for part in plan.values():
            yield from steps(part)


def plan(shop: Shop, query: str) -> list[dict[str, Any]]:
    [(found,)] = selected(shop.settings, f"EXPLAIN FORMAT=JSON {query}")
    return list(steps(json.loads(found)))


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("view", "period", "condition"),
    [
        ("sales_by_hour", "hour", "`hour` >= '2026-02-03' AND `hour` < '2026-02-04'"),
        ("sales_by_day", "day", "`day` = '2026-02-03'"),
        ("sales_by_day", "day", "`day` >= '2026-02-03' AND `day` < '2026-02-09'"),
    ],
)
def test_readers_are_led_to_the_hours_or_days_that_they_ask_for(
    shop: Shop, view: str, period: str, condition: str
) -> None:
    shop.trade(JANUARY, 120)
    shop.count()
    night(shop.settings, "first")
    found = plan(shop, f"SELECT * FROM `{view}` WHERE {condition}")
    led_by = [step.get("used_key_parts") for step in found if step.get("table_name") == "t"]
    assert led_by == [["generation", "month", period]]


@pytest.mark.embedded
@pytest.mark.parametrize("view", ["sales_by_month", "best_sellers", "best_seller_by_month"])
def test_sales_are_put_in_order_before_they_are_added_up(shop: Shop, view: str) -> None:
    found = plan(shop, f"SELECT SUM(`units`) FROM `{view}`")
    sorts = [step["read_sorted_file"]["filesort"]["sort_key"] for step in found if "read_sorted_file" in step]
    assert [key for key in sorts if "m.product_id" in key]

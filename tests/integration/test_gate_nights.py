"""The gate over nights that Spark recounted from real raw records: whole ones pass, tampered ones are refused."""

from argparse import Namespace
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from expectations import CANDIDATE, SLICE, gate
from jobs.batch import publish, rebuild_live, recount
from tests.night.nights import candidate, cut, looked_at, reconciled, selected
from tests.night.shop import Shop
from tests.night.stores import empty, raw_record
from tillstream.accounts import EVENTS, MONGO_DATABASE
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores.generations import of_run

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)


@pytest.fixture
def shop(servers: Settings) -> Iterator[Shop]:
    """A shop with two months of trade, counted."""
    empty(servers)
    shop = Shop(servers)
    shop.trade(JANUARY, 50)
    shop.garbage()
    shop.count()
    yield shop
    empty(servers)


def proved_night(settings: Settings, run: str, **options: Any) -> None:
    """A night as Airflow runs it, the gate included; raises when anything refuses."""
    cut(settings, run, **options)
    looked_at(settings, run)
    assert "none refuses" in gate.check(settings, SLICE, run)
    recount.work(settings, Namespace(run=run))
    assert "none refuses" in gate.check(settings, CANDIDATE, run)
    reconciled(settings, run)
    assert "is published" in publish.work(settings, Namespace(run=run))
    assert of_run(settings, run).published_at is not None


def refused(settings: Settings, stage: str, run: str) -> set[str]:
    """The critical checks that refused a stage."""
    with pytest.raises(TerminalError, match=f"checks of the {stage} refuse"):
        gate.check(settings, stage, run)
    query = "SELECT check_name FROM quality_checks WHERE run_id = %s AND result = 'failed' AND severity = 'critical'"
    return {name for (name,) in selected(settings, query, run)}


def test_nights_of_every_kind_pass_and_are_published(shop: Shop) -> None:
    proved_night(shop.settings, "first")
    shop.trade(FEBRUARY, 40)
    shop.sell(JANUARY)
    shop.sell(JANUARY, kind="return")
    shop.count()
    proved_night(shop.settings, "second")
    proved_night(shop.settings, "nothing new")
    proved_night(shop.settings, "january again", month="2026-01")
    shop.trade(MARCH, 10)
    shop.count()
    proved_night(shop.settings, "all of it", full=True)


def test_a_night_after_a_rollback_and_a_rebuild_of_live_figures_passes(shop: Shop) -> None:
    proved_night(shop.settings, "first")
    shop.trade(FEBRUARY, 20)
    shop.count()
    proved_night(shop.settings, "second")
    rebuild_live.roll_back(shop.settings, None)
    shop.trade(MARCH, 3)
    shop.count()
    rebuild_live.work(shop.settings, Namespace())

    proved_night(shop.settings, "third")


@pytest.mark.parametrize(
    ("change", "expected"),
    [({"quantity": 4_000}, {"slice_sales.units", "slice_sales.revenue"}),
     ({"unit_price": "0.01"}, {"slice_sales.revenue"}),
     ({"kind": "loss", "day": "2026-01-20"}, {"slice_sales.lines", "slice_stock.lost"}),
     (None, {"slice_partitions.events", "slice_partitions.whole", "slice_sales.lines"})],
    ids=["quantity altered", "price altered", "kind altered", "deleted"],
)  # fmt: skip
def test_a_raw_document_that_was_tampered_with_is_refused(
    shop: Shop, change: dict[str, Any] | None, expected: set[str]
) -> None:
    with raw_record(shop.settings) as client:
        events, sale = (
            client[MONGO_DATABASE][EVENTS],
            {"kind": "sale", "quantity": {"$lt": 6}, "unit_price": {"$gt": "1"}},
        )
        one = events.find_one_and_delete(sale) if change is None else events.find_one_and_update(sale, {"$set": change})
        assert one is not None
    cut(shop.settings, "tampered")
    looked_at(shop.settings, "tampered")

    assert refused(shop.settings, SLICE, "tampered") >= expected


def test_a_raw_document_that_goes_after_its_publication_is_refused_by_the_next_full_night(shop: Shop) -> None:
    proved_night(shop.settings, "first")
    with raw_record(shop.settings) as client:
        assert client[MONGO_DATABASE][EVENTS].find_one_and_delete({"kind": "sale"}) is not None
    cut(shop.settings, "full", full=True)
    looked_at(shop.settings, "full")
    recount.work(shop.settings, Namespace(run="full"))

    assert refused(shop.settings, CANDIDATE, "full") >= {"sales_since.shrinking", "days_of_raw.lines"}


def test_a_candidate_that_was_changed_after_its_checks_is_not_what_was_checked(shop: Shop) -> None:
    candidate(shop.settings, "counted again")
    gate.check(shop.settings, SLICE, "counted again")
    gate.check(shop.settings, CANDIDATE, "counted again")
    recount.work(shop.settings, Namespace(run="counted again"))
    reconciled(shop.settings, "counted again")

    with pytest.raises(TerminalError, match="These checks did not run: candidate: "):
        publish.work(shop.settings, Namespace(run="counted again"))

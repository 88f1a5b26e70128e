"""Nights on real stores: exact, unseen until published, and the same bytes however they come about."""

from argparse import Namespace
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from jobs.batch import recount
from tests.night import nights
from tests.night.nights import by_fold, candidate, figures_hold, live, night, published, selected, totals, truth
from tests.night.shop import Shop
from tillstream.errors import TransientError
from tillstream.stores.zone_map import Range

JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
NOTHING_LIVE: dict[str, list[object]] = {"live_sales": [], "live_stock": [], "live_counts": []}


@pytest.mark.parametrize("count_again", [recount.work, by_fold], ids=["spark", "fold"])
def test_the_first_night_is_exact_and_live_begins_at_its_cut(shop: Shop, count_again: nights.Recount) -> None:
    shop.trade(JANUARY, 70)
    shop.garbage()
    shop.count()
    before = totals(shop.settings)
    figures_hold(shop.settings)
    first = night(shop.settings, "first", count_again)

    assert first.published_at is not None
    assert totals(shop.settings) == before
    assert live(shop.settings) == NOTHING_LIVE
    assert all(truth(shop.settings).values())
    figures_hold(shop.settings)
    shop.trade(MARCH, 5)
    shop.count()
    figures_hold(shop.settings)


def test_spark_and_a_fold_in_plain_python_give_the_same_truth(shop: Shop) -> None:
    shop.trade(JANUARY, 40)
    shop.count()
    night(shop.settings, "spark", recount.work)
    by_spark = truth(shop.settings)
    night(shop.settings, "fold", by_fold, full=True)

    assert truth(shop.settings) == by_spark


def test_a_candidate_is_seen_by_nobody(shop: Shop) -> None:
    shop.trade(JANUARY, 40)
    shop.count()
    before, alive = totals(shop.settings), live(shop.settings)
    candidate(shop.settings, "first")

    assert (totals(shop.settings), live(shop.settings)) == (before, alive)
    assert {state for (state,) in selected(shop.settings, "SELECT state FROM sales_by_month")} == {"provisional"}
    figures_hold(shop.settings)


def test_nights_over_what_was_touched_give_the_bytes_of_a_full_one(shop: Shop) -> None:
    for number, first in enumerate((JANUARY, FEBRUARY, FEBRUARY + timedelta(days=9), MARCH)):
        shop.trade(first, 20)
        if number == 3:
            shop.sell(date(2025, 3, 3))  # ten months late
        shop.count()
        night(shop.settings, f"night {number}")
        figures_hold(shop.settings)
    touched = truth(shop.settings)
    whole = night(shop.settings, "full", full=True)

    assert truth(shop.settings) == truth(shop.settings, whole.generation) == touched
    pointers = {generation for (generation,) in selected(shop.settings, "SELECT generation FROM published_months")}
    assert pointers == {whole.generation}


def test_a_night_recounts_the_touched_months_and_leaves_the_others(shop: Shop) -> None:
    shop.trade(JANUARY, 70)
    shop.count()
    first = night(shop.settings, "first")
    shop.trade(FEBRUARY, 3)
    shop.count()
    second = night(shop.settings, "second")

    pointers = dict(selected(shop.settings, "SELECT month, generation FROM published_months"))
    assert pointers == {"2026-01": first.generation, "2026-02": second.generation, "2026-03": first.generation}


def test_a_night_without_anything_new_moves_the_cut_and_no_figure(shop: Shop) -> None:
    shop.trade(JANUARY, 10)
    shop.count()
    night(shop.settings, "first")
    before = totals(shop.settings)
    second = night(shop.settings, "second")

    assert second.published_at is not None
    assert totals(shop.settings) == before
    assert selected(shop.settings, "SELECT published_epoch FROM layers") == [(second.epoch,)]
    figures_hold(shop.settings)


def test_the_same_run_does_each_step_once(shop: Shop) -> None:
    shop.trade(JANUARY, 10)
    shop.count()
    first = night(shop.settings, "first")
    bytes_of_it = truth(shop.settings)
    shop.trade(JANUARY, 5)
    shop.count()

    assert night(shop.settings, "first") == first
    assert truth(shop.settings) == bytes_of_it
    assert published(shop.settings, "first").startswith("Generation 1 is published already.")
    figures_hold(shop.settings)


def test_a_late_sale_shows_at_once_and_is_restated_by_the_next_night(shop: Shop) -> None:
    shop.trade(JANUARY, 40)
    shop.count()
    night(shop.settings, "first")
    assert selected(shop.settings, "SELECT DISTINCT state FROM sales_by_year") == [("provisional",)]
    query = (
        "SELECT SUM(units), SUM(revenue), MAX(state) FROM sales_by_month WHERE month = '2026-01' AND product_id = 'p1'"
    )
    [(units, revenue, state)] = selected(shop.settings, query)
    assert state == "final"
    shop.sell(JANUARY, product_id="p1", quantity=2, unit_price="10.01")
    shop.count()
    after = (units + 2, revenue + Decimal("20.02"))
    assert selected(shop.settings, query) == [(*after, "provisional")]
    assert selected(shop.settings, "SELECT * FROM restatements") == []
    late = night(shop.settings, "second")

    assert selected(shop.settings, query) == [(*after, "final")]
    told = "SELECT generation, month, product_id, SUM(`before`), SUM(`after`), MAX(cause) FROM restatements "
    told += "GROUP BY generation, month, product_id"
    [(generation, month, product, old, new, cause)] = selected(shop.settings, told)
    assert (generation, month, product, cause) == (late.generation, "2026-01", "p1", "late")
    assert new - old == Decimal("20.02")
    figures_hold(shop.settings)


def test_an_overtaken_night_publishes_nothing(shop: Shop) -> None:
    shop.trade(JANUARY, 20)
    shop.count()
    candidate(shop.settings, "old")
    shop.trade(FEBRUARY, 5)
    shop.count()
    young = night(shop.settings, "young")
    before = totals(shop.settings)

    assert "was overtaken by a younger night: nothing is published." in published(shop.settings, "old")
    assert "overtaken" in nights.reconciled(shop.settings, "old")
    assert selected(shop.settings, "SELECT published_epoch FROM layers") == [(young.epoch,)]
    assert totals(shop.settings) == before
    figures_hold(shop.settings)


def test_a_night_goes_on_from_the_cut_that_was_published_while_it_ran(shop: Shop) -> None:
    shop.trade(JANUARY, 20)
    shop.count()
    candidate(shop.settings, "old")
    shop.trade(FEBRUARY, 5)
    shop.count()
    nights.cut(shop.settings, "young")
    published(shop.settings, "old")
    figures_hold(shop.settings)
    night(shop.settings, "young")

    assert live(shop.settings) == NOTHING_LIVE
    figures_hold(shop.settings)


def test_a_month_is_closed_by_the_first_night_after_it_whether_it_was_touched_or_not(shop: Shop) -> None:
    shop.trade(JANUARY, 28)
    shop.trade(date(2026, 2, 20), 3)
    shop.count()
    first = night(shop.settings, "first", opened=date(2026, 2, 23))
    states = "SELECT month, MIN(state), MAX(state) FROM sales_by_month GROUP BY month ORDER BY month"
    assert selected(shop.settings, states) == [
        ("2026-01", "final", "final"), ("2026-02", "provisional", "provisional")
    ]  # fmt: skip
    figures_hold(shop.settings)
    shop.trade(MARCH, 2)
    shop.count()
    night(shop.settings, "second", opened=date(2026, 3, 2))

    assert selected(shop.settings, states)[1] == ("2026-02", "final", "final")
    closed = "SELECT generation, month FROM generation_months WHERE first_final = 1 ORDER BY month"
    assert selected(shop.settings, closed) == [(first.generation, "2026-01"), (first.generation, "2026-02")]
    figures_hold(shop.settings)


def test_a_year_is_final_when_its_december_is_over(shop: Shop) -> None:
    shop.sell(date(2025, 5, 5))
    shop.sell(date(2026, 5, 5))
    shop.count()
    night(shop.settings, "first", opened=date(2026, 6, 2))

    years = "SELECT year, MIN(state), MAX(state) FROM sales_by_year GROUP BY year ORDER BY year"
    assert selected(shop.settings, years) == [(2025, "final", "final"), (2026, "provisional", "provisional")]
    figures_hold(shop.settings)


def test_a_month_counted_again_twice_gives_the_same_bytes_and_leaves_live_alone(shop: Shop) -> None:
    shop.trade(JANUARY, 40)
    shop.count()
    night(shop.settings, "first")
    shop.trade(JANUARY, 50)
    shop.count()
    bytes_of_it, alive = truth(shop.settings), live(shop.settings)
    for run in ("again", "and again"):
        done = night(shop.settings, run, month="2026-01")
        assert done.kind == "backfill"
        assert truth(shop.settings) == bytes_of_it
        assert live(shop.settings) == alive
        figures_hold(shop.settings)
    assert selected(shop.settings, "SELECT * FROM restatements") == []


def test_a_month_counted_again_below_a_cut_that_is_no_longer_published_is_not_published(shop: Shop) -> None:
    shop.trade(JANUARY, 40)
    shop.count()
    night(shop.settings, "first")
    candidate(shop.settings, "again", month="2026-01")
    shop.trade(JANUARY, 5)
    shop.count()
    night(shop.settings, "second")

    assert "overtaken" in published(shop.settings, "again")
    figures_hold(shop.settings)


def test_an_empty_shop_has_an_empty_night(shop: Shop) -> None:
    night(shop.settings, "first")
    shop.trade(JANUARY, 3)
    shop.count()
    figures_hold(shop.settings)


def test_a_recount_that_cannot_reach_the_raw_record_may_be_tried_again(shop: Shop) -> None:
    shop.trade(JANUARY, 3)
    shop.count()
    first = nights.cut(shop.settings, "first")
    nights.looked_at(shop.settings, "first")
    nowhere = replace(shop.settings, mongo="127.0.0.1:1")
    with pytest.raises(TransientError, match="MongoDB does not answer"):
        recount.candidate(nowhere, first, ["2026-01"], [Range("sales", 0, 0, 1)])
    by_fold(shop.settings, Namespace(run="first"))

"""What refuses a publication: one cent, one record, one check. Readers keep what they had."""

from argparse import Namespace
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from expectations import suites
from jobs.batch import publish
from tests.night import nights
from tests.night.nights import (
    by_fold,
    candidate,
    cut,
    done,
    figures_hold,
    looked_at,
    night,
    published,
    selected,
    totals,
)
from tests.night.shop import Shop
from tests.night.stores import raw_record
from tillstream.accounts import EVENTS, MONGO_DATABASE
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.stores import generations
from tillstream.stores.mysql import connect

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
CENT = "UPDATE {} SET revenue = revenue + 0.01, gross = gross + 0.01 WHERE {} LIMIT 1"


def in_raw(settings: Settings, change: str) -> None:
    """One event of January, sold in the days before the last cut, is changed or removed by hand."""
    with raw_record(settings) as client:
        events = client[MONGO_DATABASE][EVENTS]
        event = events.find_one({"kind": "sale"}, sort=[("sold_at", 1)])
        assert event is not None
        if change == "removed":
            events.delete_one({"_id": event["_id"]})
        else:
            cents = f"{int(event['unit_price'].replace('.', '')) + 1:03}"
            events.update_one({"_id": event["_id"]}, {"$set": {"unit_price": f"{cents[:-2]}.{cents[-2:]}"}})


CHANGES: dict[str, Callable[[Settings], object]] = {
    "a cent in live": lambda settings: done(settings, CENT.format("live_sales", "hour >= '2026-01-01'")),
    "a cent in truth by hour": lambda settings: done(settings, CENT.format("truth_sales_by_hour", "month = '2026-01'")),
    "an hour of live removed": lambda settings: done(settings, "DELETE FROM live_sales LIMIT 1"),
    "a piece of stock in live": lambda settings: done(settings, "UPDATE live_stock SET lost = lost + 1 LIMIT 1"),
    "a piece of stock in truth": lambda settings: done(settings, "UPDATE truth_stock SET lost = lost + 1 LIMIT 1"),
    "a count in truth": lambda settings: done(settings, "UPDATE truth_counts SET quantity = quantity + 1 LIMIT 1"),
    "a count removed": lambda settings: done(settings, "DELETE FROM truth_counts LIMIT 1"),
    "a cent in the raw record": lambda settings: in_raw(settings, "altered"),
    "an event of the raw record removed": lambda settings: in_raw(settings, "removed"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_one_cent_that_nothing_explains_refuses_the_publication(shop: Shop, change: str) -> None:
    settings = shop.settings
    shop.trade(JANUARY, 20)
    shop.count()
    night(settings, "first")
    shop.trade(JANUARY, 25)
    shop.count()
    CHANGES[change](settings)
    before = totals(settings)
    with pytest.raises(TerminalError, match=r"differ from what readers see.*Nothing is published"):
        candidate(settings, "second")

    assert selected(settings, "SELECT COUNT(*) > 0 FROM reconciliation WHERE cause = 'unexplained'") == [(1,)]
    with pytest.raises(TerminalError, match="These critical checks failed: reconcile: candidate is published and live"):
        published(settings, "second")
    assert totals(settings) == before
    assert selected(settings, "SELECT published_epoch FROM layers") == [(2,)]


def test_a_cent_in_a_candidates_days_or_months_is_found(shop: Shop) -> None:
    settings = shop.settings
    shop.trade(JANUARY, 20)
    shop.count()
    cut(settings, "first")
    looked_at(settings, "first")
    for table in ("truth_sales_by_day", "truth_sales_by_month"):
        by_fold(settings, Namespace(run="first"))
        done(settings, CENT.format(table, "month = '2026-01'"))
        with pytest.raises(TerminalError, match="differ from what readers see"):
            nights.reconciled(settings, "first")
    night(settings, "first")
    figures_hold(settings)


def test_figures_of_a_month_that_the_raw_record_does_not_have_are_not_dropped(shop: Shop) -> None:
    settings = shop.settings
    shop.trade(JANUARY, 20)
    shop.count()
    night(settings, "first")
    lost = shop.sell(FEBRUARY)
    shop.count()
    with raw_record(settings) as client:
        client[MONGO_DATABASE][EVENTS].delete_one({"_id": lost.event_id})
    before = totals(settings)
    with pytest.raises(TerminalError, match="1 figures of generation 2 differ"):
        candidate(settings, "second")
    assert totals(settings) == before


def test_a_duplicate_that_was_written_into_the_raw_record_is_counted_as_too_much(shop: Shop) -> None:
    settings = shop.settings
    shop.trade(JANUARY, 20)
    shop.count()
    with raw_record(settings) as client:
        events = client[MONGO_DATABASE][EVENTS]
        first = events.find_one({"kind": "sale"})
        assert first is not None
        events.insert_one(first | {"_id": "smuggled", "kind": "nothing"})
    with pytest.raises(TerminalError, match=r"The raw record has \d+ events up to the cut .*the stream counted \d+"):
        candidate(settings, "first")


def quality(settings: Settings, run: str, name: str, *, severity: str = "critical", passed: int = 1) -> None:
    done(
        settings,
        "INSERT INTO quality_results VALUES (%s, 'slice', %s, %s, %s, '', '', '', 1, UTC_TIMESTAMP(3))",
        run, name, severity, passed,
    )  # fmt: skip


def test_only_what_every_declared_check_has_proved_is_published(shop: Shop) -> None:
    settings = shop.settings
    shop.trade(JANUARY, 5)
    shop.count()
    candidate(settings, "first")
    declared = {"slice": {"rows", "days"}}
    attempt = Namespace(run="first")
    with pytest.raises(TerminalError, match="These checks did not run: slice: days, slice: rows"):
        publish.work(settings, attempt, declared)
    quality(settings, "first", "rows")
    quality(settings, "first", "days", passed=0)
    with pytest.raises(TerminalError, match="These critical checks failed: slice: days"):
        publish.work(settings, attempt, declared)
    with pytest.raises(TerminalError, match="These stages have no checks: candidate"):
        publish.work(settings, attempt, declared | {"candidate": set()})
    assert selected(settings, "SELECT published_epoch FROM layers") == [(1,)]
    done(settings, "DELETE FROM quality_results WHERE check_name = 'days'")
    quality(settings, "first", "days", severity="warning", passed=0)

    assert "Generation 1 is published: 1 months" in publish.work(settings, attempt, declared)
    figures_hold(settings)


def test_steps_out_of_their_order_are_refused(shop: Shop) -> None:
    settings = shop.settings
    shop.trade(JANUARY, 5)
    shop.count()
    with pytest.raises(TerminalError, match="The run 'first' has opened no cut"):
        looked_at(settings, "first")
    cut(settings, "first")
    with pytest.raises(TerminalError, match="were not looked at"):
        by_fold(settings, Namespace(run="first"))
    looked_at(settings, "first")
    with pytest.raises(TerminalError, match="is not recounted"):
        nights.reconciled(settings, "first")
    with pytest.raises(TerminalError, match="is not recounted"):
        published(settings, "first")
    by_fold(settings, Namespace(run="first"))
    with pytest.raises(TerminalError, match="These checks did not run: reconcile: candidate is published and live"):
        published(settings, "first")
    nights.reconciled(settings, "first")
    by_fold(settings, Namespace(run="first"))  # anew: what was proved of the old candidate is forgotten
    with pytest.raises(TerminalError, match="These checks did not run"):
        published(settings, "first")


def test_of_two_recounts_of_a_run_the_older_one_does_not_call_it_complete(shop: Shop) -> None:
    settings = shop.settings
    shop.trade(JANUARY, 5)
    shop.count()
    first = cut(settings, "first")
    looked_at(settings, "first")
    connection = connect(settings, "batch")
    older = generations.begin_recount(connection, "first", ["2026-01"], "2026-02")
    younger = generations.begin_recount(connection, "first", ["2026-01"], "2026-02")
    with pytest.raises(TransientError, match="Another process recounts generation 1"):
        generations.end_recount(connection, first.generation, older)
    generations.end_recount(connection, first.generation, younger)
    connection.close()


def test_a_job_tells_its_failure_in_one_message(shop: Shop, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert tmp_path.exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TILLSTREAM_HOME", str(shop.settings.home))
        patch.setattr("sys.argv", ["publish", "--run", "none"])
        patch.setattr(suites, "required", lambda *_stages: {})
        code = publish.main()

    assert code == 1
    assert capfd.readouterr().err == (
        "tillstream: The run 'none' has opened no cut.\nIts task `open_cut` comes first.\n"
    )

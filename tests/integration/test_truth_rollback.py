"""Back to an earlier publication, live figures made anew, and what is kept for that."""

from argparse import Namespace
from contextlib import AbstractContextManager
from datetime import date, timedelta

import pytest

from jobs.batch import rebuild_live
from tests.night.nights import candidate, done, figures_hold, live, night, published, selected, totals, truth
from tests.night.shop import Shop
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.stores import live_rebuild, pruning, rollback
from tillstream.stores.mysql import Connection, Cursor, connect, transaction
from tillstream.stores.pruning import KEPT_PUBLICATIONS

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)


def days(shop: Shop, first: date, number: int, a_day: int = 6) -> None:
    shop.trade(first, number, a_day)
    shop.count()


def rebuilt(settings: Settings) -> str:
    return rebuild_live.work(settings, Namespace())


def test_live_figures_made_anew_are_the_same_rows(shop: Shop) -> None:
    settings = shop.settings
    days(shop, JANUARY, 20)
    night(settings, "first")
    days(shop, JANUARY, 30)
    candidate(settings, "not published")  # a cut of its own: rows of two epochs
    days(shop, FEBRUARY, 9)
    before = live(settings)
    assert {row[0] for row in before["live_sales"]} == {2, 3}
    done(settings, "UPDATE live_sales SET revenue = 0")
    done(settings, "DELETE FROM live_stock")
    counts = "SELECT DISTINCT 9, day, store_id, product_id, recorded_at, event_id, 1 FROM truth_counts"
    done(settings, f"INSERT INTO live_counts {counts}")

    assert "made anew since cut 2" in rebuilt(settings)
    assert live(settings) == before
    figures_hold(settings)


def test_live_figures_are_made_anew_while_the_stream_counts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = shop.settings
    days(shop, JANUARY, 20)
    night(settings, "first")
    days(shop, JANUARY, 25)
    whole = live_rebuild.exchange

    def meanwhile(*arguments: object) -> None:
        days(shop, FEBRUARY, 3)  # counted after the rows aside were made
        candidate(settings, "cut in between")
        days(shop, FEBRUARY, 4)
        whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(live_rebuild, "exchange", meanwhile)
    rebuilt(settings)
    figures_hold(settings)
    made = live(settings)
    assert {row[0] for row in made["live_sales"]} == {2, 3}
    monkeypatch.setattr(live_rebuild, "exchange", whole)
    rebuilt(settings)
    assert live(settings) == made
    published(settings, "cut in between")
    figures_hold(settings)


def test_live_figures_before_any_publication_are_made_anew(shop: Shop) -> None:
    days(shop, JANUARY, 20)
    before = live(shop.settings)
    done(shop.settings, "DELETE FROM live_sales")
    rebuilt(shop.settings)

    assert live(shop.settings) == before


def test_one_rebuild_at_a_time(shop: Shop) -> None:
    days(shop, JANUARY, 5)
    other = connect(shop.settings, "batch")
    with live_rebuild.alone(other), pytest.raises(TransientError, match="Another process makes the live rows anew"):
        rebuilt(shop.settings)
    other.close()


def test_a_rebuild_that_was_killed_leaves_nothing_that_counts(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = shop.settings
    days(shop, JANUARY, 20)
    before = live(settings)

    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(live_rebuild, "exchange", killed)
    with pytest.raises(KeyboardInterrupt):
        rebuilt(settings)
    assert len(live(settings)["live_sales"]) == 2 * len(before["live_sales"])
    figures_hold(settings)
    monkeypatch.undo()
    rebuilt(settings)
    assert live(settings) == before


def test_a_rollback_shows_the_earlier_publication_and_all_since_as_live(shop: Shop) -> None:
    settings = shop.settings
    days(shop, JANUARY, 40)
    first = night(settings, "first")
    bytes_of_first = truth(settings)
    shop.sell(JANUARY)  # late: it restates January
    days(shop, FEBRUARY, 12)
    second = night(settings, "second")
    days(shop, FEBRUARY, 15)
    before = totals(settings)
    back = rebuild_live.roll_back(settings, None)

    assert back.generation == first.generation
    assert truth(settings) == bytes_of_first
    assert totals(settings) == before
    assert selected(settings, "SELECT published_epoch FROM layers") == [(first.epoch,)]
    assert selected(settings, "SELECT DISTINCT epoch FROM live_sales ORDER BY 1") == [(first.epoch,), (second.epoch,)]
    figures_hold(settings)
    days(shop, FEBRUARY, 16)
    figures_hold(settings)
    third = night(settings, "third")
    figures_hold(settings)
    assert third.base_epoch == first.epoch
    assert selected(settings, "SELECT generation FROM published_months WHERE month = '2026-01'") == [
        (third.generation,)
    ]


def test_a_rollback_leads_forward_again(shop: Shop) -> None:
    settings = shop.settings
    for number in range(3):
        days(shop, JANUARY + timedelta(days=9 * number), 9)
        night(settings, f"night {number}")
    newest = truth(settings)
    before = totals(settings)
    rebuild_live.roll_back(settings, 1)
    figures_hold(settings)
    with pytest.raises(TerminalError, match=r"There is no earlier publication\.\nThese can: 3, 2\."):
        rebuild_live.roll_back(settings, None)
    with pytest.raises(TerminalError, match="Generation 7 cannot be brought back"):
        rebuild_live.roll_back(settings, 7)
    rebuild_live.roll_back(settings, 3)

    assert truth(settings) == newest
    assert totals(settings) == before
    figures_hold(settings)


def test_a_night_whose_base_was_rolled_back_is_refused(shop: Shop) -> None:
    settings = shop.settings
    days(shop, JANUARY, 9)
    night(settings, "first")
    days(shop, JANUARY, 12)
    night(settings, "second")
    days(shop, JANUARY, 15)
    candidate(settings, "third")
    rebuild_live.roll_back(settings, None)

    with pytest.raises(TerminalError, match=r"goes on from cut 3; readers are back at 2.\nStart a new night"):
        published(settings, "third")
    figures_hold(settings)
    night(settings, "fourth")
    figures_hold(settings)


def test_a_removal_spares_what_a_rollback_has_just_brought_back(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = shop.settings
    days(shop, JANUARY, 9)
    night(settings, "first")
    days(shop, JANUARY, 25)
    night(settings, "second")
    portions = iter(range(100))

    def interrupted(connection: "Connection[Cursor]") -> "AbstractContextManager[Cursor]":
        if next(portions) == 1:  # between the portions of two tables
            rebuild_live.roll_back(settings, None)
        return transaction(connection)

    monkeypatch.setattr(pruning, "transaction", interrupted)
    connection = connect(settings, "batch")
    pruning.prune(connection)
    connection.close()
    assert next(portions) > 2
    assert all(live(settings).values())
    figures_hold(settings)


def test_the_last_publications_the_first_final_months_and_candidates_are_kept(shop: Shop) -> None:
    settings = shop.settings
    days(shop, JANUARY, 31)
    night(settings, "night 0", opened=date(2026, 1, 20))
    for number in range(1, KEPT_PUBLICATIONS + 4):
        shop.sell(JANUARY + timedelta(days=number))
        days(shop, FEBRUARY, number, 2)
        night(settings, f"night {number}", opened=date(2026, 2, 10 + number))
    candidate(settings, "running", full=True)
    candidate(settings, "counted again", month="2026-01")
    published(settings, "night 10")

    kept = "SELECT DISTINCT generation FROM truth_sales_by_month WHERE month = '2026-01' ORDER BY 1"
    last = list(range(5, 12))
    assert [generation for (generation,) in selected(settings, kept)] == [2, *last, 12, 13]
    assert selected(settings, "SELECT generation FROM generation_months WHERE first_final = 1") == [(2,)]
    for table in ("truth_sales_by_hour", "truth_sales_by_day"):
        assert selected(settings, f"SELECT DISTINCT generation FROM {table} ORDER BY 1")[0] == (2,)
    connection = connect(settings, "batch")
    with transaction(connection) as cursor:
        assert [each.generation for each in rollback.targets(cursor)] == last[-2::-1]
    connection.close()
    figures_hold(settings)
    for generation in last[-2::-1]:
        rebuild_live.roll_back(settings, generation)
        figures_hold(settings)

"""A night that is killed anywhere is run again, and is exact; readers have seen the old figures or the new ones."""

import multiprocessing
import os
import signal
from argparse import Namespace
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.night import nights
from tests.night.nights import figures_hold, live, night, selected, totals, truth
from tests.night.shop import Shop
from tillstream.settings import Settings
from tillstream.stores import comparison, generations, pruning, publication, reconciliation, slices, zone_map
from tillstream.stores import truth as truth_store

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
RUN = "night"

STEPS: dict[str, Callable[[Settings], object]] = {
    "open_cut": lambda settings: nights.cut(settings, RUN),
    "profile": lambda settings: nights.looked_at(settings, RUN),
    "recount": lambda settings: nights.by_fold(settings, Namespace(run=RUN)),
    "reconcile": lambda settings: nights.reconciled(settings, RUN),
    "publish": lambda settings: nights.published(settings, RUN),
}
# Which step dies, where: at a function's begin, or when it is done.
BEFORE, AFTER = False, True
DEATHS = [
    ("open_cut", generations, "_begin_epoch", AFTER),
    ("open_cut", generations, "open_cut", AFTER),
    ("profile", slices, "write", BEFORE),
    ("profile", zone_map, "write", AFTER),
    ("profile", slices, "write", AFTER),
    ("recount", truth_store, "remove", BEFORE),
    ("recount", truth_store, "write", BEFORE),
    ("recount", truth_store, "write", AFTER),
    ("recount", generations, "end_recount", AFTER),
    ("reconcile", comparison, "compare_grains", AFTER),
    ("reconcile", reconciliation, "_keep", AFTER),
    ("publish", publication, "_restate", AFTER),
    ("publish", publication, "note_publication", AFTER),
    ("publish", publication, "publish", AFTER),
    ("publish", pruning, "_prune_live", AFTER),
    ("publish", pruning, "_prune_publications", AFTER),
]


def dies(work: Callable[[], object], module: Any, name: str, after: bool) -> None:
    """Does work in a process that is killed, as by kill -9, where it calls `module.name`."""
    whole = vars(module)[name]

    def fatal(*arguments: Any, **named: Any) -> Any:
        if after:
            whole(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    def child() -> None:
        vars(module)[name] = fatal
        work()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"it was not killed at {name}"


def january(found: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    return {name: [row for row in rows if row[0] == "2026-01"] for name, rows in found.items()}


@pytest.mark.parametrize(
    ("step", "module", "name", "after"), DEATHS, ids=[f"{d[0]} {'after' if d[3] else 'before'} {d[2]}" for d in DEATHS]
)
def test_a_step_that_is_killed_is_run_again(shop: Shop, step: str, module: Any, name: str, after: bool) -> None:
    settings = shop.settings
    shop.trade(JANUARY, 20)
    shop.count()
    night(settings, "before")
    shop.trade(JANUARY, 25)
    shop.count()
    before = totals(settings)
    for earlier in list(STEPS)[: list(STEPS).index(step)]:
        STEPS[earlier](settings)
    dies(lambda: STEPS[step](settings), module, name, after)
    assert totals(settings) == before
    figures_hold(settings)
    shop.trade(FEBRUARY, 2)
    shop.count()
    figures_hold(settings)
    night(settings, RUN)
    figures_hold(settings)
    once = january(truth(settings))
    night(settings, "full", full=True)

    assert january(truth(settings)) == once
    assert live(settings) == {"live_sales": [], "live_stock": [], "live_counts": []}
    assert selected(settings, "SELECT COUNT(*) FROM generations WHERE run_id = 'night'") == [(1,)]

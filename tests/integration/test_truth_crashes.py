"""A night that is killed anywhere is run again, and is exact; readers have seen the old figures or the new ones."""

import multiprocessing
import signal
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.night.deaths import DEATHS, Death, planted
from tests.night.nights import STEPS, figures_hold, live, night, selected, totals, truth
from tests.night.shop import Shop

JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
RUN = "night"


def dies(work: Callable[[], object], death: Death) -> None:
    """Does work in a process that is killed there."""

    def child() -> None:
        planted(death)
        work()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"it was not killed {death}"


def january(found: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    return {name: [row for row in rows if row[0] == "2026-01"] for name, rows in found.items()}


@pytest.mark.parametrize("death", DEATHS, ids=str)
def test_a_step_that_is_killed_is_run_again(shop: Shop, death: Death) -> None:
    settings = shop.settings
    shop.trade(JANUARY, 20)
    shop.count()
    night(settings, "before")
    shop.trade(JANUARY, 25)
    shop.count()
    before = totals(settings)
    for earlier in list(STEPS)[: list(STEPS).index(death.step)]:
        STEPS[earlier](settings, RUN)
    dies(lambda: STEPS[death.step](settings, RUN), death)
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

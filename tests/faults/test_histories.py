"""Random histories with crashes at every step, and the wrong designs that they must catch."""

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.faults.designs import BUGS, Ledger, wrong_design
from tests.faults.history import Outcome, Plan, history
from tillstream.settings import Settings

KILLS = int(os.environ.get("TILLSTREAM_TEST_KILLS") or 10)  # `make test-faults` asks for 200
MOST_HISTORIES = 40  # in which a wrong design must show; nearly always the first does
STEPS = 40


def by_itself(play: Callable[..., Outcome], *arguments: object) -> Outcome:
    """A history in a new process: it forks, which the threads that other tests leave in this one may not survive."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as new:
        return new.submit(play, *arguments).result()


def planned(settings: Settings, folder: Path, seed: int) -> Outcome:
    return history(settings, folder, Plan(seed, STEPS))


def misplanned(settings: Settings, folder: Path, seed: int, bug: str) -> Outcome:
    ledger = Ledger(folder.with_name(f"ledger-{folder.name}"))
    return history(settings, folder, wrong_design(bug, seed, STEPS, ledger))


@pytest.mark.timeout(1200)
def test_whatever_crashes_nothing_is_lost_and_nothing_counts_twice(stores: Settings, tmp_path: Path, seed: int) -> None:
    kills = number = nights = 0
    while kills < KILLS:
        outcome = by_itself(planned, stores, tmp_path / str(number), seed + number)
        assert outcome.failure is None, f"seed {seed + number}: {outcome.failure}"
        kills, number, nights = kills + outcome.kills, number + 1, nights + outcome.nights
    print(f"{kills} kills in {number} histories with {nights} nights, from seed {seed}")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS)
def test_a_wrong_design_is_caught(stores: Settings, tmp_path: Path, seed: int, bug: str) -> None:
    for number in range(MOST_HISTORIES):
        outcome = by_itself(misplanned, stores, tmp_path / str(number), seed + number, bug)
        if outcome.failure is not None:
            print(f"{bug}: caught at seed {seed + number}: {outcome.failure}")
            return
    pytest.fail(f"{bug} was not caught in {MOST_HISTORIES} histories")

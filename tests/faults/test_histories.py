"""Random histories with crashes at every step, and the wrong designs that they must catch."""

import os
from pathlib import Path

import pytest

from tests.faults.designs import BUGS, Ledger, wrong_design
from tests.faults.history import Plan, history
from tillstream.settings import Settings

KILLS = int(os.environ.get("TILLSTREAM_TEST_KILLS") or 10)  # `make test-faults` asks for 200
MOST_HISTORIES = 40  # in which a wrong design must show; nearly always the first does


@pytest.mark.timeout(1200)
def test_whatever_crashes_nothing_is_lost_and_nothing_counts_twice(stores: Settings, tmp_path: Path, seed: int) -> None:
    kills = number = nights = 0
    while kills < KILLS:
        outcome = history(stores, tmp_path / str(number), Plan(seed + number, steps=40))
        assert outcome.failure is None, f"seed {seed + number}: {outcome.failure}"
        kills, number, nights = kills + outcome.kills, number + 1, nights + outcome.nights
    print(f"{kills} kills in {number} histories with {nights} nights, from seed {seed}")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS)
def test_a_wrong_design_is_caught(stores: Settings, tmp_path: Path, seed: int, bug: str) -> None:
    for number in range(MOST_HISTORIES):
        ledger = Ledger(tmp_path / f"ledger-{number}")
        outcome = history(stores, tmp_path / str(number), wrong_design(bug, seed + number, 40, ledger))
        if outcome.failure is not None:
            print(f"{bug}: caught at seed {seed + number}: {outcome.failure}")
            return
    pytest.fail(f"{bug} was not caught in {MOST_HISTORIES} histories")

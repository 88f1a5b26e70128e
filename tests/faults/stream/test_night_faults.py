"""A store is lost in mid-night: the task fails for now, is tried again, and the night is published, exact."""

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.command_line import CommandLine
from tests.faults.stream.conftest import Check
from tests.faults.stream.dag_runs import DagRuns, airflow_beside
from tests.faults.stream.shop import Shop
from tests.faults.stream.till import Till

NIGHT_SECONDS = 400
CASES = [
    ("mysql", "profile_slice", "jobs.batch.profile"),
    ("mongo", "profile_slice", "jobs.batch.profile"),
    ("mysql", "recount", "jobs.batch.recount"),
    ("mongo", "recount", "jobs.batch.recount"),
    ("mysql", "check_candidate", "candidate"),
]


@pytest.fixture
def dag_runs(shop: Shop) -> Iterator[DagRuns]:
    with airflow_beside(shop) as runs:
        yield runs


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("store", "task", "word"), CASES)
def test_a_store_is_lost_in_mid_night(
    shop: Shop, till: Till, dag_runs: DagRuns, is_exact: Check, store: str, task: str, word: str
) -> None:
    till.trade(500)
    shop.wait_until_counted()
    night = CommandLine(shop.home).start("nightly", "--full")
    # Held, or a short task would be over before its store is away.
    with dag_runs.held(word, lambda: night.poll() is not None):
        shop.kill_and_keep_away(store)
    till.trade(100)
    said = _heard(night, f"{task}: failed for now, is tried again")
    shop.up(store)
    said += _heard(night, "")

    assert night.wait(NIGHT_SECONDS) == 0, said + (night.stderr.read() if night.stderr else "")
    assert f"{task}: failed for now, is tried again" in said
    is_exact()


def _heard(night: "subprocess.Popen[str]", words: str) -> str:
    """What a command says, up to the line with these words; without words, all of it."""
    said = ""
    for line in night.stdout or ():
        said += line
        if words and words in line:
            break
    return said

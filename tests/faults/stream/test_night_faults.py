"""A store is lost in mid-night: the task fails for now, is tried again, and the night is published, exact."""

import time
from collections.abc import Iterator

import pytest

from tests.e2e.command_line import CommandLine
from tests.faults.stream.conftest import Check
from tests.faults.stream.dag_runs import DagRuns, airflow_beside
from tests.faults.stream.shop import Shop, wait_until
from tests.faults.stream.till import Till

AWAY_SECONDS = 20.0
NIGHT_SECONDS = 400


@pytest.fixture
def dag_runs(shop: Shop) -> Iterator[DagRuns]:
    with airflow_beside(shop) as runs:
        yield runs


@pytest.mark.timeout(900)
@pytest.mark.parametrize("store", ["mysql", "mongo"])
@pytest.mark.parametrize("module", ["jobs.batch.profile", "jobs.batch.recount", "expectations.gate"])
def test_a_store_is_lost_in_mid_night(
    shop: Shop, till: Till, dag_runs: DagRuns, is_exact: Check, store: str, module: str
) -> None:
    if (store, module) == ("mongo", "expectations.gate"):
        pytest.skip("the gate reads MySQL only")
    till.trade(500)
    shop.wait_until_counted()
    night = CommandLine(shop.home).start("nightly", "--full")
    wait_until(lambda: dag_runs.is_running(module) or night.poll() is not None, f"{module} runs", pause=0.01)
    shop.kill_and_keep_away(store)
    till.trade(100)
    time.sleep(AWAY_SECONDS)
    shop.up(store)
    output, errors = night.communicate(timeout=NIGHT_SECONDS)

    assert night.returncode == 0, (output, errors)
    assert "failed for now, is tried again" in output
    assert "Generation " in output
    is_exact()
    assert shop.query("SELECT COUNT(*) FROM `generations` WHERE `published_at` IS NOT NULL")[0][0] >= 1

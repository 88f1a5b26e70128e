"""One whole stack for all scenarios here; a new one after a scenario that failed or has spoilt it.

`-m sample` takes a minute or two and has shorter outages; without it, all run.
"""

import random
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from stack.lifecycle import down
from tests.faults.stream.book import book_of
from tests.faults.stream.comparison import assert_exact
from tests.faults.stream.shop import Shop
from tests.faults.stream.till import Till
from tillstream.settings import Settings

BATCH_SIZE = 20_000  # small batches, so that a backlog takes several of them
CHANGE_LIMIT = 100.0  # scenarios share a stack and sell in the same months: closed ones grow many times over
LOG_CHARACTERS = 6_000  # of the stream's log, shown with a failure
FAILED = pytest.StashKey[bool]()

Check = Callable[..., None]  # what is lost, if anything


class Holder:
    """Keeps a stack from scenario to scenario."""

    def __init__(self) -> None:
        self._shop: Shop | None = None
        self.scenarios = 0

    def running(self) -> Shop:
        """The stack with everything running, started if need be."""
        if self._shop is None:
            home = Path(tempfile.mkdtemp(prefix="faults-"))
            self._shop = Shop(Settings(home=home, ports="auto", batch_size=BATCH_SIZE, change_limit=CHANGE_LIMIT))
        self._shop.up()
        return self._shop

    def discard(self) -> None:
        """Stops the stack and removes it."""
        if self._shop is not None:
            down(self._shop.settings)
            shutil.rmtree(self._shop.home)
            self._shop = None


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sample: the scenarios that CI runs")
    config.addinivalue_line("markers", "spoils: the stack is not used again after this scenario")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remembers a failure, for the fixture that decides whether the stack is still good."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    return report


@pytest.fixture(scope="package")
def holder() -> Iterator[Holder]:
    """The stack, stopped in the end."""
    stacks = Holder()
    try:
        yield stacks
    finally:
        stacks.discard()


@pytest.fixture
def rng(request: pytest.FixtureRequest, seed: int) -> random.Random:
    """The random choices of one scenario, which do not depend on the ones before it."""
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture
def shop(request: pytest.FixtureRequest, holder: Holder) -> Iterator[Shop]:
    """The whole stack, running."""
    running = holder.running()
    said = len(running.log())
    yield running
    failed = request.node.stash.get(FAILED, False)
    if failed:
        print(f"The stream's log of this scenario:\n{running.log()[said:][-LOG_CHARACTERS:]}")
    if failed or request.node.get_closest_marker("spoils"):
        holder.discard()


@pytest.fixture
def till(holder: Holder, shop: Shop, rng: random.Random) -> Till:
    """A till of a store that no other scenario has."""
    holder.scenarios += 1
    return Till(shop.settings.kafka_servers, shop.settings.secret("kafka_till"), f"store-{holder.scenarios}", rng)


@pytest.fixture
def is_exact(shop: Shop, till: Till) -> Check:
    """Waits until all is counted, then compares raw record, views and the till's own book; raises Inexact."""

    def check(lost: frozenset[str] = frozenset()) -> None:
        shop.wait_until_counted()
        assert_exact(shop.settings, till.store, book_of(till.sent, lost))

    return check


@pytest.fixture(scope="session")
def is_sample(request: pytest.FixtureRequest) -> bool:
    """Whether only the short sample runs."""
    return bool(request.config.option.markexpr == "sample")

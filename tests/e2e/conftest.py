"""The whole stack, with the Spark stream, that modules share; each counts in a currency of its own."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from stack.lifecycle import down, up
from tests.e2e.command_line import CommandLine
from tillstream.settings import Settings
from tillstream.stores.mysql import connect, rows, snapshot

# Small batches, so that a backlog takes several of them.
BATCH_SIZE = 20_000

Query = Callable[[str], list[tuple[Any, ...]]]


@contextmanager
def stack_in(home: Path, services: Iterable[str] | None = None) -> Iterator[Settings]:
    """The settings of a stack, whole or in part. What a failed run leaves in its folder is removed with it."""
    settings = Settings(home=home, ports="auto", batch_size=BATCH_SIZE)
    try:
        yield up(settings, services=services)
    finally:
        down(settings)
        shutil.rmtree(settings.home)


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The stack that modules share."""
    with stack_in(tmp_path_factory.mktemp("shop")) as settings:
        yield settings


@pytest.fixture(scope="module")
def shop(started: Settings) -> Settings:
    """The stack, all of it running, whatever the module before has done to it."""
    return up(started)


@pytest.fixture(scope="module")
def tillstream(shop: Settings) -> CommandLine:
    """The command, for this stack."""
    return CommandLine(shop.home)


@pytest.fixture
def query(shop: Settings) -> Iterator[Query]:
    """Rows of a query, as the reader of dashboards gets them."""
    connection = connect(shop, "bi")

    def run(text: str) -> list[tuple[Any, ...]]:
        with snapshot(connection) as cursor:
            return rows(cursor, text)

    yield run
    connection.close()


@pytest.fixture
def nowhere(tmp_path: Path) -> CommandLine:
    """The command, for a state folder in which nothing was ever started."""
    return CommandLine(tmp_path / "home")

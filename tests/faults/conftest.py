"""The stores for histories, and the seed of all random choices."""

import os
import shutil
from collections.abc import Iterator

import pytest

from stack.lifecycle import down, up
from tillstream.settings import Settings

STORES = ("kafka", "mongo", "mysql")


@pytest.fixture(scope="session")
def seed() -> int:
    """TILLSTREAM_TEST_SEED, or the same one each time."""
    return int(os.environ.get("TILLSTREAM_TEST_SEED") or 1)


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Kafka, MongoDB and MySQL without a stream."""
    settings = Settings(home=tmp_path_factory.mktemp("stores"), ports="auto")
    try:
        yield up(settings, services=STORES)
    finally:
        down(settings)
        shutil.rmtree(settings.home)

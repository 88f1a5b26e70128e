"""Data that tests share."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

# Beside the checkout: 2 MB of public data, not ours to copy into the repository.
_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def _given(path: Path) -> Path:
    if not path.exists():
        if os.environ.get("CI"):
            pytest.fail(f"{path} is missing: without it the recount of 2019 proves nothing")
        pytest.skip(f"{path} is missing")
    return path


@pytest.fixture(scope="session")
def sales_2019() -> Path:
    """The folder with the twelve files of the public sales data of 2019."""
    return _given(_DATA / "sales_2019")


@pytest.fixture(scope="session")
def sales_2019_expected() -> dict[str, Any]:
    """The independent recount of these files: money as decimal strings, by the calendar day as written."""
    expected: dict[str, Any] = json.loads(_given(_DATA / "sales_2019_expected.json").read_text())
    return expected

"""Running the gate over a night that was written by hand, and what it left behind."""

from collections.abc import Iterator

import pytest

from expectations import gate
from expectations.results import DID_NOT_RUN, RAISED
from tests.gate_night import RUN, clear, ordinary
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores.mysql import Connection, Cursor, connect, rows, transaction

__all__ = ["changed", "failed", "left", "owner", "refused"]


@pytest.fixture
def owner(servers: Settings) -> Iterator["Connection[Cursor]"]:
    """A connection that may do anything, to a database with an ordinary night; without figures afterwards."""
    connection = connect(servers, "migrate")
    ordinary().write(connection)
    yield connection
    clear(connection)
    connection.close()


def changed(owner: "Connection[Cursor]", *statements: str) -> None:
    """Changes what the night wrote; each statement has to change something."""
    with transaction(owner) as cursor:
        for statement in statements:
            assert cursor.execute(statement), f"nothing to change: {statement}"


def left(owner: "Connection[Cursor]", stage: str) -> dict[str, tuple[str, bool, str, str, int]]:
    """The results of a stage by check: severity, passed, observed, detail, rows_seen."""
    query = (
        "SELECT `check_name`, `severity`, `passed`, `observed`, `detail`, `rows_seen` FROM `quality_results` "
        "WHERE `run_id` = %s AND `stage` = %s"
    )
    with transaction(owner) as cursor:
        found = rows(cursor, query, (RUN, stage))
    return {name: (severity, bool(passed), *rest) for name, severity, passed, *rest in found}


def failed(owner: "Connection[Cursor]", stage: str, severity: str = "critical") -> set[str]:
    """The checks of a severity that ran and did not pass."""
    found = left(owner, stage).items()
    return {
        name
        for name, (of, passed, observed, *_) in found
        if of == severity and not passed and observed not in (DID_NOT_RUN, RAISED)
    }


def refused(settings: Settings, stage: str) -> TerminalError:
    """The gate's refusal of the night."""
    with pytest.raises(TerminalError) as caught:
        gate.check(settings, stage, RUN)
    return caught.value

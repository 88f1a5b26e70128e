"""Which services run on this machine."""

import pytest

from stack.services import embedded
from tillstream.settings import Settings

ELSEWHERE = "https://elsewhere.test"


@pytest.mark.parametrize(
    ("settings", "there"),
    [
        (Settings(), True),
        (Settings(airflow=ELSEWHERE), True),
        (Settings(superset=ELSEWHERE), True),
        (Settings(airflow=ELSEWHERE, superset=ELSEWHERE), False),
        (Settings(postgres="elsewhere.test:5432"), False),
    ],
)
def test_postgresql_runs_here_as_long_as_somebody_here_needs_it(settings: Settings, there: bool) -> None:
    assert ("postgres" in [service.name for service in embedded(settings)]) is there

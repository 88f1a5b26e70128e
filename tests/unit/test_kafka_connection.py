"""How clients log in at Kafka, and that no password goes where others see it."""

from pathlib import Path

import pytest

from tillstream.accounts import KAFKA_ADMINISTRATOR, KAFKA_RIGHTS
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores.kafka import connection, java_connection

PASSWORD = "geheim"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "secrets").mkdir()
    for account in (KAFKA_ADMINISTRATOR, *KAFKA_RIGHTS):
        (tmp_path / "secrets" / f"kafka_{account}").write_text(PASSWORD)
    return Settings(home=tmp_path)


def test_a_client_logs_in_as_its_account(settings: Settings) -> None:
    ours, spark = connection(settings, "stream"), java_connection(settings, "stream")

    assert (ours["sasl.username"], ours["sasl.password"]) == ("tillstream_stream", PASSWORD)
    assert 'username="tillstream_stream"' in spark["sasl.jaas.config"]
    assert {name: spark[name] for name in spark if name in ours} == {name: ours[name] for name in ours if name in spark}


def test_a_java_client_is_told_where_the_password_is(settings: Settings) -> None:
    told = java_connection(settings, "stream")

    assert PASSWORD not in repr(told)
    assert f"${{directory:{settings.home}/secrets:kafka_stream}}" in told["sasl.jaas.config"]


@pytest.mark.parametrize("written", ["geheim\n", "ge heim", 'ge"heim', "ge\\heim", "gehéim", "ge\nheim"])
def test_a_password_that_java_would_take_otherwise_is_refused(settings: Settings, written: str) -> None:
    (settings.home / "secrets" / "kafka_batch").write_text(written)
    with pytest.raises(TerminalError, match="kafka_batch has what Kafka's Java client cannot use") as refused:
        java_connection(settings, "batch")
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("name", ["a:b", "a}b"])
def test_a_folder_that_java_would_not_find_is_refused(settings: Settings, name: str) -> None:
    folder = settings.home / name
    (settings.home / "secrets").rename(folder)
    with pytest.raises(TerminalError, match="TILLSTREAM_SECRETS"):
        java_connection(Settings(home=settings.home, secrets=folder), "batch")

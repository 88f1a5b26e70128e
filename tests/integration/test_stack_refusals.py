"""The embedded stack refuses what cannot go well, in one message that says what to do; and `doctor` sees it before."""

import dataclasses
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest

from stack import folders, programs, secrets_folder
from stack.doctor import doctor
from stack.lifecycle import down, logs_paths, restart, stop_service, up
from stack.services import SERVICES
from stack.status import ServiceStatus, status
from tests.integration.conftest import STORES
from tillstream.errors import TerminalError
from tillstream.settings import Settings, load
from tillstream.stores import mysql


class Usage(NamedTuple):
    """As `shutil.disk_usage` gives it."""

    total: int
    used: int
    free: int


@pytest.fixture
def busy_port() -> Iterator[int]:
    with socket.socket() as foreign:
        foreign.bind(("0.0.0.0", 0))  # noqa: S104 a program that listens everywhere holds the port on loopback too
        foreign.listen()
        yield foreign.getsockname()[1]


def test_a_taken_port_is_named_with_its_holder_and_the_setting_that_moves_it(tmp_path: Path, busy_port: int) -> None:
    settings = Settings(home=tmp_path, mongo_port=busy_port)
    try:
        with pytest.raises(TerminalError) as refusal:
            up(settings, services=["mongo"])
    finally:
        down(settings)
    for part in (str(busy_port), "mongo", "TILLSTREAM_MONGO_PORT", "TILLSTREAM_PORTS=auto", f"process {os.getpid()}"):
        assert part in str(refusal.value)
    [finding] = [finding for finding in doctor(settings) if not finding.fine]
    assert str(busy_port) in finding.found
    assert "TILLSTREAM_MONGO_PORT" in finding.remedy


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    for command in (up, down):
        with pytest.raises(TerminalError, match="belongs to the user with id"):
            command(Settings(home=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_refused_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(10**12, 10**12 - 400_000_000, 400_000_000))
    with pytest.raises(TerminalError, match="400 MB left"):
        up(Settings(home=tmp_path))
    assert {finding.subject for finding in doctor(Settings(home=tmp_path, ports="auto")) if not finding.fine} == {
        "Disk"
    }


def test_a_newer_schema_is_refused(servers: Settings) -> None:
    connection = mysql.connect(servers, "migrate")
    with mysql.transaction(connection) as cursor:
        cursor.execute("INSERT INTO schema_migrations VALUES (9999, 'of a later version', NOW())")
    folders.stamp(servers, "mysql").unlink()
    try:
        with pytest.raises(TerminalError, match="has schema 9999"):
            up(servers, services=STORES)
    finally:
        with mysql.transaction(connection) as cursor:
            cursor.execute("DELETE FROM schema_migrations WHERE number = 9999")
        connection.close()
    up(servers, services=STORES)


def test_another_time_zone_is_refused_and_not_remembered(servers: Settings) -> None:
    with pytest.raises(TerminalError, match="TILLSTREAM_TIMEZONE=Asia/Yangon"):
        up(dataclasses.replace(servers, timezone="Europe/Paris"), services=STORES)
    assert load({"TILLSTREAM_HOME": str(servers.home)}) == servers


def test_a_lost_administrator_password_is_not_made_up(servers: Settings) -> None:
    file = servers.home / "secrets" / "mongo_administrator"
    secret = file.read_text()
    file.unlink()
    try:
        with pytest.raises(TerminalError, match="mongo_administrator is missing"):
            secrets_folder.create_missing(servers, SERVICES)
    finally:
        file.write_text(secret)
        file.chmod(0o600)


def test_a_lost_account_password_is_replaced(servers: Settings) -> None:
    (servers.home / "secrets" / "mysql_bi").unlink()
    up(servers, services=STORES)
    mysql.connect(servers, "bi").close()


def test_a_service_that_runs_elsewhere_is_not_started(servers: Settings) -> None:
    elsewhere = dataclasses.replace(
        servers, home=servers.home.parent / "elsewhere", kafka=servers.kafka_servers, secrets=servers.secrets_folder
    )
    by_name = {each.name: each for each in status(elsewhere)}
    assert by_name["kafka"] == ServiceStatus("kafka", "external", healthy=True)
    with pytest.raises(TerminalError, match="not part of this stack"):
        restart(elsewhere, "kafka")


def test_nothing_but_up_needs_a_running_stack(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "none", ports="auto")
    down(settings)
    stop_service(settings, "mongo")
    assert {each.state for each in status(settings)} == {"stopped"}
    with pytest.raises(TerminalError, match="not running"):
        restart(settings, "mongo")
    with pytest.raises(TerminalError, match="no service 'mango'"):
        logs_paths(settings, "mango")
    assert not settings.home.exists()


def test_status_and_findings_are_json(servers: Settings) -> None:
    said = msgspec.json.decode(msgspec.json.encode(status(servers)))
    assert [(each["name"], each["healthy"]) for each in said][:3] == [(name, True) for name in STORES]
    assert all(finding["fine"] for finding in msgspec.json.decode(msgspec.json.encode(doctor(servers))))


def test_doctor_names_the_package_of_each_missing_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "SERVER_PATH", str(tmp_path))
    monkeypatch.setattr(programs, "CHECKOUT", tmp_path)
    monkeypatch.setattr(programs, "POSTGRES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(programs, "JAVA_VERSIONS", range(0))

    remedies = {finding.remedy for finding in doctor(Settings(home=tmp_path, ports="auto")) if not finding.fine}
    assert remedies == {
        "apt-get install openjdk-17-jre-headless",
        "apt-get install mariadb-server-core",
        "apt-get install mariadb-client-core",
        "apt-get install postgresql",
        "make setup",
    }

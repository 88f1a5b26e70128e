"""What Airflow is told about its users, its page's address and its database."""

import configparser
from pathlib import Path

import pytest

from stack import airflow_configuration
from stack.airflow_configuration import MANY_USERS, ONE_USER, SECRETS
from stack.postgres_databases import AIRFLOW_SECRET
from tillstream.errors import TerminalError
from tillstream.settings import Settings, load


def configuration(home: Path, **settings: str) -> configparser.ConfigParser:
    (home / "secrets").mkdir()
    for name in (*SECRETS, AIRFLOW_SECRET):
        (home / "secrets" / name).write_text(f"of {name}")
    parser = configparser.ConfigParser()
    text = airflow_configuration.files(Settings(home=home, **settings))["airflow.cfg"]  # type: ignore[arg-type]
    parser.read_string(text)
    return parser


@pytest.mark.parametrize(
    ("listen", "manager"), [("127.0.0.1", ONE_USER), ("192.168.1.7", MANY_USERS), ("10.1.2.3", MANY_USERS)]
)
def test_where_other_machines_reach_the_page_it_has_users_and_roles(listen: str, manager: str, tmp_path: Path) -> None:
    told = configuration(tmp_path, listen=listen)

    assert (told["api"]["host"], told["core"]["auth_manager"]) == (listen, manager)


def test_its_database_is_behind_the_socket_or_where_the_settings_say(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    here = configuration(tmp_path / "here")["database"]["sql_alchemy_conn"]
    there = configuration(tmp_path / "there", postgres="db.example:5432")["database"]["sql_alchemy_conn"]

    assert here.startswith("postgresql+psycopg2://airflow:of postgres_airflow@/airflow?host=")
    assert there == "postgresql+psycopg2://airflow:of postgres_airflow@db.example:5432/airflow"


def test_the_address_of_the_pages_is_an_address(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="TILLSTREAM_LISTEN='localhost'"):
        load({"TILLSTREAM_HOME": str(tmp_path), "TILLSTREAM_LISTEN": "localhost"})


def test_its_database_elsewhere_is_reached_with_tls_where_the_settings_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tillstream.stores.tls.authorities", lambda _settings: "/authorities.pem")
    told = airflow_configuration.environment(Settings(home=tmp_path, postgres="db.example:5432", tls="postgres"))

    assert (told["PGSSLMODE"], told["PGSSLROOTCERT"]) == ("verify-full", "/authorities.pem")
    assert "PGSSLMODE" not in airflow_configuration.environment(Settings(home=tmp_path))

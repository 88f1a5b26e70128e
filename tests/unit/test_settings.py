"""Settings are read once, all faults are told in one message, and no password shows."""

from dataclasses import FrozenInstanceError, fields, replace
from datetime import date
from pathlib import Path

import pytest

from tillstream.errors import TerminalError
from tillstream.settings import FILE_NAME, TLS_SERVERS, Settings, example, load, read_file, variable


def loaded(home: Path, text: str = "", **variables: str) -> Settings:
    (home / FILE_NAME).write_text(text)
    return load({"TILLSTREAM_HOME": str(home)} | variables)


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert load({"TILLSTREAM_HOME": str(tmp_path)}) == replace(Settings(), home=tmp_path)
    assert Settings().timezone == "Asia/Yangon"


def test_the_home_is_absolute_and_in_this_folder_by_default() -> None:
    assert load({}).home == Path.cwd() / ".tillstream"
    assert load({"TILLSTREAM_HOME": "shop"}).home == Path.cwd() / "shop"


def test_a_variable_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    text = "TILLSTREAM_CURRENCY=USD\nTILLSTREAM_TIMEZONE=UTC\n"
    chosen = loaded(tmp_path, text, TILLSTREAM_CURRENCY="EUR", TILLSTREAM_OPENING_DAY="2019-01-01")

    assert (chosen.currency, chosen.timezone, chosen.ports) == ("EUR", "UTC", "fixed")
    assert chosen.opening_day == date(2019, 1, 1)


def test_an_empty_variable_is_as_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, TILLSTREAM_CURRENCY="").currency == Settings().currency


def test_the_file_cannot_move_the_home_that_it_lies_in(tmp_path: Path) -> None:
    assert loaded(tmp_path, "TILLSTREAM_HOME=/elsewhere\n").home == tmp_path


def test_the_file_may_have_comments_blanks_and_equal_signs(tmp_path: Path) -> None:
    (tmp_path / "env").write_text("# a comment\n\n  \nA = 1\nB=x=y\n#C=3\n")

    assert read_file(tmp_path / "env") == {"A": "1", "B": "x=y"}
    assert read_file(tmp_path / "none") == {}


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).mkdir()
    with pytest.raises(TerminalError, match="cannot be read: Is a directory"):
        load({"TILLSTREAM_HOME": str(tmp_path)})


FAULTS = {
    "PORTS": "some",
    "KAFKA_PORT": "many",
    "MONGO_PORT": "0",
    "MYSQL_PORT": "-1",
    "TIMEZONE": "Rangoon",
    "CURRENCY": "kyat",
    "OPENING_DAY": "today",
    "BATCH_SIZE": "1.5",
    "TRIGGER_MS": "0",
    "RETENTION_DAYS": "ever",
    "REJECT_LIMIT": "1.1",
    "TLS": "kafka,http",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(TerminalError, match=f"TILLSTREAM_{name}='{FAULTS[name]}'"):
        load({"TILLSTREAM_HOME": str(tmp_path), f"TILLSTREAM_{name}": FAULTS[name]})


def test_a_shop_did_not_open_before_computers(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="TILLSTREAM_OPENING_DAY='1969-12-31': must not be before 1970"):
        load({"TILLSTREAM_HOME": str(tmp_path), "TILLSTREAM_OPENING_DAY": "1969-12-31"})


@pytest.mark.parametrize("zone", ["", "../../etc/passwd", "/etc/localtime", "UTC\0", "Asia/Yangon ", "asia"])
def test_no_odd_name_passes_for_a_time_zone(tmp_path: Path, zone: str) -> None:
    if zone:
        with pytest.raises(TerminalError, match="is not a time zone"):
            load({"TILLSTREAM_HOME": str(tmp_path), "TILLSTREAM_TIMEZONE": zone})


@pytest.mark.parametrize("share", ["0", "-0.5", "nan", "1.01", "half"])
def test_a_reject_limit_is_a_share(tmp_path: Path, share: str) -> None:
    with pytest.raises(TerminalError, match="TILLSTREAM_REJECT_LIMIT"):
        load({"TILLSTREAM_HOME": str(tmp_path), "TILLSTREAM_REJECT_LIMIT": share})


def test_all_wrong_settings_are_told_at_once(tmp_path: Path) -> None:
    faulty = {f"TILLSTREAM_{name}": text for name, text in FAULTS.items()}
    with pytest.raises(TerminalError) as caught:
        load({"TILLSTREAM_HOME": str(tmp_path)} | faulty)

    assert all(f"{name}='{text}'" in caught.value.what for name, text in faulty.items())
    assert ".env.example" in caught.value.remedy


def test_a_password_is_in_its_file_and_nowhere_else(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mysql_bi").write_text("geheim\n")

    assert settings.secret("mysql_bi") == "geheim"
    assert "geheim" not in repr(settings)


def test_passwords_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "mysql_bi").write_text("geheim")

    assert Settings(home=Path("/nowhere"), secrets=tmp_path).secret("mysql_bi") == "geheim"


def test_a_missing_password_says_where_it_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match=f"{tmp_path}/secrets/mysql_bi cannot be read.*\n.*TILLSTREAM_SECRETS"):
        Settings(home=tmp_path).secret("mysql_bi")


def test_servers_elsewhere_take_the_place_of_the_embedded_ones() -> None:
    embedded = Settings(kafka_port=1, mongo_port=2, mysql_port=3)
    assert embedded.kafka_servers == "127.0.0.1:1"
    assert embedded.mongo_hosts.startswith("127.0.0.1:2/")
    assert embedded.mysql_address == ("127.0.0.1", 3)

    elsewhere = Settings(kafka="k1:9092,k2:9092", mongo="m1,m2/?replicaSet=rs", mysql="[::1]:3306")
    assert elsewhere.kafka_servers == "k1:9092,k2:9092"
    assert elsewhere.mongo_hosts == "m1,m2/?replicaSet=rs"
    assert elsewhere.mysql_address == ("[::1]", 3306)


def test_an_address_that_is_a_secret_does_not_show(tmp_path: Path) -> None:
    settings = loaded(tmp_path, TILLSTREAM_NOTIFY_URL="json://user:geheim@host")

    assert settings.notify_url.endswith("geheim@host")
    assert "geheim" not in repr(settings)


def test_airflow_elsewhere_takes_the_place_of_the_embedded_one(tmp_path: Path) -> None:
    assert Settings(airflow_port=4).airflow_url == "http://127.0.0.1:4"
    assert loaded(tmp_path, TILLSTREAM_AIRFLOW="https://airflow.test/").airflow_url == "https://airflow.test"
    with pytest.raises(TerminalError, match="TILLSTREAM_AIRFLOW"):
        loaded(tmp_path, TILLSTREAM_AIRFLOW="airflow.test:8080")


def test_superset_elsewhere_takes_the_place_of_the_embedded_one(tmp_path: Path) -> None:
    assert Settings(superset_port=4).superset_url == "http://127.0.0.1:4"
    assert loaded(tmp_path, TILLSTREAM_SUPERSET="https://pages.test/").superset_url == "https://pages.test"


def test_servers_elsewhere_may_be_reached_with_tls(tmp_path: Path) -> None:
    chosen = loaded(tmp_path, TILLSTREAM_TLS="mysql, kafka", TILLSTREAM_KAFKA="k:1", TILLSTREAM_MYSQL="m:1")

    assert chosen.tls == "kafka,mysql"
    assert [name for name in TLS_SERVERS if chosen.uses_tls(name)] == ["kafka", "mysql"]
    assert not any(Settings().uses_tls(name) for name in TLS_SERVERS)


def test_an_embedded_server_is_not_reached_with_tls(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match=r"names kafka and postgres, which.*\n.*TILLSTREAM_KAFKA and TILLSTREAM_P"):
        loaded(tmp_path, TILLSTREAM_TLS="kafka,mongo,postgres", TILLSTREAM_MONGO="m:1/")


def test_settings_cannot_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().currency = "USD"  # type: ignore[misc]  # that is the point


def test_the_example_lists_every_setting_with_its_meaning() -> None:
    for setting in fields(Settings):
        assert f"# {setting.metadata['meaning']}\n# {variable(setting.name)}=" in example()

"""Settings: `TILLSTREAM_*` variables, or the file that `tillstream up` writes; a frozen value read once at the edge."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from dataclasses import field as dataclass_field
from datetime import date
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from tillstream.errors import TerminalError
from tillstream.events import Rules
from tillstream.money import CURRENCY_PLACES
from tillstream.shop_calendar import zone

PREFIX = "TILLSTREAM_"
FILE_NAME = "tillstream.env"
TLS_SERVERS = ("kafka", "mongo", "mysql", "postgres")
CHECKOUT = Path(__file__).resolve().parents[1]


def _setting(default: Any, meaning: str, parse: Callable[[str], Any] = str, *, secret: bool = False) -> Any:
    return dataclass_field(default=default, metadata={"meaning": meaning, "parse": parse}, repr=not secret)


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise ValueError("must be above 0")
    return number


def _share(text: str) -> float:
    share = float(text)
    if not 0 < share <= 1:
        raise ValueError("must be above 0 and at most 1")
    return share


def _positive_share(text: str) -> float:
    share = float(text)
    if not 0 < share < float("inf"):
        raise ValueError("must be above 0")
    return share


def _currency(text: str) -> str:
    if text not in CURRENCY_PLACES:
        raise ValueError("is not a supported ISO 4217 code")
    return text


def _timezone(text: str) -> str:
    return zone(text).key


def _opening_day(text: str) -> date:
    day = date.fromisoformat(text)
    if day.year < 1970:
        raise ValueError("must not be before 1970")
    return day


def _ports(text: str) -> str:
    if text not in ("fixed", "auto"):
        raise ValueError("must be 'fixed' or 'auto'")
    return text


def _address(text: str) -> str:
    return str(IPv4Address(text))


def _url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return text.rstrip("/")


def _tls(text: str) -> str:
    names = {name.strip() for name in text.split(",")}
    if not names <= set(TLS_SERVERS):
        raise ValueError(f"must be of {', '.join(TLS_SERVERS)}, separated by commas")
    return ",".join(sorted(names))


@dataclass(frozen=True)
class Settings:
    """Where things are and how the shop counts. Passwords are not here but in files: see `secret`."""

    home: Path = _setting(Path(".tillstream"), "state folder of the embedded stack; default: in the checkout", Path)
    secrets: Path | None = _setting(None, "folder with one file per password; default: `secrets` in the home", Path)
    ports: str = _setting("fixed", "'fixed': the ports below; 'auto': free ones, remembered in the home", _ports)
    kafka_port: int = _setting(19092, "port of the embedded Kafka", _positive)
    mongo_port: int = _setting(27117, "port of the embedded MongoDB", _positive)
    mysql_port: int = _setting(13306, "port of the embedded MySQL-protocol server", _positive)
    airflow_port: int = _setting(18080, "port of the embedded Airflow's page and API", _positive)
    superset_port: int = _setting(18088, "port of the embedded Superset's dashboards", _positive)
    kafka: str = _setting("", "Kafka bootstrap servers, host:port,…; default: the embedded one")
    mongo: str = _setting("", "MongoDB hosts and replica set, host:port,…/?replicaSet=…; default: the embedded one")
    mysql: str = _setting("", "MySQL server, host:port; default: the embedded one")
    postgres: str = _setting("", "PostgreSQL of Airflow's and Superset's records, host:port; default: the embedded one")
    tls: str = _setting("", f"those of {', '.join(TLS_SERVERS)} that run elsewhere and are reached with TLS", _tls)
    tls_authorities: Path | None = _setting(None, "PEM file of who certifies them; default: the system's", Path)
    airflow: str = _setting("", "Airflow's address, http://host:port; default: the embedded one", _url)
    superset: str = _setting("", "Superset's address, http://host:port; default: the embedded one", _url)
    listen: str = _setting("127.0.0.1", "IPv4 address on which Airflow's and Superset's pages listen", _address)
    spark_master: str = _setting("local[*]", "Spark master of the stream")
    spark_memory: str = _setting("1g", "heap of the stream's driver (and executors, on a cluster)")
    batch_master: str = _setting("local[*]", "Spark master of the batch jobs")
    batch_memory: str = _setting("1g", "heap of a batch job's driver (and executors, on a cluster)")
    spark_address: str = _setting("127.0.0.1", "IPv4 address on which Spark's executors reach the jobs", _address)
    hang_seconds: int = _setting(
        60, "a stream that counts nothing for so long although Kafka has records hangs", _positive
    )
    timezone: str = _setting("Asia/Yangon", "IANA zone of the shop's business day", _timezone)
    currency: str = _setting("MMK", "the shop's own currency, ISO 4217", _currency)
    opening_day: date = _setting(date(2000, 1, 1), "events before this day are rejected", _opening_day)
    batch_size: int = _setting(200_000, "most Kafka records in one micro-batch", _positive)
    trigger_ms: int = _setting(200, "milliseconds between two looks for new records", _positive)
    retention_days: int = _setting(-1, "days that Kafka keeps records; -1: for ever", int)
    reject_limit: float = _setting(
        0.5, "the stream stops when more than this share of records is bad; 1: never", _share
    )
    notify_url: str = _setting(
        "", "Apprise URL that is told of refused nights and a dead stream, such as mailto://…; a secret", secret=True
    )
    change_limit: float = _setting(
        0.5, "share by which a night may change a closed month without being refused", _positive_share
    )

    @property
    def kafka_servers(self) -> str:
        return self.kafka or f"127.0.0.1:{self.kafka_port}"

    @property
    def mongo_hosts(self) -> str:
        return self.mongo or f"127.0.0.1:{self.mongo_port}/?directConnection=true"

    @property
    def mysql_address(self) -> tuple[str, int]:
        host, _, port = (self.mysql or f"127.0.0.1:{self.mysql_port}").rpartition(":")
        return host, int(port)

    def uses_tls(self, server: str) -> bool:
        """Whether one of TLS_SERVERS is reached with TLS."""
        return server in self.tls.split(",")

    @property
    def airflow_url(self) -> str:
        return self.airflow or f"http://127.0.0.1:{self.airflow_port}"

    @property
    def superset_url(self) -> str:
        return self.superset or f"http://127.0.0.1:{self.superset_port}"

    @property
    def rules(self) -> Rules:
        return Rules(self.timezone, self.opening_day)

    @property
    def secrets_folder(self) -> Path:
        return self.secrets or self.home / "secrets"

    def secret(self, name: str) -> str:
        """The password of an account. Raises TerminalError when its file is missing or unreadable."""
        path = self.secrets_folder / name
        try:
            return path.read_text().strip()
        except OSError as error:
            raise TerminalError(
                f"The password file {path} cannot be read: {error.strerror}.",
                "`tillstream up` makes it for the embedded stack; elsewhere set TILLSTREAM_SECRETS to its folder.",
            ) from error


def variable(name: str) -> str:
    """The variable of a setting: 'kafka_port' is TILLSTREAM_KAFKA_PORT."""
    return PREFIX + name.upper()


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of this process. Variables win over the home's file. Raises TerminalError naming every bad one."""
    home = Path(environment.get(variable("home")) or CHECKOUT / Settings.home).absolute()
    values = read_file(home / FILE_NAME) | {k: v for k, v in environment.items() if k.startswith(PREFIX)}
    chosen: dict[str, Any] = {}
    faults: list[str] = []
    for setting in fields(Settings):
        text = values.get(variable(setting.name), "")
        if text:
            try:
                chosen[setting.name] = setting.metadata["parse"](text)
            except (ValueError, TerminalError) as error:
                faults.append(f"{variable(setting.name)}='{text}': {error}")
    if faults:
        raise TerminalError(
            "These settings are wrong:\n  " + "\n  ".join(faults), "See .env.example for what each takes."
        )
    settings = Settings(**chosen | {"home": home})
    embedded = [name for name in TLS_SERVERS if settings.uses_tls(name) and not getattr(settings, name)]
    if embedded:
        raise TerminalError(
            f"TILLSTREAM_TLS names {' and '.join(embedded)}, which this machine runs itself, without TLS.",
            f"Set {' and '.join(map(variable, embedded))} to where it runs, or take it out of TILLSTREAM_TLS.",
        )
    return settings


def read_file(path: Path) -> dict[str, str]:
    """NAME=value lines of a settings file; none when there is no file."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise TerminalError(f"The settings file {path} cannot be read: {error.strerror}.") from error
    pairs = (line.partition("=") for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def example() -> str:
    """The text of `.env.example`: every setting with its default and meaning."""
    blocks = ["# Every setting with its default. Variables win over the file `tillstream.env` in TILLSTREAM_HOME.\n"]
    for setting in fields(Settings):
        default = "" if setting.default is None else setting.default
        blocks.append(f"# {setting.metadata['meaning']}\n# {variable(setting.name)}={default}\n")
    return "\n".join(blocks)

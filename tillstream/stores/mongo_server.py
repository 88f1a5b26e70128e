"""What a MongoDB server needs before the product's accounts can use it. Run as its administrator."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from tillstream.accounts import MONGO_DATABASE, MONGO_RIGHTS
from tillstream.errors import TransientError
from tillstream.settings import Settings
from tillstream.stores.mongo import Document, check_tls, encryption, translated

REPLICA_SET = "tillstream"
ADMINISTRATOR = "administrator"
ADMINISTRATION = "admin"  # MongoDB's own database of users and servers
LOOK_MS = 1_000
PRIMARY_SECONDS = 30.0
ALREADY_EXISTS = {51002, 51003}  # role, user
NOT_YET_INITIALISED, ALREADY_INITIALISED = 94, 23


def answers(settings: Settings) -> bool:
    """Whether a server answers at all, be it part of a replica set or not yet."""
    check_tls(settings)
    return any(_hello(settings, _alone(settings, host)) is not None for host in _hosts(settings))


def is_primary(settings: Settings) -> bool:
    """Whether the server takes majority writes."""
    return bool((_hello(settings, settings.mongo_hosts) or {}).get("isWritablePrimary"))


def create_administrator(socket: Path, password: str) -> None:
    """Makes the administrator on a server that does not yet ask who is there and listens on this socket only."""
    address = f"mongodb://{quote(str(socket), safe='')}/?directConnection=true"
    with translated("making MongoDB's administrator"), MongoClient[Document](address) as client:
        client[ADMINISTRATION].command("createUser", ADMINISTRATOR, pwd=password, roles=["root"])


def make_primary(settings: Settings, password: str) -> None:
    """Makes the servers one replica set, unless they are; the embedded one under the port that it has now.

    Servers elsewhere become its members under the names that TILLSTREAM_MONGO has for them. A set that they form
    already stays as it is, and so does what names no replica set, as the routers of a cluster do.
    """
    if not settings.mongo or (_replica_set_name(settings) and not is_primary(settings)):
        _configure(settings, password)
    _wait_until_primary(settings)


def grant(settings: Settings, password: str, passwords: dict[str, str]) -> None:
    """Makes each account with its password and its rights, and no others."""
    with translated("granting rights"), _administrator(settings, settings.mongo_hosts, password) as client:
        database = client[MONGO_DATABASE]
        for account, rights in MONGO_RIGHTS.items():
            name = f"tillstream_{account}"
            privileges = [
                {"resource": {"db": MONGO_DATABASE, "collection": collection}, "actions": list(actions)}
                for collection, actions in rights.items()
            ]
            _create_or_update(database, "Role", name, privileges=privileges, roles=[])
            _create_or_update(database, "User", name, pwd=passwords[account], roles=[name])


def _hello(settings: Settings, address: str) -> Document | None:
    """What the server says of itself to anybody; None when it does not answer."""
    try:
        with MongoClient[Document](
            f"mongodb://{address}", serverSelectionTimeoutMS=LOOK_MS, **encryption(settings)
        ) as client:
            return client[ADMINISTRATION].command("hello")
    except PyMongoError:
        return None


def _hosts(settings: Settings) -> list[str]:
    return settings.mongo_hosts.partition("/")[0].split(",")


def _options(settings: Settings) -> dict[str, str]:
    return dict(parse_qsl(settings.mongo_hosts.partition("?")[2]))


def _replica_set_name(settings: Settings) -> str:
    return _options(settings).get("replicaSet", "")


def _alone(settings: Settings, host: str) -> str:
    """The address of one server, whatever it is part of."""
    others = {name: value for name, value in _options(settings).items() if name != "replicaSet"}
    return f"{host}/?{urlencode(others | {'directConnection': 'true'})}"


def _administrator(settings: Settings, address: str, password: str) -> "MongoClient[Document]":
    return MongoClient(
        f"mongodb://{address}", username=ADMINISTRATOR, password=password, authSource=ADMINISTRATION,
        **encryption(settings),
    )  # fmt: skip


def _replica_set(admin: "Database[Document]") -> Document | None:
    try:
        config: Document = admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code == NOT_YET_INITIALISED:
            return None
        raise
    return config


def _configure(settings: Settings, password: str) -> None:
    deadline = time.monotonic() + PRIMARY_SECONDS
    while True:  # a server that has just started closes every connection once it has read its configuration
        try:
            with translated("setting up MongoDB's replica set"):
                return _form(settings, password)
        except TransientError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _form(settings: Settings, password: str) -> None:
    hosts = _hosts(settings)
    with _administrator(settings, _alone(settings, hosts[0]), password) as client:
        admin = client[ADMINISTRATION]
        config = _replica_set(admin)
        if config is None:
            _initiate(admin, _replica_set_name(settings) or REPLICA_SET, hosts)
        elif not settings.mongo:
            _move(admin, config, hosts[0])


def _move(admin: "Database[Document]", config: Document, member: str) -> None:
    if config["members"][0]["host"] != member:
        config["members"][0]["host"] = member
        config["version"] += 1
        admin.command("replSetReconfig", config, force=True)


def _initiate(admin: "Database[Document]", name: str, hosts: list[str]) -> None:
    members = [{"_id": number, "host": host} for number, host in enumerate(hosts)]
    try:
        admin.command("replSetInitiate", {"_id": name, "members": members})
    except OperationFailure as error:
        if error.code != ALREADY_INITIALISED:
            raise
        raise TransientError("MongoDB is still reading the configuration of its replica set.") from error


def _wait_until_primary(settings: Settings) -> None:
    deadline = time.monotonic() + PRIMARY_SECONDS
    while not is_primary(settings):
        if time.monotonic() > deadline:
            raise TransientError("MongoDB's replica set has no primary yet.", "Run the same command again.")
        time.sleep(0.05)


def _create_or_update(database: "Database[Document]", kind: str, name: str, **options: Any) -> None:
    try:
        database.command(f"create{kind}", name, **options)
    except OperationFailure as error:
        if error.code not in ALREADY_EXISTS:
            raise
        database.command(f"update{kind}", name, **options)

"""What a MongoDB server needs before the product's accounts can use it. Run as its administrator."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import OperationFailure, PyMongoError

from tillstream.accounts import MONGO_DATABASE, MONGO_RIGHTS
from tillstream.errors import TransientError
from tillstream.settings import Settings
from tillstream.stores.mongo import Document, translated

REPLICA_SET = "tillstream"
ADMINISTRATOR = "administrator"
ADMINISTRATION = "admin"  # MongoDB's own database of users and servers
LOOK_MS = 1_000
PRIMARY_SECONDS = 30.0
ALREADY_EXISTS = {51002, 51003}  # role, user
NOT_YET_INITIALISED, ALREADY_INITIALISED = 94, 23


def answers(settings: Settings) -> bool:
    """Whether the server answers at all."""
    return _hello(settings) is not None


def is_primary(settings: Settings) -> bool:
    """Whether the server takes majority writes."""
    return bool((_hello(settings) or {}).get("isWritablePrimary"))


def create_administrator(socket: Path, password: str) -> None:
    """Makes the administrator on a server that does not yet ask who is there and listens on this socket only."""
    address = f"mongodb://{quote(str(socket), safe='')}/?directConnection=true"
    with translated("making MongoDB's administrator"), MongoClient[Document](address) as client:
        client[ADMINISTRATION].command("createUser", ADMINISTRATOR, pwd=password, roles=["root"])


def make_primary(settings: Settings, password: str) -> None:
    """Makes the embedded server the one member of its replica set, under the port that it has now."""
    deadline = time.monotonic() + PRIMARY_SECONDS
    while True:  # a server that has just started closes every connection once it has read its configuration
        try:
            with translated("setting up MongoDB's replica set"), _administrator(settings, password) as client:
                _configure(client[ADMINISTRATION], f"127.0.0.1:{settings.mongo_port}")
            break
        except TransientError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    _wait_until_primary(settings)


def grant(settings: Settings, password: str, passwords: dict[str, str]) -> None:
    """Makes each account with its password and its rights, and no others."""
    with translated("granting rights"), _administrator(settings, password) as client:
        database = client[MONGO_DATABASE]
        for account, rights in MONGO_RIGHTS.items():
            name = f"tillstream_{account}"
            privileges = [
                {"resource": {"db": MONGO_DATABASE, "collection": collection}, "actions": list(actions)}
                for collection, actions in rights.items()
            ]
            _create_or_update(database, "Role", name, privileges=privileges, roles=[])
            _create_or_update(database, "User", name, pwd=passwords[account], roles=[name])


def _hello(settings: Settings) -> Document | None:
    """What the server says of itself to anybody; None when it does not answer."""
    try:
        with MongoClient[Document](f"mongodb://{settings.mongo_hosts}", serverSelectionTimeoutMS=LOOK_MS) as client:
            return client[ADMINISTRATION].command("hello")
    except PyMongoError:
        return None


def _administrator(settings: Settings, password: str) -> "MongoClient[Document]":
    return MongoClient(
        f"mongodb://{settings.mongo_hosts}", username=ADMINISTRATOR, password=password, authSource=ADMINISTRATION
    )


def _replica_set(admin: "Database[Document]") -> Document | None:
    try:
        config: Document = admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code == NOT_YET_INITIALISED:
            return None
        raise
    return config


def _configure(admin: "Database[Document]", member: str) -> None:
    config = _replica_set(admin)
    if config is None:
        _initiate(admin, member)
    elif config["members"][0]["host"] != member:
        config["members"][0]["host"] = member
        config["version"] += 1
        admin.command("replSetReconfig", config, force=True)


def _initiate(admin: "Database[Document]", member: str) -> None:
    try:
        admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": member}]})
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

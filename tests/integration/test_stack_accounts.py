"""Passwords stay in their files, and each account can do its work and nothing else."""

import re
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from stack import folders, processes
from stack.mysql import administrator
from tillstream import tables
from tillstream.accounts import (
    EVENTS,
    KAFKA_ADMINISTRATOR,
    KAFKA_RIGHTS,
    MONGO_DATABASE,
    MONGO_RIGHTS,
    MYSQL_ACCOUNTS,
    MYSQL_RIGHTS,
)
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import mongo, mysql
from tillstream.views import VIEWS


def passwords(settings: Settings) -> list[bytes]:
    return [path.read_bytes() for path in (settings.home / "secrets").iterdir()]


def attempt(connection: "Connection[Cursor]", statement: str) -> str:
    """What comes of a statement: '' or why it was refused. Nothing is committed."""
    try:
        with mysql.transaction(connection) as cursor:
            cursor.execute(statement)
            connection.rollback()
    except TerminalError as error:
        return error.what
    return ""


@pytest.mark.embedded
def test_passwords_are_different_and_only_their_owner_may_read_them(servers: Settings) -> None:
    folder = servers.home / "secrets"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert {path.name for path in folder.iterdir()} == {
        "mysql_root", "mongo_administrator", "mongo_keyfile",
        "postgres_administrator", "postgres_airflow", "airflow_admin", "airflow_fernet", "airflow_session",
        "airflow_token",
        "postgres_superset", "superset_admin", "superset_owner", "superset_viewer", "superset_key", "superset_guest",
        "superset_async",
        *(f"mysql_{account}" for account in MYSQL_ACCOUNTS), *(f"mongo_{account}" for account in MONGO_RIGHTS),
        *(f"kafka_{account}" for account in (KAFKA_ADMINISTRATOR, *KAFKA_RIGHTS)),
    }  # fmt: skip
    assert len(set(passwords(servers))) == len(passwords(servers))
    assert min(map(len, passwords(servers))) >= 32


@pytest.mark.embedded
def test_no_password_shows_in_a_process_a_log_or_a_configuration(servers: Settings) -> None:
    running = processes.of_stack(servers.home)
    shown = [Path(f"/proc/{each.pid}/{kind}").read_bytes() for each in running for kind in ("cmdline", "environ")]
    written = [
        path.read_bytes()
        for pattern in ("logs/*", "run/*", "*/*.properties", "*/initialised", "*.env")
        for path in servers.home.glob(pattern)
        if path.is_file()
    ]
    assert len(shown) == 8
    assert len(written) > 10
    assert not [text for text in shown + written for password in passwords(servers) if password in text]


@pytest.mark.embedded
def test_the_database_server_has_our_accounts_only_and_they_come_from_this_machine(servers: Settings) -> None:
    root = administrator(servers)
    with root.cursor() as cursor:
        users = set(mysql.rows(cursor, "SELECT User, Host FROM mysql.global_priv"))
        databases = {name for (name,) in mysql.rows(cursor, "SHOW DATABASES")}
    root.close()

    own = {(user, "127.0.0.1") for user in MYSQL_ACCOUNTS.values()}
    assert users == own | {("root", "localhost"), ("mariadb.sys", "localhost")}
    assert databases == {"tillstream", "mysql", "information_schema", "performance_schema", "sys"}


@pytest.mark.embedded
def test_the_administrator_needs_the_password(servers: Settings) -> None:
    with pytest.raises(TerminalError, match="refused"):
        mysql.connect_administrator(folders.sockets(servers) / "mysql.sock", "")


@pytest.mark.parametrize("account", sorted(set(MYSQL_ACCOUNTS) - {"migrate"}))  # which owns the database
def test_a_mysql_account_can_do_what_is_declared_and_nothing_else(servers: Settings, account: str) -> None:
    declared = MYSQL_RIGHTS.get(account, {})
    connection = mysql.connect(servers, account)
    for table in tables.TABLES:
        column = table.columns[-1].name
        statements = {
            "SELECT": f"SELECT * FROM `{table.name}`",
            "UPDATE": f"UPDATE `{table.name}` SET `{column}` = `{column}`",
            "DELETE": f"DELETE FROM `{table.name}` WHERE FALSE",
            "DROP": f"DROP TABLE `{table.name}`",
        }
        for privilege, statement in statements.items():
            refused = attempt(connection, statement)
            assert bool(refused) == (privilege not in declared.get(table, ())), (privilege, table.name, refused)
    connection.close()


def test_the_reader_of_dashboards_sees_views_only(servers: Settings) -> None:
    connection = mysql.connect(servers, "bi")
    with mysql.transaction(connection) as cursor:
        seen = {name for (name,) in mysql.rows(cursor, "SHOW TABLES")}
        for view in VIEWS:
            if view.public:
                cursor.execute(f"SELECT * FROM `{view.name}` LIMIT 1")
    connection.close()
    assert seen == {view.name for view in VIEWS if view.public}


@pytest.mark.parametrize("account", sorted(MONGO_RIGHTS))
def test_nobody_can_change_or_remove_an_event(servers: Settings, account: str) -> None:
    """But the one who deletes customers' addresses."""
    events = mongo.events(servers, account)
    change: mongo.Document = {"update": EVENTS, "updates": [{"q": {"_id": "nothing"}, "u": {"$set": {"x": 1}}}]}
    if "update" in MONGO_RIGHTS[account][EVENTS]:
        assert account == "privacy"
        events.database.command(change)
    for command in (
        *([] if account == "privacy" else [change]),
        {"delete": EVENTS, "deletes": [{"q": {}, "limit": 0}]},
        {"findAndModify": EVENTS, "remove": True, "query": {}},
        {"drop": EVENTS},
        {"renameCollection": f"{MONGO_DATABASE}.{EVENTS}", "to": f"{MONGO_DATABASE}.other"},
        {"dropDatabase": 1},
    ):
        with pytest.raises(OperationFailure, match=re.compile("not authorized|unauthorized", re.IGNORECASE)):
            events.database.command(command)


def test_readers_of_the_raw_record_cannot_write_it(servers: Settings) -> None:
    for account in ("batch", "operator"):
        assert mongo.events(servers, account).find_one({"_id": "nothing"}) is None
        with pytest.raises(OperationFailure, match="not authorized"):
            mongo.events(servers, account).insert_one({"_id": "forbidden"})


def test_mongodb_tells_strangers_nothing(servers: Settings) -> None:
    with MongoClient[mongo.Document](f"mongodb://{servers.mongo_hosts}") as stranger:
        for command in ("listDatabases", "usersInfo", "serverStatus"):
            with pytest.raises(OperationFailure, match="requires authentication"):
                stranger.admin.command(command)

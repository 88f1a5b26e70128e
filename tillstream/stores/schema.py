"""The schema of the MySQL database: migrations, views and the accounts' rights."""

from typing import TYPE_CHECKING

from tillstream.accounts import DATABASE, MYSQL_ACCOUNTS, MYSQL_RIGHTS
from tillstream.errors import TerminalError
from tillstream.migrations import COLLATION_MARK, migrations
from tillstream.settings import Settings
from tillstream.stores.mysql import connect, rows, transaction, translated
from tillstream.views import VIEWS

if TYPE_CHECKING:
    from pymysql.connections import Connection
    from pymysql.cursors import Cursor

LEDGER = (
    "CREATE TABLE IF NOT EXISTS `schema_migrations` ("
    "`number` INT NOT NULL PRIMARY KEY, `name` VARCHAR(100) NOT NULL, `applied_at` DATETIME(3) NOT NULL"
    ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE={collation}"
)


def migrate(settings: Settings) -> list[str]:
    """Applies what is missing and lays the views anew; gives the names of the migrations that it applied.

    Raises TerminalError when the database is newer than this code, or belongs to a shop with another time zone.
    """
    connection = connect(settings, "migrate")
    try:
        with transaction(connection) as cursor:
            applied = _apply(cursor)
            for view in VIEWS:
                cursor.execute(f"CREATE OR REPLACE VIEW `{view.name}` AS {view.query}")
            _fix_shop(cursor, settings)
        return applied
    finally:
        connection.close()


def grant(administrator: "Connection[Cursor]", passwords: dict[str, str], host: str = "%") -> None:
    """Creates the accounts with their passwords; the migration account owns the database. Run as administrator.

    `host` is where the accounts may come from, as MySQL writes it.
    """
    with translated("granting rights"), administrator.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE IF NOT EXISTS `{DATABASE}` CHARACTER SET utf8mb4 COLLATE {collation(cursor)}")
        for account, user in MYSQL_ACCOUNTS.items():
            cursor.execute("CREATE USER IF NOT EXISTS %s@%s IDENTIFIED BY %s", (user, host, passwords[account]))
            cursor.execute("ALTER USER %s@%s IDENTIFIED BY %s", (user, host, passwords[account]))
        cursor.execute(f"GRANT ALL PRIVILEGES ON `{DATABASE}`.* TO %s@%s", (MYSQL_ACCOUNTS["migrate"], host))


def grant_tables(administrator: "Connection[Cursor]", host: str = "%") -> None:
    """Gives each account its rights on tables and views, which must exist by now. Run as administrator."""
    with translated("granting rights"), administrator.cursor() as cursor:
        # What was once promised to readers and no longer is.
        cursor.execute("REVOKE ALL PRIVILEGES, GRANT OPTION FROM %s@%s", (MYSQL_ACCOUNTS["bi"], host))
        for account, rights in MYSQL_RIGHTS.items():
            for table, privileges in rights.items():
                _grant(cursor, ", ".join(privileges), table.name, (MYSQL_ACCOUNTS[account], host))
        for view in VIEWS:
            for account in ("bi", "operator", "batch") if view.public else ("operator", "batch"):
                _grant(cursor, "SELECT", view.name, (MYSQL_ACCOUNTS[account], host))


def collation(cursor: "Cursor") -> str:
    """The binary NO PAD collation, under the server's own name for it."""
    [(version,)] = rows(cursor, "SELECT VERSION()")
    return "utf8mb4_nopad_bin" if "MariaDB" in version else "utf8mb4_0900_bin"


def _grant(cursor: "Cursor", privileges: str, name: str, account: tuple[str, str]) -> None:
    cursor.execute(f"GRANT {privileges} ON `{DATABASE}`.`{name}` TO %s@%s", account)


def _apply(cursor: "Cursor") -> list[str]:
    binary = collation(cursor)
    cursor.execute(LEDGER.format(collation=binary))
    done = {number for (number,) in rows(cursor, "SELECT number FROM schema_migrations")}
    known = migrations()
    if done and max(done) > len(known):
        raise TerminalError(
            f"The database has schema {max(done)}; this version of tillstream knows {len(known)}.",
            "Install the version that wrote it, or a newer one.",
        )
    missing = [migration for migration in known if migration.number not in done]
    for migration in missing:
        for statement in migration.statements:
            cursor.execute(statement.replace(COLLATION_MARK, binary))
        cursor.execute(
            "INSERT INTO schema_migrations (number, name, applied_at) VALUES (%s, %s, UTC_TIMESTAMP(3))",
            (migration.number, migration.name),
        )
    return [migration.name for migration in missing]


def _fix_shop(cursor: "Cursor", settings: Settings) -> None:
    cursor.execute("INSERT IGNORE INTO shop (id, timezone) VALUES (1, %s)", (settings.timezone,))
    [(timezone,)] = rows(cursor, "SELECT timezone FROM shop")
    if timezone != settings.timezone:
        raise TerminalError(
            f"This shop's days are kept in {timezone}; the settings say {settings.timezone}.",
            f"Set TILLSTREAM_TIMEZONE={timezone}, or use another TILLSTREAM_HOME for another shop.",
        )

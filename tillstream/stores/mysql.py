"""MySQL (or MariaDB): connections per account, transactions, and its errors told as 'may I retry?'."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pymysql
from pymysql.connections import Connection
from pymysql.constants import CR, ER
from pymysql.cursors import Cursor

from tillstream.accounts import DATABASE, MYSQL_ACCOUNTS
from tillstream.errors import TerminalError, TillstreamError, TransientError
from tillstream.settings import Settings
from tillstream.stores import tls

__all__ = ["Connection", "Cursor", "connect", "rows", "snapshot", "transaction", "translated"]

CONNECT_SECONDS = 5
STATEMENT_SECONDS = 120
# A client that may speak TLS reads all of the system's authorities for it, at each connection: 19 ms of a processor.
PLAIN = {"ssl_disabled": True}

# The session is the same whatever the server's own defaults are: UTC, strict, and what others commit is seen at once.
SESSION = (
    "SET SESSION time_zone = '+00:00', "
    "sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,ONLY_FULL_GROUP_BY', "
    "innodb_lock_wait_timeout = 10"
)

PASSING = {
    ER.LOCK_WAIT_TIMEOUT, ER.LOCK_DEADLOCK, ER.CON_COUNT_ERROR, ER.SERVER_SHUTDOWN, ER.QUERY_INTERRUPTED,
    ER.OPTION_PREVENTS_STATEMENT,  # read-only
    ER.DISK_FULL, ER.RECORD_FILE_FULL, ER.ERROR_ON_WRITE,
    CR.CR_CONNECTION_ERROR, CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST,
    CR.CR_COMMANDS_OUT_OF_SYNC,
    1927,  # MariaDB: connection was killed
    1836,  # MySQL: running in read-only mode
    0,  # the connection was closed on this side after a failure
}  # fmt: skip
REFUSED = {ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, ER.TABLEACCESS_DENIED_ERROR, ER.COLUMNACCESS_DENIED_ERROR}
OLD_SCHEMA = {ER.NO_SUCH_TABLE, ER.BAD_DB_ERROR, ER.BAD_FIELD_ERROR}


def connect(settings: Settings, account: str, *, database: str | None = DATABASE) -> "Connection[Cursor]":
    """A connection of one of `accounts.MYSQL_ACCOUNTS`, in READ COMMITTED without autocommit.

    Raises TransientError when the server cannot be reached, TerminalError when it refuses.
    """
    host, port = settings.mysql_address
    with translated(f"the MySQL server at {host}:{port}"):
        connection = pymysql.connect(
            host=host, port=port, user=MYSQL_ACCOUNTS[account], password=settings.secret(f"mysql_{account}"),
            database=database, charset="utf8mb4", autocommit=False, init_command=SESSION,
            connect_timeout=CONNECT_SECONDS, read_timeout=STATEMENT_SECONDS, write_timeout=STATEMENT_SECONDS,
            **encryption(settings),
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
        return connection


def connect_administrator(server: Path | Settings, password: str) -> "Connection[Cursor]":
    """A connection of `root`: through the embedded server's socket, his only way in there, or to one elsewhere."""
    way: dict[str, Any] = {"unix_socket": str(server), **PLAIN}
    if isinstance(server, Settings):
        host, port = server.mysql_address
        way = {"host": host, "port": port, **encryption(server)}
    with translated(f"the MySQL server at {server if isinstance(server, Path) else server.mysql}"):
        return pymysql.connect(
            **way, user="root", password=password, charset="utf8mb4", autocommit=True, connect_timeout=CONNECT_SECONDS
        )


def is_up(settings: Settings) -> bool:
    """Whether a MySQL-protocol server answers, be it only to turn a stranger away."""
    host, port = settings.mysql_address
    try:
        pymysql.connect(
            host=host, port=port, user="stranger", connect_timeout=2, read_timeout=2, **encryption(settings)
        ).close()
    except (pymysql.MySQLError, OSError) as error:
        known = bool(error.args) and error.args[0] in REFUSED | {ER.HOST_NOT_PRIVILEGED}
        return known or _of_tls(error)
    return True


def encryption(settings: Settings) -> dict[str, Any]:
    """How a client speaks TLS: never without it, where it is wanted; to the embedded server, which has none, not."""
    if settings.uses_tls("mysql"):
        return {"ssl": tls.context(settings)}
    return {} if settings.mysql else PLAIN


@contextmanager
def transaction(connection: "Connection[Cursor]") -> Iterator[Cursor]:
    """One transaction: committed when the block ends, rolled back when it raises. Errors are translated."""
    with translated("the MySQL transaction"):
        connection.begin()
        try:
            with connection.cursor() as cursor:
                yield cursor
            connection.commit()
        except BaseException:
            _roll_back(connection)
            raise


@contextmanager
def snapshot(connection: "Connection[Cursor]") -> Iterator[Cursor]:
    """Reads of one instant: every query in the block sees the same committed state."""
    with translated("the MySQL server"), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        try:
            yield cursor
        finally:
            _roll_back(connection)


@contextmanager
def reading(settings: Settings, account: str) -> Iterator[Cursor]:
    """A snapshot on a connection of its own."""
    connection = connect(settings, account)
    try:
        with snapshot(connection) as cursor:
            yield cursor
    finally:
        connection.close()


def rows(cursor: Cursor, query: str, arguments: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query whose size is bounded."""
    cursor.execute(query, arguments or None)
    return list(cursor.fetchall())


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turns pymysql's errors into TransientError or TerminalError."""
    try:
        yield
    except (pymysql.MySQLError, OSError) as error:
        raise _translation(what, error) from error


def _translation(what: str, error: Exception) -> TillstreamError:
    code = error.args[0] if error.args and isinstance(error.args[0], int) else -1
    message = error.args[1] if len(error.args) > 1 else str(error)
    if _of_tls(error):
        return tls.refusal(what, "mysql", getattr(error, "original_exception", error))
    if code in REFUSED:
        return TerminalError(f"{what} refused: {message}.", "Check the account's password file and its rights.")
    if code in OLD_SCHEMA:
        return TerminalError(
            f"{what} lacks what this version needs: {message}.", "`tillstream up` brings it up to date."
        )
    # An internal error without a code is an answer that was cut off: the packets do not follow one another.
    cut_off = isinstance(error, pymysql.InternalError) and code == -1
    if code in PASSING or cut_off or isinstance(error, OSError | pymysql.InterfaceError):
        return TransientError(f"{what} failed for now: {message} (error {code}).", "Check `tillstream status`.")
    return TerminalError(f"{what} failed: {message} (error {code}).")


def _of_tls(error: Exception) -> bool:
    """Whether the server does not prove who it is, or speaks no TLS."""
    lacks = bool(error.args) and error.args[0] == CR.CR_SSL_CONNECTION_ERROR
    return lacks or isinstance(getattr(error, "original_exception", None), ssl.SSLError)


def _roll_back(connection: "Connection[Cursor]") -> None:
    # A connection that cannot roll back is dead, and the server rolls back what it left open. Its owner closes it:
    # pymysql raises when that is done twice.
    with suppress(pymysql.MySQLError, OSError):
        connection.rollback()

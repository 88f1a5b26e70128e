"""The MySQL-protocol server: MariaDB, as Debian and Ubuntu carry it, on loopback."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from stack import folders, processes, programs
from stack.service import Launch, Service
from tillstream import accounts, migrations, views
from tillstream.errors import TerminalError
from tillstream.settings import Settings, variable
from tillstream.stores import mysql, schema

ADMINISTRATOR = "mysql_root"
EXTERNAL_ADMINISTRATOR = "mysql_administrator"  # root's, on a server that is not ours
ACCOUNT_SECRETS = tuple(f"mysql_{account}" for account in accounts.MYSQL_ACCOUNTS)
CLIENT_HOST, ANY_HOST = "127.0.0.1", "%"
DATA, DRAFT = "data", "data.new"
INSTALL_SECONDS = 120

# The root account gets its password before the server has a socket for the first time. One line per statement.
ROOT_ACCOUNT = """\
FLUSH PRIVILEGES;
DELETE FROM mysql.global_priv WHERE User = '' OR (User = 'root' AND Host <> 'localhost');
ALTER USER 'root'@'localhost' IDENTIFIED VIA mysql_native_password USING '{hash}';
"""


def _socket(settings: Settings) -> Path:
    return folders.sockets(settings) / "mysql.sock"


def _launch(settings: Settings) -> Launch:
    folder = folders.of_service(settings, "mysql")
    options = [
        "--no-defaults",  # the machine's own configuration is for another server
        f"--datadir={folder / DATA}", f"--tmpdir={folder / 'tmp'}", f"--socket={_socket(settings)}",
        f"--pid-file={folder / 'mariadbd.pid'}",
        "--bind-address=127.0.0.1", f"--port={settings.mysql_port}", "--skip-name-resolve", "--max-connections=100",
        "--character-set-server=utf8mb4", "--collation-server=utf8mb4_nopad_bin", "--lower-case-table-names=0",
        "--transaction-isolation=READ-COMMITTED", "--default-time-zone=+00:00",
        "--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=256M", "--max-allowed-packet=64M",
        # Views over years of a shop's months and counts, which are put together anew for each query, stay in memory.
        "--tmp-table-size=64M", "--max-heap-table-size=64M",
        "--performance-schema=OFF", "--event-scheduler=OFF", "--local-infile=OFF", "--log-warnings=1",
    ]  # fmt: skip
    if os.geteuid() == 0:
        options.append("--user=root")
    return Launch(command=(str(programs.server("mariadbd")), *options), directory=folder)


def _ports(settings: Settings) -> Mapping[int, str]:
    return {settings.mysql_port: variable("mysql_port")}


def _prepare(settings: Settings) -> None:
    folder = folders.of_service(settings, "mysql")
    shutil.rmtree(folder / "tmp", ignore_errors=True)
    folders.make_private(folder / "tmp")
    if (folder / DATA).exists():
        return
    draft = folder / DRAFT
    shutil.rmtree(draft, ignore_errors=True)
    # `cross-bootstrap` leaves out the accounts for this machine's host name, and the look-up of that name.
    _run(
        settings,
        [str(programs.server("mariadb-install-db")), "--no-defaults", "--cross-bootstrap", "--skip-test-db",
         "--auth-root-authentication-method=normal", f"--datadir={draft}"],
    )  # fmt: skip
    _run(
        settings,
        [str(programs.server("mariadbd")), "--no-defaults", "--bootstrap", f"--datadir={draft}"],
        ROOT_ACCOUNT.format(hash=_password_hash(settings.secret(ADMINISTRATOR))),
    )
    draft.rename(folder / DATA)


def _run(settings: Settings, command: list[str], text: str = "") -> None:
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False,
        env=processes.marked(settings.home, "mysql") | {"PATH": programs.SERVER_PATH},
    )  # fmt: skip
    if done.returncode:
        output = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise TerminalError(f"{Path(command[0]).name} could not make the database's folder:\n{output}")


def _password_hash(password: str) -> str:
    """As the `mysql_native_password` plugin stores it."""
    inner = hashlib.sha1(password.encode(), usedforsecurity=False).digest()
    return "*" + hashlib.sha1(inner, usedforsecurity=False).hexdigest().upper()


def _initialise(settings: Settings) -> None:
    passwords = {account: settings.secret(f"mysql_{account}") for account in accounts.MYSQL_ACCOUNTS}
    root = administrator(settings)
    try:
        schema.grant(root, passwords, client_host(settings))
        schema.migrate(settings)
        schema.grant_tables(root, client_host(settings))
    finally:
        root.close()


def client_host(settings: Settings) -> str:
    """Where the product's accounts come from, as the server knows them."""
    return ANY_HOST if settings.mysql else CLIENT_HOST


def administrator(settings: Settings) -> "mysql.Connection[mysql.Cursor]":
    """The server's root. Raises TransientError when it cannot be reached, TerminalError when it refuses."""
    if settings.mysql:
        return mysql.connect_administrator(settings, settings.secret(EXTERNAL_ADMINISTRATOR))
    return mysql.connect_administrator(_socket(settings), settings.secret(ADMINISTRATOR))


def _initialised_by(settings: Settings) -> str:
    secrets = [settings.secret(name) for name in ACCOUNT_SECRETS]
    return repr((migrations.migrations(), views.VIEWS, accounts.MYSQL_RIGHTS, settings.timezone, secrets))


MYSQL = Service(
    name="mysql",
    launch=_launch,
    is_healthy=mysql.is_up,
    answers=mysql.is_up,
    external=lambda settings: settings.mysql,
    ports=_ports,
    secrets=(ADMINISTRATOR, *ACCOUNT_SECRETS),
    administrator=ADMINISTRATOR,
    external_secrets=(EXTERNAL_ADMINISTRATOR, *ACCOUNT_SECRETS),
    prepare=_prepare,
    initialise=_initialise,
    initialised_by=_initialised_by,
    stop_seconds=60,
)

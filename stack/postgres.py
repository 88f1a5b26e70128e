"""PostgreSQL, as Debian and Ubuntu carry it: Airflow's and Superset's own records, behind a private socket, no port.

It refuses to run as root. A stack of root's runs it as the user whom Debian's package makes for it, with the one
capability that lets it through root's private folders to its data.
"""

import contextlib
import os
import pwd
import shutil
import socket
import struct
import subprocess
from pathlib import Path

from stack import airflow_configuration, folders, postgres_databases, processes, programs
from stack.service import Launch, Service
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import tls

ADMINISTRATOR = "postgres_administrator"
DATA, DRAFT = "data", "data.new"
INSTALL_SECONDS, PROBE_SECONDS = 120, 10
SYSTEM_USER = "postgres"
TLS_REQUEST = struct.pack(">ii", 8, 80877103)  # length and number, as PostgreSQL's protocol has them
OPTIONS = {
    "listen_addresses": "",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "max_wal_size": "256MB",
    "wal_level": "minimal",  # there is no copy to send it to
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_permissions": "0700",
}


def _data(settings: Settings) -> Path:
    return folders.of_service(settings, "postgres") / DATA


def _launch(settings: Settings) -> Launch:
    sockets = str(postgres_databases.sockets(settings)).replace('"', '""')
    options = OPTIONS | {"unix_socket_directories": f'"{sockets}"'}
    return Launch(
        command=(
            *_as_its_owner(),
            str(programs.postgres("postgres", _version(settings))),
            f"-D{_data(settings)}",
            *(f"--{name}={value}" for name, value in options.items()),
        ),
        directory=folders.of_service(settings, "postgres"),
    )


def _as_its_owner() -> tuple[str, ...]:
    """The beginning of a command that root runs as PostgreSQL's own user; nothing for anybody else."""
    if os.geteuid() != 0:
        return ()
    user = _system_user()
    capability = "+dac_override"
    return (
        str(programs.server("setpriv")), f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups",
        f"--inh-caps={capability}", f"--ambient-caps={capability}",
        "--pdeathsig=SIGINT",  # a change of user forgets what the leash has asked for
    )  # fmt: skip


def _system_user() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError as error:
        raise TerminalError(
            f"PostgreSQL cannot run as root, and this machine has no user '{SYSTEM_USER}'.", f"Run: {programs.SETUP}"
        ) from error


def _version(settings: Settings) -> str:
    """Of the program that made the data; empty before there are any."""
    path = _data(settings) / "PG_VERSION"
    return path.read_text().strip() if path.exists() else ""


def _prepare(settings: Settings) -> None:
    _make_owned(postgres_databases.sockets(settings))
    data = _data(settings)
    if not data.exists():
        _make_data(settings, data)
    _forget_dead_server(settings, data / "postmaster.pid")
    for name, secret in postgres_databases.SECRETS.items():
        if not (made := data.with_name(f"{name}.made")).exists():
            single = [str(programs.postgres("postgres", _version(settings))), "--single", f"-D{data}", "postgres"]
            _run(settings, single, _database(name, settings.secret(secret)))
            made.touch()


def _make_data(settings: Settings, data: Path) -> None:
    draft = data.with_name(DRAFT)
    shutil.rmtree(draft, ignore_errors=True)
    _make_owned(draft)
    _run(
        settings,
        [
            str(programs.postgres("initdb")), f"--pgdata={draft}", f"--username={SYSTEM_USER}",
            f"--pwfile={folders.secrets(settings) / ADMINISTRATOR}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
        ],
    )  # fmt: skip
    draft.rename(data)


def _database(name: str, password: str) -> str:
    """One statement per line, for a server that has no socket yet. They may be run again after they were cut off."""
    return (
        f"CREATE ROLE {name}\nALTER ROLE {name} LOGIN PASSWORD '{password}'\n"
        f"CREATE DATABASE {name} OWNER {name}\nREVOKE CONNECT ON DATABASE {name} FROM PUBLIC\n"
    )


def _make_owned(folder: Path) -> None:
    folders.make_private(folder)
    if os.geteuid() == 0:
        user = _system_user()
        os.chown(folder, user.pw_uid, user.pw_gid)


def _forget_dead_server(settings: Settings, path: Path) -> None:
    """After a power cut the process id in the file may be another program's, and PostgreSQL would wait for that."""
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        if not processes.is_part(int(path.read_text().split()[0]), settings.home, "postgres"):
            path.unlink()


def _run(settings: Settings, command: list[str], text: str = "") -> None:
    done = subprocess.run(
        [*_as_its_owner(), *command], input=text, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False,
        cwd="/", env=processes.marked(settings.home, "postgres"),
    )  # fmt: skip
    errors = [line for line in done.stderr.splitlines() if "ERROR:" in line and not line.endswith("already exists")]
    if done.returncode or errors:  # a single-user server goes on behind an error
        output = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise TerminalError(f"{Path(command[0]).name} could not make the database's folder:\n{output}")


def _answers(settings: Settings) -> bool:
    if settings.postgres:
        return _takes_connections(settings)
    probe = [str(programs.postgres("pg_isready")), "--quiet"]
    probe += [f"--host={postgres_databases.sockets(settings)}"]
    try:
        return subprocess.run(probe, timeout=PROBE_SECONDS, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def _takes_connections(settings: Settings) -> bool:
    """Its programs are not where it is used from elsewhere."""
    host, _, port = settings.postgres.rpartition(":")
    tls.check(settings, "postgres", settings.postgres, _ask_for_tls)
    try:
        socket.create_connection((host, int(port)), PROBE_SECONDS).close()
    except OSError:
        return False
    return True


def _ask_for_tls(connection: socket.socket) -> None:
    connection.sendall(TLS_REQUEST)
    if connection.recv(1) != b"S":
        raise ConnectionError("it has none")


def _external(settings: Settings) -> str:
    """Where it runs elsewhere, or those that need it do."""
    return settings.postgres or (settings.airflow if settings.superset else "")


def _initialise(settings: Settings) -> None:
    if not settings.airflow:
        airflow_configuration.migrate(settings)


POSTGRES = Service(
    name="postgres",
    launch=_launch,
    is_healthy=_answers,
    answers=_answers,
    external=_external,
    secrets=(ADMINISTRATOR, *postgres_databases.SECRETS.values()),
    administrator=postgres_databases.AIRFLOW_SECRET,
    external_secrets=(postgres_databases.AIRFLOW_SECRET, *airflow_configuration.SECRETS),
    prepare=_prepare,
    initialise=_initialise,
    initialised_by=airflow_configuration.initialised_by,
    stop_seconds=60,
    stop_signal="INT",  # fast: it does not wait for clients to leave
)

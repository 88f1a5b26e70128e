"""MongoDB: one `mongod` as a replica set of one member, on loopback, with authentication."""

import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from stack import folders, processes, programs
from stack.service import Launch, Service
from tillstream import accounts
from tillstream.errors import TerminalError
from tillstream.settings import Settings, variable
from tillstream.stores import mongo, mongo_server

ADMINISTRATOR, KEY_FILE = "mongo_administrator", "mongo_keyfile"
ACCOUNT_SECRETS = tuple(f"mongo_{account}" for account in accounts.MONGO_RIGHTS)
DATA, DRAFT = "data", "data.new"
SET_UP_SECONDS = 60.0
# Every data folder has the same options of the storage engine.
COMMON = (
    "--wiredTigerCacheSizeGB=1",  # with half of it, a long backlog is mostly eviction
    "--wiredTigerJournalCompressor=none",  # the processor is scarcer than the disk
    "--setParameter=internalInsertMaxBatchSize=2000",  # one transaction per so many documents, not per 64
    "--setParameter=diagnosticDataCollectionEnabled=false",
    "--setParameter=shutdownTimeoutMillisForSignaledShutdown=100",  # there is no other member to wait for
)


def _launch(settings: Settings) -> Launch:
    folder = folders.of_service(settings, "mongo")
    options = [
        f"--dbpath={folder / DATA}", "--bind_ip=127.0.0.1", f"--port={settings.mongo_port}", "--nounixsocket",
        f"--replSet={mongo_server.REPLICA_SET}", "--oplogSize=512", "--auth",
        f"--keyFile={folders.secrets(settings) / KEY_FILE}", "--quiet",
    ]  # fmt: skip
    return Launch(command=(str(programs.mongod()), *options, *COMMON), directory=folder)


def _ports(settings: Settings) -> Mapping[int, str]:
    return {settings.mongo_port: variable("mongo_port")}


def _prepare(settings: Settings) -> None:
    """The administrator is made while the server has no port, only a socket in a private folder."""
    folder = folders.of_service(settings, "mongo")
    if (folder / DATA).exists():
        return
    draft, socket = folder / DRAFT, folders.sockets(settings) / "mongo.sock"
    shutil.rmtree(draft, ignore_errors=True)
    folders.make_private(draft)
    command = [str(programs.mongod()), f"--dbpath={draft}", f"--bind_ip={socket}", *COMMON]
    log = draft / "set-up.log"
    marked = processes.marked(settings.home, "mongo")
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output, env=marked) as server:
        try:
            _wait_for(socket, server, log)
            mongo_server.create_administrator(socket, settings.secret(ADMINISTRATOR))
        finally:
            server.send_signal(signal.SIGTERM)
    if server.returncode:
        raise TerminalError(f"mongod ended with code {server.returncode} while its folder was made.\n{_tail(log)}")
    log.unlink()
    draft.rename(folder / DATA)


def _wait_for(socket: Path, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + SET_UP_SECONDS
    while not socket.exists():
        if server.poll() is not None or time.monotonic() > deadline:
            raise TerminalError(f"mongod could not make its folder.\n{_tail(log)}")
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])


def _initialise(settings: Settings) -> None:
    administrator = settings.secret(ADMINISTRATOR)
    passwords = {account: settings.secret(f"mongo_{account}") for account in accounts.MONGO_RIGHTS}
    mongo_server.make_primary(settings, administrator)
    mongo_server.grant(settings, administrator, passwords)
    mongo.set_up(settings)


def _initialised_by(settings: Settings) -> str:
    # The port is part of the replica set's own configuration.
    secrets = [settings.secret(name) for name in ACCOUNT_SECRETS]
    return repr((accounts.MONGO_RIGHTS, mongo_server.REPLICA_SET, settings.mongo_port, secrets, mongo.INDEXES))


MONGO = Service(
    name="mongo",
    launch=_launch,
    is_healthy=mongo_server.is_primary,
    answers=mongo_server.answers,
    external=lambda settings: settings.mongo,
    ports=_ports,
    secrets=(ADMINISTRATOR, KEY_FILE, *ACCOUNT_SECRETS),
    administrator=ADMINISTRATOR,
    external_secrets=(ADMINISTRATOR, *ACCOUNT_SECRETS),
    prepare=_prepare,
    initialise=_initialise,
    initialised_by=_initialised_by,
    stop_seconds=60,
)

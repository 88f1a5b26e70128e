"""A running stack under test: what can be done to it from outside, and how long one waits for it to mend."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pymongo import MongoClient

from stack import folders, processes, programs
from stack.lifecycle import logs_paths, stop_service, up
from stack.mysql import administrator
from stack.status import ServiceStatus, status
from tillstream.accounts import MONGO_DATABASE
from tillstream.settings import CHECKOUT, Settings
from tillstream.stores import kafka, live
from tillstream.stores.mongo import Document, events
from tillstream.stores.mongo_server import ADMINISTRATOR
from tillstream.stores.mysql import Connection, Cursor, connect, rows, snapshot

PATIENCE_SECONDS = 150.0
BY_HAND = "by-hand"  # the mark of streams that no supervisor has started


def wait_until(is_met: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS, pause: float = 0.1) -> None:
    """Returns when it is so; fails after so many seconds."""
    deadline = time.monotonic() + seconds
    while not is_met():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(pause)


class Shop:
    """One stack. Only processes that carry its mark are ever killed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = settings.home

    def up(self, *services: str) -> None:
        """Starts what does not run: the stream, or these, and what they need."""
        self.settings = up(self.settings, services=services or ("stream",))

    def stop(self, service: str) -> None:
        """Stops a service, so that it stays away until `up`."""
        stop_service(self.settings, service)

    def kill(self, *services: str, home: Path | None = None) -> int:
        """kill -9 to every process of these services, or of the whole stack; gives how many there were."""
        found = processes.of_stack(home or self.home, services)
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        if services:  # the supervisor's pauses after several deaths are its own tests' matter
            for service in services:
                (folders.run(self.settings) / f"{service}.starts").unlink(missing_ok=True)
        return len(found)

    def kill_and_keep_away(self, service: str) -> None:
        """kill -9, and the supervisor does not bring it back before `up`."""
        self.kill(service)
        self.stop(service)

    def service(self, name: str) -> ServiceStatus:
        """How a service is."""
        [found] = [one for one in status(self.settings) if one.name == name]
        return found

    def log(self, service: str = "stream") -> str:
        """All that a service has said."""
        return logs_paths(self.settings, service)[0].read_text(errors="replace")

    def heard(self, text: str, since: int) -> Callable[[], bool]:
        """Whether the stream's log says this after so many characters."""
        return lambda: text in self.log()[since:]

    def behind(self) -> int:
        """Records in Kafka that are not in the figures."""
        ends = {source: end for source, (_, end) in kafka.TopicReader(self.settings, "operator").bounds().items()}
        counted = self.counted()
        return sum(max(0, end - counted.get(source, 0)) for source, end in ends.items())

    def counted(self) -> dict[kafka.Source, int]:
        """How far the stream has counted each partition."""
        connection = connect(self.settings, "operator")
        try:
            return live.counted_offsets(connection)
        finally:
            connection.close()

    def wait_until_counted(self) -> None:
        """Returns when all that Kafka has is in the figures."""
        wait_until(lambda: self.behind() == 0, "all is counted")

    def heartbeat(self) -> tuple[str, str]:
        """What the stream has last said of itself: state and message."""
        [(state, message)] = self.query("SELECT `state`, `message` FROM `heartbeat` WHERE `layer` = 'live'")
        return state, message

    def query(self, text: str) -> list[tuple[Any, ...]]:
        """Rows, as the operator sees them."""
        connection = connect(self.settings, "operator")
        try:
            with snapshot(connection) as cursor:
                return rows(cursor, text)
        finally:
            connection.close()

    def raw_count(self) -> int:
        """Events in the raw record."""
        return events(self.settings, "operator").estimated_document_count()

    @contextlib.contextmanager
    def mysql_administrator(self) -> "Iterator[Connection[Cursor]]":
        """The database server's own administrator, in the product's database."""
        connection = administrator(self.settings)
        try:
            connection.select_db("tillstream")
            yield connection
        finally:
            with contextlib.suppress(Exception):  # the server may have been killed meanwhile
                connection.close()

    @contextlib.contextmanager
    def mongo_administrator(self) -> "Iterator[MongoClient[Document]]":
        """MongoDB's own administrator."""
        address = f"mongodb://{self.settings.mongo_hosts}"
        password = self.settings.secret("mongo_administrator")
        with MongoClient[Document](address, username=ADMINISTRATOR, password=password) as client:
            yield client

    def refuse_document(self, event_id: str | None) -> None:
        """Makes MongoDB refuse one document, or none."""
        rule = {} if event_id is None else {"_id": {"$ne": event_id}}
        with self.mongo_administrator() as client:
            client[MONGO_DATABASE].command("collMod", "events", validator=rule)

    @contextlib.contextmanager
    def stream_by_hand(self, home: Path, *options: str, mysql: str = "") -> "Iterator[subprocess.Popen[bytes]]":
        """A stream that somebody starts besides the stack's, on the same stores; its checkpoint lies in `home`."""
        home.mkdir(exist_ok=True)
        host, port = self.settings.mysql_address
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TILLSTREAM_")} | {
            processes.HOME_MARK: str(home),
            processes.SERVICE_MARK: BY_HAND,
            "TILLSTREAM_SECRETS": str(folders.secrets(self.settings)),
            "TILLSTREAM_KAFKA": self.settings.kafka_servers,
            "TILLSTREAM_MONGO": self.settings.mongo_hosts,
            "TILLSTREAM_MYSQL": mysql or f"{host}:{port}",
            "TILLSTREAM_BATCH_SIZE": str(self.settings.batch_size),
            "JAVA_HOME": str(programs.java_home()),
            "SPARK_LOCAL_DIRS": str(home / "by-hand"),
        }
        command = [sys.executable, "-m", "tests.faults.stream.stream_process", *options]
        with (home / "by-hand.log").open("ab") as log:
            process = subprocess.Popen(command, env=environment, cwd=CHECKOUT, stdout=log, stderr=log)
            try:
                yield process
            finally:
                self.kill(BY_HAND, home=home)
                process.wait(10)

"""Servers that run elsewhere are reached with TLS, and with those only that prove who they are."""

import dataclasses
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from pyspark.sql import SparkSession

from jobs.kafka_source import from_kafka
from jobs.session import batch_session
from stack import airflow_configuration, folders, postgres_databases, programs, superset_configuration
from stack.airflow import AIRFLOW
from stack.kafka import PROPERTIES_FILE
from stack.postgres import POSTGRES
from stack.secrets_folder import create_missing
from stack.servers import prepare
from stack.service import Launch, Service
from stack.superset import SUPERSET
from tests.integration.own_servers import ACCOUNT_SECRETS, PATIENCE, own_servers, quiet, started, write
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import kafka, mongo, mysql

HOST = "localhost"  # and not 127.0.0.1: so says the certificate


class Certificates:
    """An authority, another one, and a server's certificate of the first."""

    def __init__(self, folder: Path) -> None:
        self.authority, self.stranger = folder / "authority.pem", folder / "stranger.pem"
        self.certificate, self.key, self.both = (folder / name for name in ("server.pem", "server.key", "both.pem"))
        for path in (self.authority, self.stranger):
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", path.with_suffix(".key"), "-out", path,
                    "-days", "2", "-subj", f"/CN={path.stem}")  # fmt: skip
        names = folder / "names"
        names.write_text(f"subjectAltName=DNS:{HOST}\n")
        request = folder / "request"
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", self.key, "-out", request, "-subj", f"/CN={HOST}")
        openssl("x509", "-req", "-in", request, "-CA", self.authority, "-CAkey", self.authority.with_suffix(".key"),
                "-CAcreateserial", "-days", "2", "-extfile", names, "-out", self.certificate)  # fmt: skip
        self.both.write_text(self.key.read_text() + self.certificate.read_text())

    def speaking_tls(self, server: Service, launch: Launch) -> Launch:
        """A server that takes no other connections."""
        if server.name == "kafka":
            text = launch.files[PROPERTIES_FILE].replace("CLIENTS:SASL_PLAINTEXT", "CLIENTS:SASL_SSL")
            text = text.replace("advertised.listeners=CLIENTS://127.0.0.1", f"advertised.listeners=CLIENTS://{HOST}")
            text += f"ssl.keystore.type=PEM\nssl.keystore.location={self.both}\n"
            text += f"ssl.truststore.type=PEM\nssl.truststore.location={self.authority}\n"
            return dataclasses.replace(launch, files={**launch.files, PROPERTIES_FILE: text})
        options = {
            "mongo": ("--tlsMode=requireTLS", f"--tlsCertificateKeyFile={self.both}", f"--tlsCAFile={self.authority}",
                      "--tlsAllowConnectionsWithoutCertificates"),
            "mysql": (f"--ssl-cert={self.certificate}", f"--ssl-key={self.key}", f"--ssl-ca={self.authority}"),
        }  # fmt: skip
        return dataclasses.replace(launch, command=(*launch.command, *options[server.name]))


def openssl(*words: str | Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory, certificates: Certificates) -> Iterator[Settings]:
    """Servers with TLS, prepared."""
    with own_servers(tmp_path_factory.mktemp("secured"), HOST, certificates.speaking_tls) as servers:
        settings = dataclasses.replace(servers, tls="kafka,mongo,mysql", tls_authorities=certificates.authority)
        for name in ACCOUNT_SECRETS:
            write(settings, name, f"of-{name}")
        prepare(settings, quiet, PATIENCE)
        yield settings


def sends(settings: Settings) -> None:
    with kafka.Producer(settings, "till") as producer:
        producer.send("sales", "key", b"{}")


def looks_at_topics(settings: Settings) -> None:
    kafka.TopicReader(settings, "stream").bounds()


def reads_events(settings: Settings) -> None:
    mongo._clients.clear()
    mongo.events(settings, "batch").find_one()


def reads_views(settings: Settings) -> None:
    mysql.connect(settings, "bi").close()


CLIENTS: dict[Callable[[Settings], None], str] = {
    sends: "kafka", looks_at_topics: "kafka", reads_events: "mongo", reads_views: "mysql",
}  # fmt: skip


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_reaches_a_server_that_proves_who_it_is(secured: Settings, client: Callable[[Settings], None]) -> None:
    client(secured)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_of_another_authority_is_refused(
    secured: Settings, certificates: Certificates, client: Callable[[Settings], None]
) -> None:
    mistaken = dataclasses.replace(secured, tls_authorities=certificates.stranger)
    with pytest.raises(TerminalError, match="does not prove who it is"):
        client(mistaken)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_of_another_name_is_refused(secured: Settings, client: Callable[[Settings], None]) -> None:
    changed = {CLIENTS[client]: getattr(secured, CLIENTS[client]).replace(HOST, "127.0.0.1")}
    with pytest.raises(TerminalError, match="does not prove who it is"):
        client(dataclasses.replace(secured, **changed))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_server_that_speaks_plain_text_is_refused(
    servers: Settings, certificates: Certificates, client: Callable[[Settings], None]
) -> None:
    plain = dataclasses.replace(
        servers, tls="kafka,mongo,mysql", tls_authorities=certificates.authority,
        kafka=f"{HOST}:{servers.kafka_port}", mongo=f"{HOST}:{servers.mongo_port}/?directConnection=true",
        mysql=f"{HOST}:{servers.mysql_port}",
    )  # fmt: skip
    with pytest.raises(TerminalError, match="does not speak TLS"):
        client(plain)


@pytest.mark.parametrize("server", ["kafka", "mongo", "mysql"])
def test_preparing_says_what_is_wrong_with_a_server(secured: Settings, certificates: Certificates, server: str) -> None:
    alone: dict[str, Any] = {name: "" for name in ("kafka", "mongo", "mysql") if name != server}
    mistaken = dataclasses.replace(secured, **alone, tls=server, tls_authorities=certificates.stranger)
    with pytest.raises(TerminalError, match="does not prove who it is"):
        prepare(mistaken, quiet, PATIENCE)


def count(session: SparkSession, settings: Settings) -> int:
    return from_kafka(session.read, settings, "batch").option("subscribe", "sales").load().count()


def test_spark_reads_with_tls_and_refuses_another_authority(secured: Settings, certificates: Certificates) -> None:
    sends(secured)
    mistaken = dataclasses.replace(secured, tls_authorities=certificates.stranger)
    with batch_session(secured, "tls", 1, reads_kafka=True) as session:
        assert count(session, secured) > 0
        with pytest.raises(Exception, match=r"SSL|TLS"):
            count(session, mistaken)


IN_AIRFLOW = """
import asyncio, sys, asyncpg, psycopg2
address = "postgresql://" + sys.stdin.read()
query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"

async def asked():
    connection = await asyncpg.connect(address)
    return await connection.fetchval(query)

cursor = psycopg2.connect(address).cursor()
cursor.execute(query)
print(cursor.fetchone()[0], asyncio.run(asked()))
"""
IN_SUPERSET = """
import sys
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
exec(open("superset_config.py").read())
psycopg = create_engine(SQLALCHEMY_DATABASE_URI).connect()
kept = psycopg.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")).scalar()
uri, parameters = DB_CONNECTION_MUTATOR(make_url("mysql+pymysql://tillstream_bi@x/tillstream"), {}, None, None, None)
figures = create_engine(uri, **parameters).connect()
print(kept, bool(figures.execute(text("SHOW STATUS LIKE 'Ssl_cipher'")).fetchone()[1]))
"""


@pytest.fixture(scope="module")
def recorded(
    secured: Settings, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A PostgreSQL with TLS beside them, with the databases of Airflow and Superset."""
    home = tmp_path_factory.mktemp("postgres")
    own = Settings(home=home)
    folders.prepare(own, ("postgres", "airflow", "superset"))
    create_missing(own, (POSTGRES, AIRFLOW, SUPERSET))
    POSTGRES.prepare(own)
    shutil.copy(folders.secrets(secured) / "mysql_bi", folders.secrets(own))
    port = free_port()
    options = (
        "--ssl=on", f"--ssl_cert_file={certificates.certificate}", f"--ssl_key_file={certificates.key}",
        "--listen_addresses=127.0.0.1", f"--port={port}",
    )  # fmt: skip
    launch = POSTGRES.launch(own)
    process = started(dataclasses.replace(launch, command=(*launch.command, *options)))
    try:
        yield dataclasses.replace(
            own, postgres=f"{HOST}:{port}", mysql=secured.mysql, tls="mysql,postgres",
            tls_authorities=certificates.authority,
        )  # fmt: skip
    finally:
        process.terminate()
        process.wait(60)
        shutil.rmtree(home)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def said_in(settings: Settings, name: str) -> "subprocess.CompletedProcess[str]":
    """What the programs in Airflow's or Superset's environment say of their connections."""
    program, text, configuration = {
        "airflow": (programs.airflow().with_name("python"), IN_AIRFLOW, airflow_configuration),
        "superset": (programs.superset("python"), IN_SUPERSET, superset_configuration),
    }[name]
    folder = folders.of_service(settings, name)
    for file, content in configuration.files(settings).items():
        folders.write(folder / file, content)
    address = postgres_databases.address(settings, name)
    return subprocess.run(
        [str(program), "-c", text], input=address, cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | configuration.environment(settings),
    )  # fmt: skip


def wait_for_postgres(settings: Settings) -> None:
    deadline = time.monotonic() + PATIENCE
    while not POSTGRES.answers(settings):
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.parametrize("name", ["airflow", "superset"])
def test_airflow_and_superset_reach_their_records_and_figures_with_tls(recorded: Settings, name: str) -> None:
    wait_for_postgres(recorded)
    done = said_in(recorded, name)
    assert done.stdout.split()[-2:] == ["True", "True"], done.stderr


@pytest.mark.parametrize("name", ["airflow", "superset"])
@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_airflow_and_superset_refuse_records_that_do_not_prove_who_they_are(
    recorded: Settings, certificates: Certificates, name: str, wrong: str
) -> None:
    wait_for_postgres(recorded)
    port = recorded.postgres.rpartition(":")[2]
    mistaken = (
        dataclasses.replace(recorded, tls_authorities=certificates.stranger)
        if wrong == "authority"
        else dataclasses.replace(recorded, postgres=f"127.0.0.1:{port}")
    )
    done = said_in(mistaken, name)
    assert done.returncode
    assert "certificate" in done.stderr
    with pytest.raises(TerminalError, match=r"postgres at .* does not prove who it is"):
        prepare(dataclasses.replace(mistaken, mysql="", tls="postgres"), quiet, PATIENCE)


def test_a_postgresql_without_tls_is_said(certificates: Certificates, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        Thread(target=lambda: listener.accept()[0].sendall(b"N"), daemon=True).start()
        plain = Settings(
            home=tmp_path, postgres=f"127.0.0.1:{listener.getsockname()[1]}", tls="postgres",
            tls_authorities=certificates.authority,
        )  # fmt: skip
        with pytest.raises(TerminalError, match=r"postgres at .* does not speak TLS.\n.*TILLSTREAM_TLS"):
            POSTGRES.answers(plain)

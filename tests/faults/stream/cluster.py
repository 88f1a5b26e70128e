"""A cluster on the loopback: three Kafka brokers, a MongoDB replica set of three, a Spark master with two workers.

Every process is one of the embedded stack's programs, with its settings but for those that tell the members of each
other. Each can be killed alone.
"""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pyspark

from stack import folders, kafka_tools, programs
from stack.kafka import ADMINISTRATOR, KAFKA, PROPERTIES_FILE, SECRETS
from stack.mongo import MONGO
from stack.ports import is_listening, settle
from stack.secrets_folder import create_missing
from stack.servers import prepare
from tests.faults.stream.shop import wait_until
from tillstream import accounts
from tillstream.settings import Settings

MEMBERS = range(3)
WORKERS = range(2)
START_SECONDS = 90.0
SPARK_CLASS = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
REPLICATED = (
    "default.replication.factor",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
)
# A majority takes each record before it is acknowledged, so one broker may die.
IN_SYNC = "min.insync.replicas=2\ntransaction.state.log.min.isr=2\n"


class Cluster:
    """`settings` name it as servers elsewhere, with MySQL and the stream on this machine."""

    def __init__(self, home: Path, settings: Settings) -> None:
        self._home = home
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        own = replace(settings, secrets=home / "secrets")
        members = [settle(replace(own, home=home / f"member-{number}"), (), print) for number in MEMBERS]
        spark_port = members[0].airflow_port  # these members have no Airflow
        self.settings = replace(
            own,
            kafka=",".join(f"127.0.0.1:{member.kafka_port}" for member in members),
            mongo=",".join(f"127.0.0.1:{member.mongo_port}" for member in members) + "/?replicaSet=tillstream",
            spark_master=f"spark://127.0.0.1:{spark_port}",
            batch_master=f"spark://127.0.0.1:{spark_port}",
        )
        self._members, self._spark_port = members, spark_port

    def start(self) -> None:
        """Starts every member, and prepares them as servers elsewhere are."""
        members = self._members
        for member in members:
            folders.prepare(member, ("kafka", "mongo"))
        create_missing(members[0], (KAFKA, MONGO))
        self._start_brokers(members)
        self._start_replica_set(members)
        self._start_spark(self._spark_port)
        wait_until(lambda: all(is_listening(member.kafka_port) for member in members), "brokers listen", START_SECONDS)
        prepare(self.settings, print, START_SECONDS)

    def kill(self, name: str) -> None:
        """kill -9."""
        self._running[name].kill()
        self._running[name].wait()

    def end(self) -> None:
        """Ends every process that is left."""
        for process in self._running.values():
            process.kill()
            process.wait()

    def _start_brokers(self, members: list[Settings]) -> None:
        cluster = uuid4().hex
        voters = ",".join(f"{number + 1}@127.0.0.1:{member.kafka_port + 1}" for number, member in enumerate(members))
        for number, member in enumerate(members):
            launch = KAFKA.launch(member)
            for name, text in launch.files.items():
                is_broker = name == PROPERTIES_FILE
                folders.write(launch.directory / name, _of_cluster(text, number, voters) if is_broker else text)
            folders.make_private(launch.directory / "tmp")
            (launch.directory / SECRETS).symlink_to(folders.secrets(member))
            password = member.secret(ADMINISTRATOR)
            format_data = kafka_tools.java(
                "kafka.tools.StorageTool", "format", "-t", cluster, "-c", PROPERTIES_FILE,
                "--add-scram", f"SCRAM-SHA-512=[name={accounts.KAFKA_ADMINISTRATOR},password={password}]",
            )  # fmt: skip
            subprocess.run(format_data, cwd=launch.directory, check=True, capture_output=True)
            self._start(f"kafka-{number}", list(launch.command), launch.directory)

    def _start_replica_set(self, members: list[Settings]) -> None:
        MONGO.prepare(members[0])  # the others get their data, accounts too, from the first
        for number, member in enumerate(members):
            launch = MONGO.launch(member)
            folders.make_private(launch.directory / "data")
            self._start(f"mongo-{number}", list(launch.command), launch.directory)

    def _start_spark(self, port: int) -> None:
        # An application gets two cores, so one worker alone has room for the stream and for a night beside it.
        self._start("master", [
            SPARK_CLASS, "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1", "--port", str(port),
            "--webui-port", "0",
        ], self._home, SPARK_MASTER_OPTS="-Dspark.deploy.defaultCores=2 -Dspark.master.rest.enabled=false")  # fmt: skip
        wait_until(lambda: is_listening(port), "Spark's master listens", START_SECONDS)
        for number in WORKERS:
            folder = self._home / f"worker-{number}"
            folders.make_private(folder)
            self._start(f"worker-{number}", [
                SPARK_CLASS, "org.apache.spark.deploy.worker.Worker", "--host", "127.0.0.1", "--webui-port", "0",
                "--cores", "4", "--memory", "4g", "--work-dir", str(folder), self.settings.spark_master,
            ], folder)  # fmt: skip

    def _start(self, name: str, command: list[str], folder: Path, **variables: str) -> None:
        variables |= {
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            "JAVA_HOME": str(programs.java_home()),
        }
        with (self._home / f"{name}.log").open("wb") as log:
            self._running[name] = subprocess.Popen(
                command, cwd=folder, env=os.environ | variables, stdout=log, stderr=log
            )


def _of_cluster(properties: str, number: int, voters: str) -> str:
    """A lone broker's properties, made those of a member."""
    for name, value in {
        "node.id": number + 1,
        "controller.quorum.voters": voters,
        **dict.fromkeys(REPLICATED, 3),
    }.items():
        properties = re.sub(rf"^{re.escape(name)}=.*$", f"{name}={value}", properties, flags=re.MULTILINE)
    return re.sub(r"^transaction\.state\.log\.min\.isr=.*\n", "", properties, flags=re.MULTILINE) + IN_SYNC

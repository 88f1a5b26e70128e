"""Kafka: one process that is broker and controller, on loopback."""

import shutil
import subprocess
from collections.abc import Mapping
from uuid import uuid4

from stack import folders, processes, programs
from stack.service import Launch, Service
from tillstream.errors import TerminalError
from tillstream.events import TOPICS
from tillstream.settings import Settings, variable
from tillstream.stores import kafka

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
message.max.bytes={message_bytes}
# No other broker has a copy: a record is on disk before it is acknowledged. Were it lost in a power cut, its offset
# would be given to another record, which the stream would take for one that it has counted.
log.flush.interval.messages=1
log.cleaner.dedupe.buffer.size=8388608
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# After a crash the controller waits this long before it takes the broker for a new one.
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=1000
group.initial.rebalance.delay.ms=0
num.network.threads=2
num.io.threads=4
"""
LOGGING = """\
status=warn
appender.console.type=Console
appender.console.name=console
appender.console.layout.type=PatternLayout
appender.console.layout.pattern=%d %p %m (%c)%n
rootLogger.level=warn
rootLogger.appenderRef.console.ref=console
logger.server.name=kafka.server
logger.server.level=info
logger.config.name=kafka.server.KafkaConfig
logger.config.level=warn
"""
PROPERTIES_FILE, LOGGING_FILE = "server.properties", "log4j2.properties"
FORMAT_FILE = "format.properties"
DATA, DRAFT = "data", "data.new"
FORMAT_SECONDS = 60


def _controller_port(settings: Settings) -> int:
    return settings.kafka_port + 1


def _ports(settings: Settings) -> Mapping[int, str]:
    moved_by = variable("kafka_port")
    return {settings.kafka_port: moved_by, _controller_port(settings): moved_by}


def _properties(settings: Settings, data: str) -> str:
    # Paths are relative to the working folder: a properties file would need most characters of others escaped.
    return PROPERTIES.format(
        port=settings.kafka_port,
        controller_port=_controller_port(settings),
        data=data,
        message_bytes=kafka.MAX_RECORD_BYTES + 65_536,
    )


def _java(*arguments: str) -> tuple[str, ...]:
    return (str(programs.java_home() / "bin" / "java"), "-cp", f"{programs.jars('kafka')}/*", *arguments)


def _launch(settings: Settings) -> Launch:
    options = [
        "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData",
        "-XX:TieredStopAtLevel=1",  # a start takes half the time; a record costs the broker one microsecond more
        "-Djava.awt.headless=true", "-Djava.io.tmpdir=tmp", f"-Dlog4j2.configurationFile={LOGGING_FILE}",
    ]  # fmt: skip
    return Launch(
        command=_java(*options, "kafka.Kafka", PROPERTIES_FILE),
        directory=folders.of_service(settings, "kafka"),
        files={PROPERTIES_FILE: _properties(settings, DATA), LOGGING_FILE: LOGGING},
    )


def _prepare(settings: Settings) -> None:
    folder = folders.of_service(settings, "kafka")
    shutil.rmtree(folder / "tmp", ignore_errors=True)  # libraries that an earlier process unpacked
    folders.make_private(folder / "tmp")
    if (folder / DATA).exists():
        return
    shutil.rmtree(folder / DRAFT, ignore_errors=True)
    (folder / FORMAT_FILE).write_text(_properties(settings, DRAFT))
    command = _java(
        "-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format", "-t", uuid4().hex, "-c", FORMAT_FILE
    )
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=FORMAT_SECONDS, check=False,
        env=processes.marked(settings.home, "kafka"),
    )  # fmt: skip
    if done.returncode:
        raise TerminalError(f"Kafka could not format its folder {folder}:\n{done.stdout}{done.stderr}")
    (folder / DRAFT).rename(folder / DATA)


def _initialise(settings: Settings) -> None:
    kafka.create_topics(settings)


KAFKA = Service(
    name="kafka",
    launch=_launch,
    is_healthy=kafka.is_up,
    answers=kafka.is_up,
    external=lambda settings: settings.kafka,
    ports=_ports,
    prepare=_prepare,
    initialise=_initialise,
    initialised_by=lambda settings: repr((TOPICS, kafka.PARTITIONS, settings.retention_days)),
    stop_seconds=30,
)

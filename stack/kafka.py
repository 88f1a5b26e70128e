"""Kafka: one process that is broker and controller, on loopback, and knows everybody by a password."""

import hashlib
import shutil
from collections.abc import Mapping

from stack import folders, kafka_tools
from stack.service import Launch, Service
from tillstream import accounts
from tillstream.events import TOPICS
from tillstream.settings import Settings, variable
from tillstream.stores import kafka, kafka_server

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners=CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=CLIENTS://127.0.0.1:{port}
listener.security.protocol.map=CLIENTS:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
# Clients' passwords lie in the metadata as hashes. The controller knows its one account, the administrator, from the
# password file: it must be able to read the metadata before it has any.
sasl.enabled.mechanisms=SCRAM-SHA-512
sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512
listener.name.controller.sasl.enabled.mechanisms=PLAIN
sasl.mechanism.controller.protocol=PLAIN
config.providers=directory
config.providers.directory.class=org.apache.kafka.common.config.provider.DirectoryConfigProvider
listener.name.clients.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required \\
  username="administrator" password="${{directory:{secrets}:kafka_administrator}}";
listener.name.controller.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  username="administrator" password="${{directory:{secrets}:kafka_administrator}}" \\
  user_administrator="${{directory:{secrets}:kafka_administrator}}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=false
super.users=User:administrator
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
OPTIONS = (
    "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData",
    "-XX:TieredStopAtLevel=1",  # a start takes half the time; a record costs the broker one microsecond more
    "-Djava.awt.headless=true", "-Djava.io.tmpdir=tmp", f"-Dlog4j2.configurationFile={LOGGING_FILE}",
)  # fmt: skip
DATA, DRAFT = "data", "data.new"
ADMITTED = "admitted"  # a hash of the administrator's password in the data, written when he has it
ADMINISTRATOR = f"kafka_{accounts.KAFKA_ADMINISTRATOR}"
SECRETS = "secrets"  # in the working folder, a link to where they are
ACCOUNT_SECRETS = tuple(f"kafka_{account}" for account in accounts.KAFKA_RIGHTS)


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
        secrets=SECRETS,
        message_bytes=kafka.MAX_RECORD_BYTES + 65_536,
    )


def _launch(settings: Settings) -> Launch:
    return Launch(
        command=kafka_tools.java(*OPTIONS, "kafka.Kafka", PROPERTIES_FILE),
        directory=folders.of_service(settings, "kafka"),
        files={PROPERTIES_FILE: _properties(settings, DATA), LOGGING_FILE: LOGGING},
    )


def _prepare(settings: Settings) -> None:
    folder = folders.of_service(settings, "kafka")
    shutil.rmtree(folder / "tmp", ignore_errors=True)  # libraries that an earlier process unpacked
    folders.make_private(folder / "tmp")
    (folder / SECRETS).unlink(missing_ok=True)
    (folder / SECRETS).symlink_to(folders.secrets(settings).absolute())
    if not (folder / DATA).exists():
        shutil.rmtree(folder / DRAFT, ignore_errors=True)
        kafka_tools.format_data(settings, _properties(settings, DRAFT))
        (folder / DRAFT).rename(folder / DATA)
    admitted = hashlib.sha256(settings.secret(ADMINISTRATOR).encode()).hexdigest()
    if not (folder / ADMITTED).exists() or (folder / ADMITTED).read_text() != admitted:
        folders.write(folder / LOGGING_FILE, LOGGING)
        kafka_tools.admit_administrator(settings, _properties(settings, DATA), OPTIONS, SECRETS)
        folders.write(folder / ADMITTED, admitted)


def _initialise(settings: Settings) -> None:
    kafka_server.create_topics(settings)
    kafka_server.grant(settings, {account: settings.secret(f"kafka_{account}") for account in accounts.KAFKA_RIGHTS})


def _initialised_by(settings: Settings) -> str:
    secrets = [settings.secret(name) for name in (ADMINISTRATOR, *ACCOUNT_SECRETS)]
    return repr((TOPICS, kafka.PARTITIONS, settings.retention_days, accounts.KAFKA_RIGHTS, secrets))


KAFKA = Service(
    name="kafka",
    launch=_launch,
    is_healthy=kafka.is_up,
    answers=kafka.answers,
    external=lambda settings: settings.kafka,
    ports=_ports,
    secrets=(ADMINISTRATOR, *ACCOUNT_SECRETS),
    external_secrets=(ADMINISTRATOR, *ACCOUNT_SECRETS),
    prepare=_prepare,
    initialise=_initialise,
    initialised_by=_initialised_by,
    stop_seconds=30,
)

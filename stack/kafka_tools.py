"""Kafka's own programs, run before the broker serves: its data folder is formatted, and gets an administrator."""

import signal
import subprocess
from pathlib import Path
from uuid import uuid4

from stack import folders, processes, programs
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.stores import kafka_server

FORMAT_FILE, ADMISSION_FILE, ADMISSION_LOG = "format.properties", "admission.properties", "admission.log"
FORMAT_SECONDS, STOP_SECONDS = 60, 30
# For a moment the broker knows the administrator as the controller always does: from the password file.
ADMISSION = """
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\
  username="administrator" password="${{directory:{secrets}:kafka_administrator}}" \\
  user_administrator="${{directory:{secrets}:kafka_administrator}}";
"""


def java(*arguments: str) -> tuple[str, ...]:
    """A command that runs a class of Kafka's."""
    return (str(programs.java_home() / "bin" / "java"), "-cp", f"{programs.jars('kafka')}/*", *arguments)


def format_data(settings: Settings, configuration: str) -> None:
    """Makes the data folder that a configuration names."""
    folder = folders.of_service(settings, "kafka")
    folders.write(folder / FORMAT_FILE, configuration)
    command = java("-XX:TieredStopAtLevel=1", "kafka.tools.StorageTool", "format", "-t", uuid4().hex, "-c", FORMAT_FILE)
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=FORMAT_SECONDS, check=False,
        env=processes.marked(settings.home, "kafka"),
    )  # fmt: skip
    if done.returncode:
        raise TerminalError(f"Kafka could not format its folder {folder}:\n{done.stdout}{done.stderr}")


def admit_administrator(settings: Settings, configuration: str, options: tuple[str, ...], secrets: str) -> None:
    """Gives the administrator today's password: in a new folder, in one from before there were any, after a loss."""
    folder = folders.of_service(settings, "kafka")
    folders.write(folder / ADMISSION_FILE, configuration + ADMISSION.format(secrets=secrets))
    log = folder / ADMISSION_LOG
    marked = processes.marked(settings.home, "kafka")
    command = java(*options, "kafka.Kafka", ADMISSION_FILE)
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env=marked) as broker,
    ):
        try:
            kafka_server.admit_administrator(settings)
        except (TerminalError, TransientError) as error:
            raise TerminalError(f"Kafka could not admit its administrator: {error.what}\n{_tail(log)}") from error
        finally:
            broker.send_signal(signal.SIGTERM)
            broker.wait(STOP_SECONDS)
    log.unlink()


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-15:])

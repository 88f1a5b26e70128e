"""What this machine lacks to run the embedded stack, and the command that installs it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from stack import folders, ports, programs
from stack.services import embedded
from stack.supervisor import Control
from tillstream.errors import TillstreamError
from tillstream.settings import Settings, load

LEAST_DISK_BYTES = 2_000_000_000
LEAST_MEMORY_BYTES = 3_800_000_000  # a machine sold with 4 GB shows a little less
CGROUP_MEMORY = Path("/sys/fs/cgroup/memory.max")
PROBE_SECONDS = 20


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: whether it is as it must be, what was found, and what puts it right."""

    subject: str
    fine: bool
    found: str
    remedy: str = ""


def doctor(settings: Settings | None = None) -> list[Finding]:
    """Every check, in an order in which one can put things right; those that are not fine carry a remedy."""
    settings = settings or load()
    return [
        _program("Java 17 to 21", programs.java_home, "apt-get install openjdk-17-jre-headless"),
        _program("MariaDB server", lambda: programs.server("mariadbd"), "apt-get install mariadb-server-core"),
        _program(
            "MariaDB set-up", lambda: programs.server("mariadb-install-db"), "apt-get install mariadb-server-core"
        ),
        _program(
            "MariaDB options", lambda: programs.server("my_print_defaults"), "apt-get install mariadb-client-core"
        ),
        _program("PostgreSQL server", lambda: programs.postgres("postgres"), "apt-get install postgresql"),
        _mongod(),
        _program("Airflow", programs.airflow, programs.SETUP),
        _program("Superset", lambda: programs.superset("superset"), programs.SETUP),
        _program("Kafka's jars", lambda: programs.jars("kafka"), programs.SETUP),
        _program("Spark's jars for Kafka", lambda: programs.jars("spark"), programs.SETUP),
        _state_folder(settings),
        _disk(settings),
        _memory(),
        *_ports(settings),
    ]


def _program(subject: str, find: Callable[[], Path], remedy: str) -> Finding:
    try:
        return Finding(subject, fine=True, found=str(find()))
    except TillstreamError as error:
        return Finding(subject, fine=False, found=error.what, remedy=remedy)


def _mongod() -> Finding:
    found = _program("MongoDB server", programs.mongod, programs.SETUP)
    if not found.fine:
        return found
    try:
        run = subprocess.run(
            [found.found, "--version"], capture_output=True, text=True, timeout=PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(found.subject, fine=False, found=f"{found.found}: {error}", remedy=programs.SETUP)
    if run.returncode < 0 or " avx " not in Path("/proc/cpuinfo").read_text():
        return Finding(found.subject, fine=False, found="it needs a processor with AVX", remedy="use a newer machine")
    if run.returncode:
        why = (run.stderr or run.stdout).strip().splitlines()[-1:]
        remedy = "apt-get install libcurl4 libssl3 liblzma5"
        return Finding(found.subject, fine=False, found=f"{found.found} does not run: {''.join(why)}", remedy=remedy)
    return found


def _state_folder(settings: Settings) -> Finding:
    existing = _existing(settings.home)
    subject = "State folder"
    try:
        folders.check_owner(settings.home)
    except TillstreamError as error:
        return Finding(subject, fine=False, found=error.what, remedy=error.remedy)
    if not os.access(existing, os.W_OK | os.X_OK):
        remedy = "set TILLSTREAM_HOME to a folder of yours"
        return Finding(subject, fine=False, found=f"{existing} cannot be written to", remedy=remedy)
    return Finding(subject, fine=True, found=str(settings.home))


def _disk(settings: Settings) -> Finding:
    free = shutil.disk_usage(_existing(settings.home)).free
    found = f"{free / 1e9:.1f} GB free"
    if free < LEAST_DISK_BYTES:
        return Finding(
            "Disk", fine=False, found=found, remedy="make room (2 GB), or set TILLSTREAM_HOME to another disk"
        )
    return Finding("Disk", fine=True, found=found)


def _memory() -> Finding:
    total = psutil.virtual_memory().total
    limit = CGROUP_MEMORY.read_text().strip() if CGROUP_MEMORY.exists() else ""
    if limit.isdigit():
        total = min(total, int(limit))
    found = f"{total / 1e9:.1f} GB"
    if total < LEAST_MEMORY_BYTES:
        return Finding("Memory", fine=False, found=found, remedy="use a machine (or container limit) of 4 GB or more")
    return Finding("Memory", fine=True, found=found)


def _ports(settings: Settings) -> list[Finding]:
    if settings.ports == "auto":
        return [Finding("Ports", fine=True, found="automatic")]
    running = {name for name, said in Control(settings).processes().items() if said["pid"]}
    findings = []
    for service in embedded(settings):
        subject = f"Port of {service.name}"
        own = service.name in running
        try:
            if not own:
                ports.check_free(settings, service)
        except TillstreamError as error:
            findings.append(Finding(subject, fine=False, found=error.what, remedy=error.remedy))
        else:
            numbers = ", ".join(map(str, service.ports(settings)))
            if numbers:
                findings.append(
                    Finding(subject, fine=True, found=f"{numbers} ({'in use by this stack' if own else 'free'})")
                )
    return findings


def _existing(folder: Path) -> Path:
    """The folder itself or the closest one above it that is there."""
    return folder if folder.exists() else _existing(folder.parent)

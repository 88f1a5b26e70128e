"""docker-compose.yml as Compose reads it, and what must hold of it. Each rule gives what breaks it, in words."""

import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from stack.airflow import AIRFLOW, DAGS, SCHEDULER
from stack.kafka import KAFKA
from stack.mongo import MONGO
from stack.mysql import MYSQL
from stack.postgres import POSTGRES
from stack.service import Service
from stack.stream import STREAM
from stack.superset import SUPERSET
from tillstream import __version__
from tillstream.settings import Settings, variable

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
REFERENCE = re.compile(r"\$\$|\$\{(\w+)(?::([-?])((?:[^${}]|\$\{[^{}]*\})*))?\}")
MOST_MEMORY = 8192  # MiB
UNITS = {"m": 1, "g": 1024}
LOOPBACK = "127.0.0.1"
SECRET_NAME = re.compile(r"PASSWORD|SECRET|TOKEN|(^|_)KEY")
PINNED = re.compile(r":\d+\.\d+(\.\d+)?(-[a-z]+)?$")

# Every service of the embedded stack is a container of this name; these are all that stay.
STACK: dict[str, Service] = {
    service.name: service for service in (KAFKA, MONGO, MYSQL, STREAM, POSTGRES, AIRFLOW, SCHEDULER, DAGS, SUPERSET)
}
ONE_SHOTS = {"prepare", "postgres-accounts", "airflow-prepare"}
TOOLS = {"tillstream"}
PAGES = {"airflow", "superset"}

Document = dict[str, Any]


class MissingVariableError(Exception):
    """A variable without which Compose refuses the file."""


def document(environment: Mapping[str, str]) -> Document:
    """The file with its variables put in. Raises MissingVariableError as Compose would stop."""
    read: Document = yaml.safe_load(FILE.read_text())
    found: Document = _with_variables(read, environment)
    return {key: value for key, value in found.items() if not key.startswith("x-")}


def _with_variables(value: Any, environment: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _with_variables(each, environment) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_variables(each, environment) for each in value]
    return interpolated(value, environment) if isinstance(value, str) else value


def interpolated(text: str, environment: Mapping[str, str]) -> str:
    """A text with ${NAME}, ${NAME:-default} and ${NAME:?message} replaced as Compose does it."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        if name is None:
            return "$"
        if found := environment.get(name, ""):
            return found
        if operator == "?":
            raise MissingVariableError(f"{name}: {rest}")
        return interpolated(rest or "", environment)

    return REFERENCE.sub(value, text)


def services(compose: Document) -> dict[str, Document]:
    """The containers by name."""
    found: dict[str, Document] = compose["services"]
    return found


def names_are_the_stacks(compose: Document) -> list[str]:
    """Every service of the stack is there, and nothing that nobody knows."""
    return sorted(services(compose).keys() ^ (STACK.keys() | ONE_SHOTS | TOOLS))


def starts_in_order(compose: Document) -> list[str]:
    """Who stays says how it is; who waits, waits for health or for a completed one shot."""
    faults = []
    for name, service in services(compose).items():
        if name in STACK and "healthcheck" not in service:
            faults.append(f"{name} has no health check")
        if (service["restart"] == "no") != (name not in STACK):
            faults.append(f"{name} restarts: {service['restart']}")
        for other, said in service.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other in ONE_SHOTS else "service_healthy"
            if said["condition"] != wanted:
                faults.append(f"{name} waits until {other} is {said['condition']}")
    return faults


def is_confined(compose: Document) -> list[str]:
    """Nobody is root, nobody may become it or write into an image, and logs have an end."""
    wanted = {"read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]}
    faults = [
        f"{name}: {key} is {service.get(key)}"
        for name, service in services(compose).items()
        for key, value in wanted.items()
        if service.get(key) != value
    ]
    faults += [
        f"{name} runs as {service.get('user')}"
        for name, service in services(compose).items()
        if not re.fullmatch(r"[1-9]\d*:[1-9]\d*", service.get("user", ""))
    ]
    faults += [name for name, each in services(compose).items() if "max-size" not in each["logging"]["options"]]
    return faults + [name for name, each in services(compose).items() if "privileged" in each or "cap_add" in each]


def fits_the_machine(compose: Document) -> list[str]:
    """All limits together, also while the one shots run again beside everything else."""
    limits = {name: service.get("mem_limit", "") for name, service in services(compose).items()}
    unlimited = [name for name, limit in limits.items() if not re.fullmatch(r"\d+[mg]", limit)]
    if unlimited:
        return unlimited
    total = sum(int(limit[:-1]) * UNITS[limit[-1]] for limit in limits.values())
    return [] if total <= MOST_MEMORY else [f"{total} MiB"]


def publishes_pages_only(compose: Document) -> list[str]:
    """Ports of the two pages, on the loopback; the stores' network leads nowhere."""
    faults = [f"{name}: {port}" for name, each in services(compose).items() for port in each.get("ports", ())
              if name not in PAGES or not port.startswith(f"{LOOPBACK}:")]  # fmt: skip
    faults += [name for name, each in services(compose).items() if "network_mode" in each]
    faults += [
        name for name in ("kafka", "mongo", "mysql", "postgres") if services(compose)[name]["networks"] != ["stores"]
    ]
    return faults + ([] if compose["networks"]["stores"] == {"internal": True} else ["stores is not internal"])


def keeps_secrets(compose: Document) -> list[str]:
    """No password in an environment or a command; each is a file, and exactly those that the code asks for."""
    faults = [
        f"{name}: {key}"
        for name, service in services(compose).items()
        for key, value in service.get("environment", {}).items()
        if (SECRET_NAME.search(key) and not (key.endswith("_FILE") or key == "TILLSTREAM_SECRETS"))
        or (key.endswith("_FILE") and not value.startswith("/run/secrets/"))
    ]  # fmt: skip
    faults += [
        f"{name}: {word}"
        for name, service in services(compose).items()
        for word in [*service.get("command", ()), *service.get("entrypoint", ())]
        if re.search(r"(password|passwd|token)\s*[=:]", str(word), re.IGNORECASE)
    ]
    asked = {
        *MONGO.secrets,
        *MYSQL.external_secrets,
        *(s for each in STACK.values() if each is not MYSQL for s in each.secrets),
    }
    faults += sorted(asked ^ compose["secrets"].keys())
    unused = compose["secrets"].keys() - {
        name for each in services(compose).values() for name in each.get("secrets", ())
    }
    return faults + sorted(unused) + [name for name, each in compose["secrets"].items() if list(each) != ["file"]]


def is_pinned(compose: Document) -> list[str]:
    """Every image says a version, and ours is the code's."""
    images = {name: service["image"] for name, service in services(compose).items()}
    ours = {name for name, image in images.items() if image.startswith("tillstream")}
    return [
        image for name, image in images.items()
        if not PINNED.search(image) or (name in ours and not image.endswith(f":{__version__}"))
    ]  # fmt: skip


def names_settings(compose: Document) -> list[str]:
    """Every TILLSTREAM_ variable, of the file and inside containers, is a setting."""
    known = {variable(setting.name) for setting in fields(Settings)}
    named = set(re.findall(r"\bTILLSTREAM_[A-Z_]+", FILE.read_text()))
    inside = {key for each in services(compose).values() for key in each.get("environment", {}) if "TILLSTREAM" in key}
    return sorted((named | inside) - known)


def keeps_data_in_volumes(compose: Document) -> list[str]:
    """Every volume is named and used; what comes from the checkout is there and read only."""
    mounts = [mount.split(":") for each in services(compose).values() for mount in each.get("volumes", ())]
    bound = [mount for mount in mounts if mount[0].startswith(".")]
    faults = [":".join(mount) for mount in bound if mount[2:] != ["ro"] or not (ROOT / mount[0]).exists()]
    return faults + sorted({mount[0] for mount in mounts if mount not in bound} ^ compose["volumes"].keys())


def stops_as_the_stack(compose: Document) -> list[str]:
    """Who needs time to stop has as much of it as in the embedded stack."""
    return [
        f"{name}: {services(compose)[name].get('stop_grace_period')}, not {service.stop_seconds} s"
        for name, service in STACK.items()
        if services(compose)[name].get("stop_grace_period") != f"{service.stop_seconds}s"
    ]


RULES: tuple[Callable[[Document], list[str]], ...] = (
    names_are_the_stacks, starts_in_order, is_confined, fits_the_machine, publishes_pages_only, keeps_secrets,
    is_pinned, names_settings, keeps_data_in_volumes, stops_as_the_stack,
)  # fmt: skip

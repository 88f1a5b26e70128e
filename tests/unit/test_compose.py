"""docker-compose.yml is valid, keeps its rules, and runs the servers with the embedded stack's settings."""

import copy
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from stack import kafka, mongo, mysql, postgres
from stack.services import named
from tests.compose import (
    FILE,
    ROOT,
    RULES,
    STACK,
    Document,
    MissingVariableError,
    document,
    interpolated,
    services,
)
from tests.unit.test_docs_commands import Line, check, commands
from tillstream.cli import command as tillstream
from tillstream.settings import Settings
from tillstream.stores import mongo_server

DOCKER = ROOT / "docker"
SCHEMA = json.loads((ROOT / "tests" / "compose_spec" / "compose-spec.json").read_text())
COMPOSE = document({"TILLSTREAM_SECRETS": "/secrets"})
SETTINGS = Settings(home=Path("/home"))


def test_the_file_keeps_the_compose_specification() -> None:
    jsonschema.Draft7Validator(SCHEMA).validate(COMPOSE)


@pytest.mark.parametrize("key", ["imagee", "depends", "ports "])
def test_the_schema_finds_a_wrong_key(key: str) -> None:
    wrong = copy.deepcopy(COMPOSE)
    wrong["services"]["kafka"][key] = "x"

    with pytest.raises(jsonschema.ValidationError, match=re.escape(key)):
        jsonschema.Draft7Validator(SCHEMA).validate(wrong)


def test_a_missing_folder_of_passwords_stops_with_the_variables_name() -> None:
    with pytest.raises(MissingVariableError, match=r"TILLSTREAM_SECRETS: set TILLSTREAM_SECRETS to the folder"):
        document({})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$$@", "$@"), ("${A}", "1"), ("${B:-2}", "2"), ("${B:--1}", "-1"),
        ("${B:-x:${A:-3}}", "x:1"), ("${B:-x:${B:-3}}", "x:3"),
    ],
)  # fmt: skip
def test_variables_are_put_in_as_compose_does(text: str, value: str) -> None:
    assert interpolated(text, {"A": "1"}) == value


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_rule_holds(rule: Callable[[Document], list[str]]) -> None:
    assert rule(COMPOSE) == []


def broken(*path: str, value: Any) -> Document:
    """The file with another value somewhere; None takes it away."""
    wrong = copy.deepcopy(COMPOSE)
    place = wrong
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return wrong


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("services", "superset"), None),
        (("services", "stream", "healthcheck"), None),
        (("services", "prepare", "restart"), "always"),
        (("services", "stream", "depends_on", "prepare", "condition"), "service_started"),
        (("services", "mysql", "user"), "0:0"),
        (("services", "mysql", "user"), None),
        (("services", "kafka", "read_only"), False),
        (("services", "kafka", "cap_add"), ["SYS_ADMIN"]),
        (("services", "mongo", "mem_limit"), "4g"),
        (("services", "mongo", "mem_limit"), None),
        (("services", "airflow", "ports"), ["18080:18080"]),
        (("services", "airflow", "ports"), ["0.0.0.0:18080:18080"]),
        (("services", "kafka", "ports"), ["127.0.0.1:9092:9092"]),
        (("services", "mysql", "networks"), ["stores", "pages"]),
        (("services", "mysql", "environment", "MYSQL_ROOT_PASSWORD"), "secret"),
        (("services", "tillstream", "command"), ["--password=secret"]),
        (("secrets", "mysql_bi"), None),
        (("secrets", "mysql_bi"), {"environment": "MYSQL_BI"}),
        (("services", "postgres", "image"), "postgres:latest"),
        (("services", "stream", "image"), "tillstream:0.0.1"),
        (("services", "stream", "environment", "TILLSTREAM_SPEED"), "high"),
        (("services", "kafka", "volumes"), ["kafka:/data", "./docker/kafka:/etc/tillstream"]),
        (("volumes", "kafka"), None),
        (("services", "stream", "stop_grace_period"), "10s"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else str(value),
)
def test_what_breaks_a_rule_is_found(path: tuple[str, ...], value: Any) -> None:
    assert [rule.__name__ for rule in RULES if rule_finds(rule, broken(*path, value=value))]


def rule_finds(rule: Callable[[Document], list[str]], wrong: Document) -> bool:
    try:
        return bool(rule(wrong))
    except KeyError:  # what a rule looks at is not there at all
        return True


def properties(text: str) -> dict[str, str]:
    lines = [line for line in text.replace("\\\n", "").splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_kafka_has_the_embedded_settings_but_addresses() -> None:
    ours = properties((DOCKER / "kafka" / "server.properties").read_text())
    embedded = properties(
        kafka.PROPERTIES.format(
            port=1, controller_port=2, data="log", secrets="/run/secrets", message_bytes=ours["message.max.bytes"]
        )
    )
    addresses = {"controller.quorum.voters", "listeners", "advertised.listeners"}

    assert {key: value for key, value in ours.items() if key not in addresses} == {
        key: value for key, value in embedded.items() if key not in addresses
    }
    assert int(ours["message.max.bytes"]) == int(properties(kafka._properties(SETTINGS, "log"))["message.max.bytes"])
    assert (DOCKER / "kafka" / "log4j2.properties").read_text() == kafka.LOGGING


def options(name: str) -> set[str]:
    return set(services(COMPOSE)[name]["command"])


def test_mongodb_has_the_embedded_options_but_paths_and_a_smaller_cache() -> None:
    smaller = {option for option in mongo.COMMON if "CacheSizeGB" in option}

    assert set(mongo.COMMON) - smaller <= options("mongo")
    assert f"--replSet={mongo_server.REPLICA_SET}" in options("mongo")
    address = services(COMPOSE)["prepare"]["environment"]["TILLSTREAM_MONGO"]
    assert address.endswith(f"?replicaSet={mongo_server.REPLICA_SET}")


def test_mysql_has_the_embedded_options_that_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stack.programs.server", Path)
    embedded = set(mysql._launch(Settings(home=tmp_path)).command)
    own = {
        option
        for option in embedded
        if re.search(r"path|=/|/|datadir|bind|--port|defaults|user=|log-warnings|lower-case", option)
    }
    mariadbs = {"mariadbd", "--collation-server=utf8mb4_nopad_bin"}

    assert len(embedded - own - mariadbs) > 8
    assert embedded - own - mariadbs <= options("mysql")


def test_postgresql_has_the_embedded_options_but_addresses() -> None:
    addresses = {"listen_addresses", "unix_socket_permissions"}

    assert options("postgres") == {
        "postgres",
        *(f"-c{k}={v}" for k, v in postgres.OPTIONS.items() if k not in addresses),
    }


def test_every_container_of_ours_runs_a_service_of_the_stack() -> None:
    commands = {name: each.get("command", []) for name, each in services(COMPOSE).items()}
    run = {name: words for name, words in commands.items() if words[:1] == ["run"]}

    assert {name: named(words[1]).name for name, words in run.items()} == {name: name for name in run}
    assert run.keys() == STACK.keys() - {"kafka", "mongo", "mysql", "postgres"}


ASKS = re.compile(r'\b(connect|events|rejects|TopicReader|from_kafka)\([^()]*settings, "(\w+)"')
SERVER_OF = {"connect": "mysql", "TopicReader": "kafka", "from_kafka": "kafka"}


@pytest.mark.parametrize(
    ("container", "sources", "number"),
    [("stream", ["stack/stream.py", "jobs/streaming"], 3), ("airflow-scheduler", ["jobs/batch", "expectations"], 3)],
)
def test_a_container_has_the_passwords_that_its_code_asks_for(container: str, sources: list[str], number: int) -> None:
    files = [file for source in sources for file in [*(ROOT / source).rglob("*.py"), ROOT / source] if file.is_file()]
    asked = {
        f"{SERVER_OF.get(function, 'mongo')}_{account}"
        for file in files
        for function, account in ASKS.findall(file.read_text())
    }

    assert len(asked) == number
    assert asked <= set(services(COMPOSE)[container]["secrets"])


SHOWN = [line for line in commands("docker") if line.words[0] == "compose" and len(line.words) > 1]


def test_the_documents_show_commands_for_containers() -> None:
    assert len(SHOWN) > 15


@pytest.mark.parametrize("line", SHOWN, ids=str)
def test_a_command_for_containers_that_is_shown_exists(line: Line) -> None:
    action, *words = [word for word in line.words[1:] if word not in {"--profile", "tools"}]
    known = services(COMPOSE).keys()
    if action == "run" and "--entrypoint" not in words:
        check(tillstream, tuple(words[words.index("tillstream") + 1 :]))
    elif action in {"exec", "run"}:
        assert known & set(words)
    elif action in {"logs", "restart", "start", "stop"}:
        assert not words or words[-1] in known
    else:
        assert action in {"build", "down", "ps", "up"}


def copied_checkout(folder: Path) -> Path:
    (folder / "docker").mkdir()
    shutil.copy(FILE, folder)
    for script in DOCKER.glob("*.sh"):
        shutil.copy(script, folder / "docker")
    return folder


def test_the_script_makes_each_password_once(tmp_path: Path) -> None:
    checkout = copied_checkout(tmp_path)
    command = [checkout / "docker" / "secrets.sh"]
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    folder = checkout / ".secrets"
    made = {path.name: path.read_text() for path in folder.iterdir()}

    assert made.keys() == COMPOSE["secrets"].keys()
    assert {len(password) for password in made.values()} == {48}
    assert len(set(made.values())) == len(made)
    assert (folder.stat().st_mode & 0o777, (checkout / ".env").stat().st_mode & 0o777) == (0o700, 0o600)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
    assert (checkout / ".env").read_text() == f"TILLSTREAM_SECRETS={folder}\n"
    assert not [password for password in made.values() if password in first.stdout + first.stderr]

    (folder / "mysql_bi").unlink()
    again = subprocess.run(command, capture_output=True, text=True, check=True)
    assert again.stdout.split(":")[1].split() == ["mysql_bi"]
    assert {name for name, password in made.items() if (folder / name).read_text() != password} == {"mysql_bi"}


def test_the_linter_of_dockerfiles_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_the_images_hold_what_the_dockerfile_copies_and_nothing_private() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    text = (DOCKER / "Dockerfile").read_text()
    copied = set(re.findall(r"^COPY --from=build /opt/tillstream/([a-z]\S*) ", text, re.MULTILINE))

    assert copied - {"pyproject.toml"} < allowed
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    assert not {".git", ".secrets", ".env", ".tillstream", "tests"} & allowed
    assert "USER 10001:10001\n" in text

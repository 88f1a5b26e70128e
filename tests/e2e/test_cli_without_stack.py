"""Every command where nothing was ever started: one clear message, and an exit code that a script can act on."""

import time
from pathlib import Path

import pytest

from tests.e2e.command_line import CommandLine

READING = [
    ["answers"],
    ["answers", "--json"],
    ["answers", "--as-of", "2019-04-30"],
    ["verify"],
    ["verify", "--json"],
    ["explain", "--month", "2019-04"],
    ["explain", "--month", "2019-04", "--product", "x", "--json"],
    ["forecast"],
    ["forecast", "--product", "x", "--json"],
    ["plan"],
    ["plan", "--budget", "0", "--json"],
    ["explain", "--plan", "--product", "x"],
    ["orders", "list"],
    ["orders", "add", "x", "3"],
    ["uplifts", "list", "--json"],
    ["rejects", "list"],
    ["rejects", "list", "--json"],
    ["rejects", "show", "sales-0-1"],
    ["logs", "stream"],
    ["restart", "stream"],
]


@pytest.mark.parametrize("arguments", READING, ids=" ".join)
def test_a_reading_command_says_what_is_missing(nowhere: CommandLine, arguments: list[str]) -> None:
    begun = time.monotonic()
    output, errors = nowhere.run(*arguments, code=1)

    assert output == ""
    assert errors.startswith("tillstream: ")
    assert "tillstream up" in errors
    assert len(errors.splitlines()) <= 3
    assert time.monotonic() - begun < 15
    assert not nowhere.home.exists(), "a look must leave nothing behind"


def test_servers_that_are_down_are_a_failure_for_now(nowhere: CommandLine) -> None:
    folder = nowhere.home / "secrets"
    folder.mkdir(parents=True)
    for name in ("mysql_operator", "mongo_operator"):
        (folder / name).write_text("x")
    closed = {"TILLSTREAM_MYSQL": "127.0.0.1:1", "TILLSTREAM_MONGO": "127.0.0.1:1/?directConnection=true"}
    for arguments in (
        ["answers"],
        ["verify"],
        ["explain", "--month", "2019-04"],
        ["rejects", "list"],
        ["plan"],
        ["forecast"],
    ):
        output, errors = nowhere.run(*arguments, code=75, **closed)
        assert output == ""
        assert errors.startswith("tillstream: ")
        assert "tillstream status" in errors


def test_status_shows_services_that_do_not_run(nowhere: CommandLine) -> None:
    output, _ = nowhere.run("status", code=1)
    told = nowhere.json("status", code=1)

    assert "stopped" in output
    assert {(service["state"], service["healthy"]) for service in told["services"]} == {("stopped", False)}
    assert told["freshness"] == []


def test_down_where_nothing_runs_is_done_already(nowhere: CommandLine) -> None:
    assert nowhere.run("down")[0] == "The stack is down.\n"


def test_wrong_settings_are_told_at_once(nowhere: CommandLine) -> None:
    wrong = {"TILLSTREAM_CURRENCY": "kyat", "TILLSTREAM_MYSQL_PORT": "many"}
    _, errors = nowhere.run("answers", code=1, **wrong)

    assert "TILLSTREAM_CURRENCY='kyat'" in errors
    assert "TILLSTREAM_MYSQL_PORT='many'" in errors


@pytest.mark.parametrize(
    "arguments",
    [["sell"], ["answers", "--as-of", "soon"], ["explain"], ["import"], ["rejects", "replay"], ["answers", "--jsn"]],
    ids=" ".join,
)
def test_wrong_usage_shows_how_it_is_right(nowhere: CommandLine, arguments: list[str]) -> None:
    _, errors = nowhere.run(*arguments, code=2)

    assert errors.startswith("Usage: tillstream")
    assert "Error: " in errors


@pytest.fixture
def till(nowhere: CommandLine) -> CommandLine:
    """The same, with the password of a till."""
    folder = nowhere.home / "secrets"
    folder.mkdir(parents=True)
    (folder / "kafka_till").write_text("x")
    return nowhere


def files(folder: Path) -> dict[str, tuple[Path, str]]:
    """What an import cannot read, each with the words that say why."""
    binary, empty, unknown, folderful = (folder / name for name in ("x.csv", "empty.csv", "unknown.csv", "none"))
    binary.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 20)
    empty.touch()
    unknown.write_text("Bill No,SKU\n1,2\n")
    folderful.mkdir()
    gzipped = folder / "broken.csv.gz"
    gzipped.write_bytes(b"\x1f\x8b\x08\0\0\0\0\0broken")
    return {
        "missing": (folder / "missing.csv", "missing.csv"),
        "binary": (binary, "x.csv"),
        "empty": (empty, "empty.csv"),
        "unknown": (unknown, "Bill No"),
        "an empty folder": (folderful, "none"),
        "broken gzip": (gzipped, "broken.csv.gz"),
    }


@pytest.mark.parametrize("name", ["missing", "binary", "empty", "unknown", "an empty folder", "broken gzip"])
def test_a_file_that_cannot_be_imported_is_named(till: CommandLine, tmp_path: Path, name: str) -> None:
    path, words = files(tmp_path)[name]
    for command in (["import", "--dry-run", str(path)], ["import", str(path)]):
        _, errors = till.run(*command, code=1)
        assert errors.startswith("tillstream: ")
        assert words in errors


def test_an_import_without_a_kafka_says_so_before_it_sends(till: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text("order_id,product_id,quantity,unit_price,sold_at\n1,longyi,2,700,2019-04-15 10:00\n")
    begun = time.monotonic()
    _, errors = till.run("import", path, code=75, TILLSTREAM_KAFKA="127.0.0.1:1")

    assert errors.startswith("tillstream: Kafka does not answer")
    assert time.monotonic() - begun < 60


def test_a_dry_run_needs_no_stack(nowhere: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "sales.csv"
    path.write_text(
        "order_id,product_id,quantity,unit_price,sold_at\n"
        "1,longyi,2,700,2019-04-15 10:00\n"
        "2,longyi,0,700,2019-04-15 10:00\n"
    )
    summary = nowhere.json("import", "--dry-run", path)

    assert (summary["total"]["sent"], summary["total"]["refused"]) == (1, {"bad_quantity": 1})
    assert sorted(each.name for each in tmp_path.iterdir()) == ["sales.csv"]

"""The command line: wrong usage is exit code 2, a failure is one message without a traceback, output is plain."""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

import tillstream.cli
from tillstream.cli import command, main
from tillstream.cli.output import amount, print_json, print_table
from tillstream.errors import TerminalError, TransientError

COMMANDS = [
    "answers", "doctor", "down", "explain", "forecast", "gaps", "import", "logs", "nightly", "notify", "orders", "plan",
    "products", "rejects", "repair", "restart", "simulate", "status", "up", "uplifts", "verify",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLSTREAM_HOME", str(tmp_path))


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    result = run(name, "--help")

    assert result.exit_code == 0
    assert len(result.output.splitlines()[2]) > 20


def test_the_promised_commands_are_there() -> None:
    assert set(command.commands) >= set(COMMANDS)
    assert run("--version").output.startswith("tillstream, version ")


@pytest.mark.parametrize(
    "arguments",
    [
        ["sell"],
        ["answers", "--as-of", "04/30/2019"],
        ["answers", "--as-of", "2019-02-30"],
        ["answers", "extra"],
        ["explain"],
        ["explain", "--month", "2019-4"],
        ["nightly", "--month", "2019-13"],
        ["nightly", "--month", "2019-04-01"],
        ["rollback", "--to", "0"],
        ["explain", "--month", "2019-13"],
        ["explain", "--forecast"],
        ["explain", "--plan"],
        ["explain", "--plan", "--forecast", "--product", "x"],
        ["forecast", "--month", "April"],
        ["plan", "--budget", "-1"],
        ["plan", "--budget", "much"],
        ["plan", "--budget", "NaN"],
        ["plan", "--budget", "1.234"],
        ["plan", "--currency", "MMK"],
        ["plan", "--budget", "1", "--currency", "kyat"],
        ["orders", "add", "x"],
        ["orders", "add", "x", "0"],
        ["orders", "add", "x", "-3"],
        ["orders", "add", "x", "1.5"],
        ["orders", "add", "x", "3", "--due", "tomorrow"],
        ["orders", "received", "0"],
        ["orders", "received", "1", "0"],
        ["uplifts", "set", "2026-12"],
        ["uplifts", "set", "2026-12-01", "1.2"],
        ["uplifts", "set", "2026-12", "much"],
        ["uplifts", "set", "2026-12", "1.2345"],
        ["uplifts", "set", "2026-12", "Infinity"],
        ["import"],
        ["import", "x.csv", "--duplicates", "some"],
        ["import", "x.csv", "--columns", "order_id"],
        ["import", "x.csv", "--columns", "order_id=,quantity=Qty"],
        ["import", "x.csv", "--duplicate", "drop", "--no-such-option"],
        ["products", "import"],
        ["simulate", "shop"],
        ["simulate", "shop", "--out", "x", "--months", "0"],
        ["simulate", "shop", "--out", "x", "--months", "many"],
        ["simulate", "shop", "--out", "x", "--until", "soon"],
        ["rejects", "list", "--most", "0"],
        ["rejects", "replay"],
        ["rejects", "replay", "sales-0-1", "--reason", "bad_id"],
        ["rejects", "replay", "sales-0-1", "sales-0-2", "--with", __file__],
        ["rejects", "replay", "--reason", "bad_id", "--with", __file__],
        ["rejects", "replay", "sales-0-1", "--with", "/no/such/file"],
        ["rejects", "show"],
        ["restart"],
        ["logs", "stream", "--lines", "0"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_exit_code_2_and_shows_how(arguments: Sequence[str]) -> None:
    result = run(*arguments)

    assert result.exit_code == 2
    assert "Usage: " in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("error", "code"), [(TerminalError("It broke.", "Mend it."), 1), (TransientError("It is away.", "Try again."), 75)]
)
def test_a_failure_is_one_message_and_its_exit_code(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(tillstream.cli, "command", fail)
    with pytest.raises(SystemExit) as caught:
        main()

    assert caught.value.code == code
    assert capsys.readouterr().err == f"tillstream: {error}\n"


def test_a_wrong_setting_is_told_by_every_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILLSTREAM_CURRENCY", "kyat")
    for arguments in (
        ["answers"], ["verify"], ["status"], ["up"], ["rejects", "list"], ["explain", "--month", "2019-04"], ["plan"],
        ["forecast"], ["orders", "list"], ["orders", "received", "1"], ["uplifts", "set", "2026-12", "2"],
    ):  # fmt: skip
        with pytest.raises(TerminalError, match="TILLSTREAM_CURRENCY='kyat'"):
            command.main(arguments, standalone_mode=False)


def test_the_log_of_a_service_that_never_ran_says_what_starts_it() -> None:
    with pytest.raises(TerminalError, match="no log of stream yet"):
        command.main(["logs", "stream"], standalone_mode=False)
    with pytest.raises(TerminalError, match=r"no service 'till'.*\n.*kafka, mongo, mysql, stream"):
        command.main(["logs", "till"], standalone_mode=False)


def test_the_end_of_a_log_is_shown_whatever_bytes_are_in_it(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "stream.log").write_bytes(b"one\ntwo \xff\nthree\n")

    assert run("logs", "stream", "--lines", "2").output == "two \\xff\nthree\n"


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("1812742.87", "1,812,742.87"), ("700", "700"), ("0.05", "0.05"), ("-1234.50", "-1,234.50"),
        ("-0.05", "-0.05"), ("1000", "1,000"), ("0", "0"),
    ],
)  # fmt: skip
def test_amounts_are_shown_with_separated_thousands(plain: str, shown: str) -> None:
    assert amount(plain) == shown


def test_a_table_in_a_pipe_is_whole_and_numbers_stand_to_the_right(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Things", ("thing", "units"), [("Longyi [bold]" + "x" * 100, 1_234), ("ပုဆိုး", None)])
    output = capsys.readouterr().out

    assert "Longyi [bold]" + "x" * 100 in output
    assert "│ 1,234 │" in output
    assert "\x1b" not in output


def test_a_long_table_says_how_much_it_leaves_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Things", ("n",), ((n,) for n in range(1_005)), most=5)
    output = capsys.readouterr().out

    assert "│ 4 │" in output
    assert "│ 5 │" not in output
    assert output.endswith("… and 1,000 more.\n")


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("Things", ("n",), [])

    assert capsys.readouterr().out == "Things: none\n"


def test_json_keeps_text_and_days_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    class Thing(msgspec.Struct):
        name: str
        day: date
        revenue: str

    print_json([Thing("ပုဆိုး", date(2019, 4, 30), "34465537.94")])

    assert json.loads(capsys.readouterr().out) == [{"name": "ပုဆိုး", "day": "2019-04-30", "revenue": "34465537.94"}]

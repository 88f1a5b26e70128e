"""The batch jobs' command lines: what they take, what they print, how they end."""

import argparse

import pytest

from jobs.batch import open_cut, recount, watch_stream
from jobs.batch.command import parser, run
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings


def attempt(work: object, *arguments: str) -> int:
    return run(parser("A job."), work, arguments)  # type: ignore[arg-type]


def test_a_job_prints_one_sentence_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    def work(_settings: Settings, chosen: argparse.Namespace) -> str:
        return f"Done for {chosen.run}."

    assert attempt(work, "--run", "manual__2026-11-25") == 0
    assert capsys.readouterr() == ("Done for manual__2026-11-25.\n", "")


@pytest.mark.parametrize(("error", "code"), [(TerminalError, 1), (TransientError, 75)])
def test_a_failure_is_told_on_stderr_with_its_remedy(
    capsys: pytest.CaptureFixture[str], error: type[TerminalError | TransientError], code: int
) -> None:
    def work(_settings: Settings, _chosen: argparse.Namespace) -> str:
        raise error("It broke.", "Mend it.")

    assert attempt(work, "--run", "r") == code
    assert capsys.readouterr() == ("", "tillstream: It broke.\nMend it.\n")


@pytest.mark.parametrize("arguments", [(), ("--run",), ("--run", "r", "--else")])
def test_wrong_usage_has_an_exit_code_of_its_own(arguments: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        attempt(lambda *_: "never", *arguments)
    assert ended.value.code == 2


@pytest.mark.parametrize(
    "arguments",
    [("--month", "2026-13"), ("--month", "2026-1"), ("--month", "May"), ("--month", "2026-05", "--full")],
)
def test_a_cut_is_opened_for_a_month_or_for_all_but_not_for_nonsense(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr("sys.argv", ["open_cut", "--run", "r", *arguments])
    with pytest.raises(SystemExit) as ended:
        open_cut.main()
    assert ended.value.code == 2


@pytest.mark.parametrize("job", [open_cut, recount, watch_stream])
def test_a_job_explains_itself(
    job: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["job", "--help"])
    with pytest.raises(SystemExit) as ended:
        job.main()  # type: ignore[attr-defined]
    assert ended.value.code == 0
    assert (job.__doc__ or "").splitlines()[0] in capsys.readouterr().out

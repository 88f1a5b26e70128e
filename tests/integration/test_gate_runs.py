"""The gate refuses whatever it could not prove: a check that raised, or did not run, or a suite without any."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expectations import CANDIDATE, SLICE, data_docs, declared, gate, suites, validation
from expectations.checks import Check, Severity, Subject
from tests.gate_night import CANDIDATE as GENERATION
from tests.gate_night import RUN
from tests.integration.gate_calls import changed, left, owner, refused
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings
from tillstream.stores.mysql import Connection, Cursor, connect, transaction

__all__ = ["owner"]

THINGS = Subject("things", "Things.", "SELECT 1 AS `thing`", "`thing`", "Look.", (), "1")


def with_subject(monkeypatch: pytest.MonkeyPatch, *subjects: Subject) -> None:
    monkeypatch.setitem(suites.SUITES, CANDIDATE, subjects)


def run_gate(settings: Settings, stage: str, program: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
    """The command itself, in a process of its own, behind some lines of Python."""
    code = f"import sys\n{program}\nfrom expectations.gate import main\nsys.exit(main(['{stage}', '--run', '{RUN}']))"
    environment = os.environ | {"TILLSTREAM_HOME": str(settings.home)} | variables
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_a_suite_without_checks_refuses(
    servers: Settings, owner: "Connection[Cursor]", monkeypatch: pytest.MonkeyPatch
) -> None:
    with_subject(monkeypatch)

    assert "The suite of the stage 'candidate' has no checks" in refused(servers, CANDIDATE).what
    assert left(owner, CANDIDATE) == {}


@pytest.mark.parametrize("severity", Severity)
def test_a_check_that_raises_refuses_whatever_its_severity(
    servers: Settings, owner: "Connection[Cursor]", monkeypatch: pytest.MonkeyPatch, severity: Severity
) -> None:
    broken = Check("broken", "It asks for what is not there.", "`nothing` = 1", severity)
    sound = replace(THINGS, name="others", checks=(Check("sound", "It holds.", "`thing` = 1"),))
    with_subject(monkeypatch, replace(THINGS, checks=(broken,)), sound)

    refusal = refused(servers, CANDIDATE)

    assert "2 of the 4 checks of the candidate refuse: things: 2 checks raised an error" in refusal.what
    assert "Unknown column 'nothing'" in refusal.what
    assert left(owner, CANDIDATE)["things.broken"][:3] == ("critical", False, "raised an error")
    assert left(owner, CANDIDATE)["others.sound"][:3] == ("critical", True, "0 of 1 rows break it")


def test_a_condition_that_is_neither_true_nor_false_is_broken(
    servers: Settings, owner: "Connection[Cursor]", monkeypatch: pytest.MonkeyPatch
) -> None:
    with_subject(monkeypatch, replace(THINGS, checks=(Check("unknown", "It is known.", "NULL = 1"),)))

    assert "things.unknown: 1 of 1 rows break it" in refused(servers, CANDIDATE).what


def test_an_empty_subject_passes_only_where_nothing_has_to_be(
    servers: Settings, owner: "Connection[Cursor]", monkeypatch: pytest.MonkeyPatch
) -> None:
    holds = (Check("holds", "It holds.", "`thing` = 1"),)
    empty = replace(THINGS, rows="SELECT 1 AS `thing` FROM DUAL WHERE FALSE", checks=holds)
    with_subject(monkeypatch, replace(empty, floor="0"))
    assert "none refuses" in gate.check(servers, CANDIDATE, RUN)

    with_subject(monkeypatch, empty)
    assert "things.rows: 0 rows, 1 too few" in refused(servers, CANDIDATE).what


def test_a_check_that_was_left_out_refuses(
    servers: Settings, owner: "Connection[Cursor]", monkeypatch: pytest.MonkeyPatch
) -> None:
    run = validation.validated

    def all_but_one(*arguments: Any) -> Any:
        outcomes, result = run(*arguments)
        return [each for each in outcomes if each.check_name != "truth_sales_by_day.revenue"], result

    monkeypatch.setattr(validation, "validated", all_but_one)

    assert "truth_sales_by_day.revenue: did not run" in refused(servers, CANDIDATE).what
    assert len(left(owner, CANDIDATE)) == len(declared(CANDIDATE))


def test_without_great_expectations_nothing_passes(servers: Settings, owner: "Connection[Cursor]") -> None:
    assert "none refuses" in gate.check(servers, SLICE, RUN)

    run = run_gate(servers, SLICE, "sys.modules['great_expectations'] = None")

    assert run.returncode == 1
    assert run.stderr.startswith("tillstream: Great Expectations cannot be imported: ")
    assert "`make setup` installs it." in run.stderr
    found = left(owner, SLICE)
    assert len(found) == len(declared(SLICE))
    assert {observed for _, _, observed, *_ in found.values()} == {"did not run"}


def test_a_gate_that_is_cut_off_leaves_no_earlier_result(
    servers: Settings, owner: "Connection[Cursor]", monkeypatch: pytest.MonkeyPatch
) -> None:
    gate.check(servers, SLICE, RUN)

    def cut_off(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(validation, "validated", cut_off)
    with pytest.raises(KeyboardInterrupt):
        gate.check(servers, SLICE, RUN)

    assert {detail for *_, detail, _ in left(owner, SLICE).values()} == {"the gate was cut off"}


def test_the_command_says_what_it_did_and_tells_no_password(servers: Settings, owner: "Connection[Cursor]") -> None:
    done = run_gate(servers, CANDIDATE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("checks of the candidate ran; 0 of them warn, none refuses.")

    changed(owner, "UPDATE `truth_sales_by_day` SET `revenue` = 0 WHERE `generation` = 2 LIMIT 1")
    refusing = run_gate(servers, CANDIDATE)
    assert refusing.returncode == 1
    assert "truth_sales_by_day.revenue: 1 of 86 rows break it" in refusing.stderr
    assert "Traceback" not in refusing.stderr
    page = (servers.home / data_docs.FOLDER / str(GENERATION) / "candidate.html").read_text()
    for text in (done.stdout, done.stderr, refusing.stdout, refusing.stderr, page):
        assert servers.secret("mysql_batch") not in text


def test_a_database_that_is_away_is_a_passing_failure(servers: Settings) -> None:
    run = run_gate(servers, SLICE, TILLSTREAM_MYSQL="127.0.0.1:1")

    assert run.returncode == 75
    assert "the MySQL server at 127.0.0.1:1 failed for now" in run.stderr


def test_a_database_that_is_lost_in_the_middle_is_a_passing_failure(
    servers: Settings, owner: "Connection[Cursor]", monkeypatch: pytest.MonkeyPatch
) -> None:
    killer = connect(servers, "batch")

    def lost(settings: Settings, account: str) -> "Connection[Cursor]":
        connection = connect(settings, account)
        kill_at_the_first_check(killer, connection)
        return connection

    monkeypatch.setattr(validation, "connect", lost)
    with pytest.raises(TransientError):
        gate.check(servers, CANDIDATE, RUN)

    assert {observed for _, _, observed, *_ in left(owner, CANDIDATE).values()} == {"did not run"}


def kill_at_the_first_check(killer: "Connection[Cursor]", connection: "Connection[Cursor]") -> None:
    query, thread = connection.query, connection.thread_id()  # type: ignore[no-untyped-call]

    def killing(sql: Any, unbuffered: bool = False) -> int:
        if "rows_seen" in str(sql) and killer.open:
            with killer.cursor() as cursor:
                cursor.execute(f"KILL CONNECTION {thread}")
            killer.close()
        return query(sql, unbuffered)

    connection.query = killing  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("stage", "column", "task"), [(SLICE, "profiled_at", "profile_slice"), (CANDIDATE, "recounted_at", "recount")]
)
def test_what_was_not_made_to_the_end_is_not_checked(
    servers: Settings, owner: "Connection[Cursor]", stage: str, column: str, task: str
) -> None:
    changed(owner, f"UPDATE `generations` SET `{column}` = NULL WHERE `generation` = {GENERATION}")

    assert f"The task `{task}` comes first." in refused(servers, stage).remedy
    assert {observed for _, _, observed, *_ in left(owner, stage).values()} == {"did not run"}


def test_a_run_that_has_opened_no_cut_is_named(servers: Settings, owner: "Connection[Cursor]") -> None:
    with pytest.raises(TerminalError, match="'nobody' has opened no cut"):
        gate.check(servers, SLICE, "nobody")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE `layers` SET `published_epoch` = 3",
     f"UPDATE `generations` SET `published_at` = UTC_TIMESTAMP(3) WHERE `generation` = {GENERATION}"],
)  # fmt: skip
def test_a_night_that_is_over_keeps_its_results(servers: Settings, owner: "Connection[Cursor]", statement: str) -> None:
    gate.check(servers, SLICE, RUN)
    before = left(owner, SLICE)
    changed(owner, statement, "DELETE FROM `slice_profile`")

    assert "there is nothing to decide" in gate.check(servers, SLICE, RUN)
    assert left(owner, SLICE) == before


def test_results_of_a_candidate_that_was_recounted_meanwhile_are_dropped(
    servers: Settings, owner: "Connection[Cursor]", monkeypatch: pytest.MonkeyPatch
) -> None:
    run = validation.validated

    def overtaken(*arguments: Any) -> Any:
        found = run(*arguments)
        changed(owner, f"UPDATE `generations` SET `recounts` = 2 WHERE `generation` = {GENERATION}")
        return found

    monkeypatch.setattr(validation, "validated", overtaken)

    with pytest.raises(TransientError, match="made anew while it was checked"):
        gate.check(servers, CANDIDATE, RUN)
    assert {observed for _, _, observed, *_ in left(owner, CANDIDATE).values()} == {"did not run"}


def test_a_night_whose_base_was_replaced_is_refused(servers: Settings, owner: "Connection[Cursor]") -> None:
    changed(owner, "UPDATE `layers` SET `published_epoch` = 1")

    assert "goes on from cut 2, and readers see cut 1" in refused(servers, CANDIDATE).what


def test_data_docs_load_nothing_from_elsewhere_and_old_ones_go(
    servers: Settings, owner: "Connection[Cursor]", monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = servers.home / data_docs.FOLDER
    shutil.rmtree(folder, ignore_errors=True)  # other tests' nights, on the same servers, are younger ones
    monkeypatch.setattr(data_docs, "KEPT", 2)
    for generation in ("0", "1"):
        (folder / generation).mkdir(parents=True, exist_ok=True)
    changed(owner, "UPDATE `truth_sales_by_day` SET `revenue` = 0 WHERE `generation` = 2 LIMIT 1")

    refused(servers, CANDIDATE)

    assert sorted(each.name for each in folder.iterdir()) == ["1", str(GENERATION)]
    page = (folder / str(GENERATION) / "candidate.html").read_text()
    assert "revenue: Revenue is gross less discount, to the cent." in page
    assert RUN in page
    assert "http" not in page
    assert "<script" not in page
    assert "belt" not in page


def test_great_expectations_is_imported_without_what_it_does_not_need_here() -> None:
    program = (
        "import sys, expectations.validation\n"
        "print({'pyspark', 'scipy.stats._stats_py', 'altair.vegalite'} & set(sys.modules))\n"
        "from scipy import stats; print(round(stats.norm.cdf(0), 1)); import pyspark; print(pyspark.__name__)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert run.stdout.split() == ["set()", "0.5", "pyspark"]


def test_great_expectations_leaves_nothing_behind(
    servers: Settings, owner: "Connection[Cursor]", tmp_path: Path
) -> None:
    run = run_gate(servers, SLICE, HOME=str(tmp_path), TMPDIR=str(tmp_path))

    assert run.returncode == 0, run.stderr
    assert list(tmp_path.iterdir()) == []


def test_results_are_replaced_and_never_added_to(servers: Settings, owner: "Connection[Cursor]") -> None:
    with transaction(owner) as cursor:
        cursor.execute(
            "INSERT INTO `quality_results` SELECT %s, 'candidate', 'an old check', 'critical', 1, '', '', '', 0, "
            "UTC_TIMESTAMP(3)",
            (RUN,),
        )
    gate.check(servers, CANDIDATE, RUN)
    gate.check(servers, CANDIDATE, RUN)

    assert set(left(owner, CANDIDATE)) == {check.check_name for check in declared(CANDIDATE)}

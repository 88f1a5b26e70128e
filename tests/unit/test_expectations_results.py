"""A verdict is made of what ran, and of what should have run."""

import pytest

from expectations.checks import ROWS, Check, Severity, Subject
from expectations.results import DID_NOT_RUN, RAISED, Outcome, judged, lines, refuse
from tillstream.errors import TerminalError

STRICT = Check("strict", "It holds.", "TRUE")
LENIENT = Check("lenient", "It holds, mostly.", "TRUE", Severity.WARNING)
THINGS = Subject("things", "Things.", "SELECT 1", "1", "Look at them.", (STRICT, LENIENT), "1")
CHECKS = [(THINGS, check) for check in THINGS.all_checks]


def outcomes(rows: int = 0, strict: int = 0, lenient: int = 0) -> list[Outcome]:
    numbers = {"rows": rows, "strict": strict, "lenient": lenient}
    return [Outcome(f"things.{name}", broken, 7) for name, broken in numbers.items()]


def test_checks_that_hold_pass_and_say_over_how_many_rows() -> None:
    results = judged(CHECKS, outcomes())

    assert [(result.name, result.passed, result.observed) for result in results] == [
        ("things.rows", True, "7 rows"),
        ("things.strict", True, "0 of 7 rows break it"),
        ("things.lenient", True, "0 of 7 rows break it"),
    ]
    refuse("candidate", results)


def test_a_warning_does_not_refuse() -> None:
    results = judged(CHECKS, outcomes(lenient=3))

    assert [result.name for result in results if not result.passed] == ["things.lenient"]
    refuse("candidate", results)


def test_a_critical_check_refuses_and_says_what_to_do() -> None:
    with pytest.raises(TerminalError) as caught:
        refuse("candidate", judged(CHECKS, outcomes(strict=2)))

    assert caught.value.what == "1 of the 3 checks of the candidate refuse: things.strict: 2 of 7 rows break it."
    assert caught.value.remedy == "Readers go on seeing the last publication. Look at them."


def test_too_few_rows_refuse() -> None:
    with pytest.raises(TerminalError, match=r"things\.rows: 7 rows, 4 too few"):
        refuse("candidate", judged(CHECKS, outcomes(rows=4)))


def test_a_warning_that_did_not_run_or_raised_refuses() -> None:
    without = judged(CHECKS, outcomes()[:2], "cut off")
    raised = judged(CHECKS, [*outcomes()[:2], Outcome("things.lenient", None, 0, "no such column")])

    assert without[2].observed == DID_NOT_RUN
    assert raised[2].observed == RAISED
    for results, said in ((without, r"things.lenient: did not run \(cut off\)"), (raised, r"\(no such column\)")):
        with pytest.raises(TerminalError, match=said):
            refuse("candidate", results)


def test_nothing_at_all_refuses() -> None:
    with pytest.raises(TerminalError, match="has no checks"):
        refuse("candidate", [])


def test_an_outcome_of_a_check_that_is_not_declared_proves_nothing() -> None:
    results = judged(CHECKS, [*outcomes()[1:], Outcome("things.other", 0, 7)])

    assert [result.name for result in results if not result.passed] == [f"things.{ROWS.name}"]


def test_checks_of_a_subject_that_raised_alike_are_told_as_one() -> None:
    raised = [Outcome(f"things.{name}", None, 0, "no such table") for name in ("rows", "strict")]

    assert lines(judged(CHECKS, [*raised, *outcomes(lenient=1)[2:]])) == [
        "things: 2 checks raised an error (no such table)",
        "things.lenient: 1 of 7 rows break it",
    ]

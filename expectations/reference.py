"""`docs/checks.md`, rendered from the suites: `make docs` writes it, a test compares."""

from expectations.checks import Subject
from expectations.suites import CANDIDATE, FORECAST, SLICE, SUITES, declared
from tillstream.reference_docs import CHECKOUT

PAGE = CHECKOUT / "docs" / "checks.md"

INTRODUCTION = f"""\
# What is checked before a night's truth, and a forecast, is published

Written by `make docs` from `expectations/`: change that, not this page.

A **critical** check that fails refuses the publication: readers go on seeing the last one, and the task is red and
names the check. A **warning** shows in the view `quality_checks` and publishes. A check that did not run or raised an
error refuses, whatever its severity. {len(declared(SLICE))} checks look at the raw slice before anything is recounted,
{len(declared(CANDIDATE))} at the candidate, {len(declared(FORECAST))} at a forecast with its plan.
Each looks at every row of its subject, on the server, in exact DECIMAL. Every subject has a check `rows` besides those
below: there are at least as many rows as there must be, for an empty table would pass all others.

Run one stage again with `python -m expectations.gate slice --run RUN`, or `candidate` or `forecast`; RUN is the run
as Airflow names it. The same as Data Docs, by night: `data_docs` in the state folder.
"""
TITLES = {SLICE: "The raw slice", CANDIDATE: "The candidate", FORECAST: "The forecast and its plan"}


def page() -> str:
    """The text of the page."""
    parts = [INTRODUCTION]
    for stage, title in TITLES.items():
        parts += [f"## {title}\n", *(_section(subject) for subject in SUITES[stage])]
    return "\n".join(parts)


def main() -> None:
    """Writes the page."""
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(CHECKOUT))


def _section(subject: Subject) -> str:
    lines = [f"### `{subject.name}`\n", f"{subject.meaning}\n", f"When one fails: {subject.remedy}\n"]
    lines += ["| check | severity | holds when |", "|---|---|---|"]
    lines += [f"| `{check.name}` | {check.severity} | {check.meaning} |" for check in subject.checks]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

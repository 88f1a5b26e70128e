"""`make test-faults [SEED=…]`: the whole fault suite, a line per scenario, the seed first."""

import os
import random
import sys

import pytest


class Tally:
    """Prints a line per scenario, and how many passed in the end."""

    def __init__(self) -> None:
        self.passed = self.failed = 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One scenario has ended, or could not begin."""
        if report.when == "call" or report.failed:
            self.passed += report.passed
            self.failed += report.failed
            outcome = "passed" if report.passed else "FAILED"
            print(f"\n{outcome}  {report.duration:7.1f} s  {report.nodeid.rpartition('::')[2]}", flush=True)
        if report.failed:  # the others may take another half an hour
            print(report.longreprtext, flush=True)


def main() -> int:
    """Runs the suite with the seed of TILLSTREAM_TEST_SEED, or with a new one; gives the exit code."""
    seed = os.environ.setdefault("TILLSTREAM_TEST_SEED", str(random.SystemRandom().randrange(1_000_000)))
    os.environ.setdefault("TILLSTREAM_TEST_KILLS", "200")
    print(f"seed {seed}: `make test-faults SEED={seed}` makes the same choices", flush=True)
    tally = Tally()
    code = pytest.main(["-q", "-s", "--no-header", "tests/faults"], plugins=[tally])
    print(f"\n{tally.passed} passed, {tally.failed} failed")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())

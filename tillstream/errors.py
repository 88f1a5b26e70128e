"""The two kinds of failure: one that may pass by itself, and one that somebody has to mend."""

import sys


class TillstreamError(Exception):
    """A failure said in one message: what happened to which thing, and what to do about it."""

    exit_code = 1

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}\n{remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy


class TransientError(TillstreamError):
    """The same call may succeed later: a server restarts, a lock is held, a network drops."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h, which supervisors and mail systems know


class TerminalError(TillstreamError):
    """The same call fails again until somebody changes something."""


def told(error: TillstreamError) -> int:
    """Prints a failure for people on stderr; gives the exit code."""
    print(f"tillstream: {error}", file=sys.stderr, flush=True)
    return error.exit_code

"""Becomes a service's process: `python -m stack.leash NAME`, as the supervisor starts it in its folder.

It ends what an earlier process of the service has left behind, waits a little longer after each of several quick
deaths, and binds the service to the supervisor: if that dies, however it dies, the service ends as well.
"""

import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

from stack import processes

PR_SET_PDEATHSIG = 1
SUPERVISOR = "supervisord"
OPEN_FILES = 65_536
QUICK_DEATH_SECONDS = 60
LONGEST_PAUSE_SECONDS = 30


def main(name: str) -> None:
    """Does not return: the service's program takes the place of this one."""
    home = Path(os.environ[processes.HOME_MARK])
    bind_to_supervisor(home)
    processes.end(home, [name])
    _wait_after_quick_deaths(Path(f"{name}.starts"))
    launch = json.loads(Path(f"{name}.json").read_text())
    _raise_file_limit()
    os.nice(launch["niceness"])
    os.chdir(launch["directory"])
    os.execve(launch["command"][0], launch["command"], os.environ | launch["environment"])  # noqa: S606 no shell is wanted


def bind_to_supervisor(home: Path) -> None:
    """From now on this process is asked to end when its parent is gone, also after it has become another program."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if not processes.is_part(os.getppid(), home, SUPERVISOR):  # it may have gone before the line above
        sys.exit("the supervisor has gone already")


def _wait_after_quick_deaths(starts: Path) -> None:
    """Not at all at first, then 1, 2, 4 … seconds while one start follows upon the other."""
    quick = 0
    if starts.exists() and time.time() - starts.stat().st_mtime < QUICK_DEATH_SECONDS:
        quick = int(starts.read_text() or 0) + 1
        time.sleep(min(2 ** (quick - 1), LONGEST_PAUSE_SECONDS))
    starts.write_text(str(quick))


def _raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


if __name__ == "__main__":
    main(sys.argv[1])

"""Which code is running, so that a figure can be made again by the code that made it."""

import subprocess
from functools import cache

from tillstream import __version__
from tillstream.settings import CHECKOUT

LONGEST = 64  # characters of the column that keeps it


@cache
def code_version() -> str:
    """The package's version, and in a checkout the commit with it: '0.1.0 4f1f4af-dirty'.

    An installed package needs no git: its version is all there is.
    """
    if not (CHECKOUT / ".git").exists():
        return __version__
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"], cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
    except OSError:  # a checkout on a machine without git
        return __version__
    return f"{__version__} {described.stdout.strip()}".strip()[:LONGEST]

"""The command `tillstream`, as a user types it."""

import os
import subprocess
import sys
from pathlib import Path

from tillstream.settings import Settings


def tillstream(settings: Settings, *arguments: object) -> str:
    """What the command prints. Raises RuntimeError when it fails."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("tillstream")), *map(str, arguments)],
        env=os.environ | {"TILLSTREAM_HOME": str(settings.home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"tillstream {arguments[0]} failed: {done.stderr or done.stdout}")
    return done.stdout

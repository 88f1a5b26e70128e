"""One service in a container: what supervisor and leash do on one machine, where the container's engine does the rest.

python -m stack.container run NAME      becomes the service's process
python -m stack.container healthy NAME  exit code 0 if the service does its work, for the engine's health check
"""

import os
import sys

from stack import folders
from stack.services import named
from tillstream.errors import TillstreamError, told
from tillstream.settings import Settings, load


def run(settings: Settings, name: str) -> int:
    """Does not return but for a failure: the service's program takes the place of this one."""
    os.umask(0o077)
    service = named(name)
    launch = service.launch(settings)
    folders.make_private(launch.directory)
    for file, text in launch.files.items():
        folders.write(launch.directory / file, text)
    service.prepare(settings)
    os.chdir(launch.directory)
    os.execve(launch.command[0], launch.command, os.environ | launch.environment)  # noqa: S606 no shell is wanted


def healthy(settings: Settings, name: str) -> int:
    """As `tillstream status` would say of it."""
    return 0 if named(name).is_healthy(settings) else 1


def main(action: str, name: str) -> int:
    """Gives the exit code."""
    try:
        return {"run": run, "healthy": healthy}[action](load(), name)
    except TillstreamError as error:
        return told(error)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

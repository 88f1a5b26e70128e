"""The state folder: where things lie in it, who may have it, and who may change it now."""

import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings

LEAST_FREE_BYTES = 500 * 1024 * 1024
LOCK_SECONDS = 180.0
# A socket's path takes at most 107 bytes; the longest name here is `supervisor.sock` with a process id after it.
LONGEST_SOCKET_FOLDER = 107 - len("/supervisor.sock.4194304")


def of_service(settings: Settings, name: str) -> Path:
    """Where a service keeps its data."""
    return settings.home / name


def stamp(settings: Settings, name: str) -> Path:
    """Says what a service's data were last initialised for; written last, so half an initialisation has none."""
    return of_service(settings, name) / "initialised"


def run(settings: Settings) -> Path:
    """What a running stack needs and a stopped one does not."""
    return settings.home / "run"


def log(settings: Settings, name: str) -> Path:
    """The log of a service, or of the supervisor."""
    return settings.home / "logs" / f"{name}.log"


def secrets(settings: Settings) -> Path:
    """The folder with one file per password."""
    return settings.secrets_folder


def sockets(settings: Settings) -> Path:
    """Where the sockets lie, as a path that is short enough for them."""
    return (run(settings) / "sockets").resolve()


def prepare(settings: Settings, names: tuple[str, ...]) -> None:
    """Makes the folders. Raises TerminalError when the state folder is somebody else's or its disk is full."""
    check_owner(settings.home)
    for folder in (settings.home, run(settings), settings.home / "logs", secrets(settings)):
        make_private(folder)
    for name in names:
        make_private(of_service(settings, name))
    check_space(settings.home)
    _prepare_sockets(run(settings) / "sockets")


def make_private(folder: Path) -> None:
    """A folder that only its owner may enter. One that is there already keeps its rights, for it may be shared."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise TerminalError(
            f"The folder {folder} cannot be made: {error.strerror}.", "Set TILLSTREAM_HOME to a folder of yours."
        ) from error


def check_owner(home: Path) -> None:
    """Raises TerminalError when another user owns the state folder."""
    owner = home.stat().st_uid if home.exists() else os.geteuid()
    if owner != os.geteuid():
        raise TerminalError(
            f"The state folder {home} belongs to the user with id {owner}; you are {os.geteuid()}.",
            "Run the command as that user, or set TILLSTREAM_HOME to a folder of yours.",
        )


def check_space(home: Path) -> None:
    """Raises TerminalError when a start would only fill the disk."""
    free = shutil.disk_usage(home).free
    if free < LEAST_FREE_BYTES:
        raise TerminalError(
            f"The disk of {home} has {free // 1_000_000} MB left; a start needs {LEAST_FREE_BYTES // 1_000_000} MB.",
            "Make room, or set TILLSTREAM_HOME to a folder on another disk.",
        )


def write(path: Path, text: str) -> None:
    """Whole or not at all, and for the owner's eyes only; a file that says the same already stays as it is."""
    if path.exists() and path.read_text() == text:
        return
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.rename(path)


def digest(files: list[Path]) -> str:
    """Of what the files hold. It stands in a configuration, so that an update starts the service anew."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()[:12]


@contextmanager
def locked(settings: Settings, report: Callable[[str], None]) -> Iterator[None]:
    """One change of a stack at a time; the next one waits. The kernel frees the lock of a process that dies."""
    folder = os.open(settings.home, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(folder, settings.home, report)
        yield
    finally:
        os.close(folder)


def remove_sockets(settings: Settings) -> None:
    """Removes the sockets of a stack that has stopped, wherever they lie."""
    shutil.rmtree(sockets(settings), ignore_errors=True)
    (run(settings) / "sockets").unlink(missing_ok=True)


def _lock(folder: int, home: Path, report: Callable[[str], None]) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    told = False
    while True:
        try:
            return fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise TransientError(f"Another command is still changing the stack in {home}.") from error
        if not told:
            report("waiting for another command that is changing this stack")
            told = True
        time.sleep(0.1)


def _prepare_sockets(folder: Path) -> None:
    if len(os.fsencode(folder)) <= LONGEST_SOCKET_FOLDER:
        return make_private(folder)
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"tillstream-{os.geteuid()}-{digest}"
    with suppress(FileExistsError):  # made before, or at this moment by another command
        folder.symlink_to(short)
    short = folder.readlink()  # the temp folder may have been another one at the time
    make_private(short)
    status = short.lstat()  # of a folder, not of a link that somebody has put there
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o077:
        raise TerminalError(f"{short} should be a private folder of yours, and is not.", "Remove it.")
    return None

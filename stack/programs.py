"""The programs that the stack runs, found on this machine."""

import importlib.util
import os
import re
import shutil
from pathlib import Path

from tillstream.errors import TerminalError
from tillstream.settings import CHECKOUT

JAVA_VERSIONS = range(17, 22)  # what Spark 4.1 runs on
SETUP = "make setup"
POSTGRES = Path("/usr/lib/postgresql")  # one folder per version, as on every Debian and Ubuntu
# Where Debian puts servers, which a plain user's PATH may lack.
SERVER_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def java_home() -> Path:
    """The Java that set-up chose, else JAVA_HOME's or the one on the PATH. Raises TerminalError when none will do."""
    on_path = shutil.which("java")
    candidates = [CHECKOUT / ".build" / "java", *(Path(home) for home in [os.environ.get("JAVA_HOME")] if home)]
    candidates += [Path(on_path).resolve().parents[1]] if on_path else []
    for candidate in candidates:
        if (candidate / "bin" / "java").exists() and java_version(candidate) in JAVA_VERSIONS:
            return candidate.resolve()
    raise TerminalError("There is no Java 17 to 21 on this machine.", f"Run: {SETUP}")


def java_version(home: Path) -> int | None:
    """The major version, as the file says that every Java carries."""
    try:
        found = re.search(r'^JAVA_VERSION="(\d+)', (home.resolve() / "release").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None


def jars(name: str) -> Path:
    """A folder of jars that set-up fetched: 'kafka' or 'spark'."""
    folder = CHECKOUT / ".build" / "jars" / name
    if not any(folder.glob("*.jar")):
        raise TerminalError(f"The jars of {name} are not in {folder}.", f"Run: {SETUP}")
    return folder


def mongod() -> Path:
    """The `mongod` that comes as a Python package."""
    package = importlib.util.find_spec("fiftyone")
    for folder in (package.submodule_search_locations or []) if package else []:
        program = Path(folder) / "db" / "bin" / "mongod"
        if os.access(program, os.X_OK):
            return program
    raise TerminalError("There is no mongod in this Python environment.", f"Run: {SETUP}")


def airflow() -> Path:
    """The `airflow` of the environment that set-up made for it."""
    program = CHECKOUT / ".build" / "airflow" / "bin" / "airflow"
    if not program.exists():
        raise TerminalError(f"Airflow is not installed: there is no {program}.", f"Run: {SETUP}")
    return program


def superset(name: str) -> Path:
    """A program of the environment that set-up made for Superset, such as its `python` or `gunicorn`."""
    program = CHECKOUT / ".build" / "superset" / "bin" / name
    if not program.exists():
        raise TerminalError(f"Superset is not installed: there is no {program}.", f"Run: {SETUP}")
    return program


def postgres(name: str, version: str = "") -> Path:
    """A program of PostgreSQL: of the newest that is installed, or of one version, whose data no other reads."""
    found = [path for path in POSTGRES.glob(f"{version or '*'}/bin/{name}") if os.access(path, os.X_OK)]
    if not found:
        which = f"PostgreSQL {version}".strip()
        raise TerminalError(f"There is no {name} of {which} on this machine.", f"Run: {SETUP}")
    return max(found, key=lambda path: int(path.parts[-3]))


def server(name: str) -> Path:
    """A program of the system by name, such as `mariadbd`."""
    found = shutil.which(name, path=SERVER_PATH)
    if not found:
        raise TerminalError(f"There is no {name} on this machine.", f"Run: {SETUP}")
    return Path(found)

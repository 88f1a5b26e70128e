"""supervisord: its configuration, its start, and the conversation with it over a socket in the state folder."""

import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path
from typing import Any

from stack import folders, processes
from stack.service import Launch, Service
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import CHECKOUT, Settings

NAME = "supervisord"
START_SECONDS, STOP_SECONDS, ANSWER_SECONDS = 15.0, 10.0, 5.0
CONFIGURATION = "supervisord.conf"
# What services see of this process's environment: nothing else, so no password that somebody has there.
PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR")
ALREADY_STARTED, NOT_RUNNING, BAD_NAME = 60, 70, 10

# Paths are relative to the folder that supervisord is started in, or taken from the environment: neither is quoted.
HEAD = """\
[supervisord]
logfile=../logs/supervisord.log
logfile_maxbytes=5MB
logfile_backups=1
pidfile=supervisord.pid
childlogdir=.
umask=077
{user}
[unix_http_server]
file=%(ENV_TILLSTREAM_SOCKETS)s/supervisor.sock
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
# The leash paces the starts, so every death counts as one after a full start.
PROGRAM = """
[program:{name}]
command="%(ENV_TILLSTREAM_PYTHON)s" -m stack.leash {name} {digest}
environment=TILLSTREAM_SERVICE="{name}"
autostart=false
autorestart={autorestart}
exitcodes={exitcodes}
startsecs=0
startretries=1000000
stopsignal={stop_signal}
stopwaitsecs={stop_seconds}
killasgroup=true
redirect_stderr=true
stdout_logfile=../logs/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
"""


def configure(settings: Settings, services: tuple[Service, ...]) -> None:
    """Writes what supervisord and the leash read."""
    user = "user=root\n" if os.geteuid() == 0 else ""  # as whom it runs anyway; unsaid, it warns
    programs = [_program(settings, service, service.launch(settings)) for service in services]
    folders.write(folders.run(settings) / CONFIGURATION, HEAD.format(user=user) + "".join(programs))


def _program(settings: Settings, service: Service, launch: Launch) -> str:
    for name, text in launch.files.items():
        folders.write(launch.directory / name, text)
    plan = {
        "command": launch.command,
        "directory": str(launch.directory),
        "environment": dict(launch.environment),
        "niceness": launch.niceness,
    }
    folders.write(folders.run(settings) / f"{service.name}.json", json.dumps(plan, indent=1))
    return PROGRAM.format(
        name=service.name,
        digest=hashlib.sha256(repr((plan, sorted(launch.files.items()))).encode()).hexdigest()[:12],
        autorestart="unexpected" if service.final_exits else "true",
        exitcodes=",".join(map(str, service.final_exits or (0,))),
        stop_seconds=service.stop_seconds,
        stop_signal=service.stop_signal,
    )


def start(settings: Settings) -> None:
    """Starts supervisord, which starts no service by itself. Raises TerminalError with its output when it will not."""
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {
        processes.HOME_MARK: str(settings.home),
        processes.SERVICE_MARK: NAME,
        "TILLSTREAM_PYTHON": sys.executable,
        "TILLSTREAM_SOCKETS": str(folders.sockets(settings)),
        "PYTHONPATH": str(CHECKOUT),
        "PYTHONSAFEPATH": "1",  # a module beside a script must not stand before the standard library's
    }
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(folders.run(settings) / CONFIGURATION)]
    done = subprocess.run(
        command, env=environment, cwd=folders.run(settings), capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL, timeout=START_SECONDS, start_new_session=True,
    )  # fmt: skip
    if done.returncode:
        raise TerminalError(f"supervisord did not start:\n{done.stdout}{done.stderr}".strip())
    deadline = time.monotonic() + START_SECONDS
    while not Control(settings).is_there():
        if time.monotonic() > deadline:
            raise TerminalError(f"supervisord does not answer; its log is {folders.log(settings, NAME)}.")
        time.sleep(0.05)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(ANSWER_SECONDS)
        self.sock.connect(str(self._path))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        return _Connection(self._path)


class Control:
    """The conversation with a stack's supervisord; each call has a connection of its own, so threads may share it."""

    def __init__(self, settings: Settings) -> None:
        self._path = folders.sockets(settings) / "supervisor.sock"

    def is_there(self) -> bool:
        """Whether supervisord answers."""
        try:
            self._call("getState")
        except TransientError:
            return False
        return True

    def processes(self) -> dict[str, dict[str, Any]]:
        """What supervisord says of each service; nothing when it is not there."""
        try:
            return {process["name"]: process for process in self._call("getAllProcessInfo")}
        except TransientError:
            return {}

    def process(self, name: str) -> dict[str, Any]:
        """What supervisord says of one service."""
        said: dict[str, Any] = self._call("getProcessInfo", name)
        return said

    def start(self, name: str) -> None:
        """Starts a service unless it runs already; does not wait for it."""
        self._call("startProcess", name, False, ignore=ALREADY_STARTED)

    def stop(self, name: str) -> None:
        """Asks a service to stop if it runs; does not wait for it."""
        self._call("stopProcess", name, False, ignore=NOT_RUNNING)

    def reload(self) -> list[str]:
        """Reads the configuration anew; gives the services whose part has changed, which still run as before."""
        [[added, changed, removed]] = self._call("reloadConfig")
        for name in added:
            self._call("addProcessGroup", name)
        return [*changed, *removed]

    def replace(self, name: str) -> None:
        """Takes a stopped service's new configuration, or drops a service that has none any more."""
        self._call("removeProcessGroup", name)
        self._call("addProcessGroup", name, ignore=BAD_NAME)

    def shut_down(self) -> None:
        """Ends supervisord."""
        self._call("shutdown")

    def _call(self, method: str, *arguments: Any, ignore: int = -1) -> Any:
        proxy = xmlrpc.client.ServerProxy("http://localhost", transport=_Transport(self._path), allow_none=True)
        try:
            with proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as error:
            if error.faultCode == ignore:
                return None
            raise TerminalError(f"supervisord refused {method}{arguments}: {error.faultString}") from error
        except (OSError, http.client.HTTPException) as error:
            raise TransientError(f"supervisord does not answer: {error}.", "Run `tillstream up`.") from error

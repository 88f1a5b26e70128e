"""A service in a container is prepared and started as the embedded one is; its health is its exit code."""

import os
from pathlib import Path
from typing import Any

import pytest

from stack import container
from stack.service import Launch, Service
from tillstream.errors import TerminalError
from tillstream.settings import Settings, variable


def service(folder: Path, steps: list[str], healthy: bool = True) -> Service:
    """One that writes down what is done with it."""

    def prepare(_settings: Settings) -> None:
        assert (folder / "conf").stat().st_mode & 0o777 == 0o600
        steps.append("prepare")

    return Service(
        name="mill",
        launch=lambda _settings: Launch(("/bin/mill", "--grind"), folder, {"FLOUR": "white"}, {"conf": "secret\n"}),
        is_healthy=lambda _settings: healthy,
        answers=lambda _settings: healthy,
        prepare=prepare,
    )


def test_it_is_configured_prepared_and_becomes_its_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[Any] = []
    folder = tmp_path / "mill"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable("home"), str(tmp_path))
    monkeypatch.setattr(container, "named", lambda _name: service(folder, steps))
    monkeypatch.setattr(os, "umask", steps.append)
    monkeypatch.setattr(os, "execve", lambda *words: steps.append(words))
    container.main("run", "mill")

    assert steps[:2] == [0o077, "prepare"]
    program, command, environment = steps[2]
    assert (program, command) == ("/bin/mill", ("/bin/mill", "--grind"))
    assert (environment["FLOUR"], environment[variable("home")]) == ("white", str(tmp_path))
    assert (Path.cwd(), folder.stat().st_mode & 0o777) == (folder, 0o700)


@pytest.mark.parametrize(("healthy", "code"), [(True, 0), (False, 1)])
def test_its_health_is_the_exit_code(healthy: bool, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "named", lambda _name: service(tmp_path, [], healthy))

    assert container.main("healthy", "mill") == code


def test_a_failure_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def launch(_settings: Settings) -> Launch:
        raise TerminalError("The password file is missing.", "Put it there.")

    monkeypatch.setattr(container, "named", lambda _name: Service("mill", launch, bool, bool))

    assert container.main("run", "mill") == 1
    assert capsys.readouterr().err == "tillstream: The password file is missing.\nPut it there.\n"

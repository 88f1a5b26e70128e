"""The version of the code that made a figure: with git in a checkout, without it elsewhere."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tillstream import __version__, code_version


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder in the place of the checkout."""
    monkeypatch.setattr(code_version, "CHECKOUT", tmp_path)
    code_version.code_version.cache_clear()
    yield tmp_path
    code_version.code_version.cache_clear()


def committed(folder: Path) -> None:
    (folder / "file").write_text("one")
    identity = ("-c", "user.name=test", "-c", "user.email=test@example.org")
    for command in (("init", "-q"), ("add", "."), (*identity, "commit", "-qm", "first")):
        subprocess.run(["git", *command], cwd=folder, check=True)


def test_an_installed_package_needs_no_git(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(checkout))

    assert code_version.code_version() == __version__


def test_a_checkout_tells_its_commit_and_whether_it_was_changed(checkout: Path) -> None:
    committed(checkout)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=checkout, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert code_version.code_version() == f"{__version__} {commit}"
    code_version.code_version.cache_clear()
    (checkout / "file").write_text("two")

    assert code_version.code_version() == f"{__version__} {commit}-dirty"


def test_a_checkout_without_git_or_that_git_does_not_trust_tells_the_version(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".git").mkdir()
    assert code_version.code_version() == __version__
    code_version.code_version.cache_clear()
    monkeypatch.setenv("PATH", str(checkout))

    assert code_version.code_version() == __version__

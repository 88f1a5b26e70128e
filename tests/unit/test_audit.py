"""The audit of locked versions: what it says and how it ends, by what its tool tells it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tillstream.settings import CHECKOUT

FLASK: dict[str, Any] = {"name": "flask", "version": "0.5", "vulns": []}
ADVISORY = {"id": "PYSEC-2019-179", "fix_versions": ["1.0"]}


def audit(folder: Path, output: str) -> "subprocess.CompletedProcess[str]":
    """The audit, with a tool that prints this for every lock."""
    python, tool = folder / "python", folder / "pip-audit"
    python.symlink_to(sys.executable)
    tool.write_text(f"#!/bin/sh\ncat <<'END'\n{output}\nEND\n")
    tool.chmod(0o755)
    return subprocess.run(
        [python, CHECKOUT / "setup" / "audit.py"], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("package", "code", "said"),
    [
        (FLASK, 0, " 0 vulnerable."),
        (FLASK | {"vulns": [ADVISORY]}, 1, "app.txt: flask 0.5: PYSEC-2019-179, mended in 1.0"),
        ({"name": "flask", "skip_reason": "not on PyPI"}, 0, "NOTHING WAS AUDITED"),
    ],
    ids=["safe", "vulnerable", "unknown"],
)
def test_a_known_vulnerability_ends_it_with_a_failure(
    tmp_path: Path, package: dict[str, Any], code: int, said: str
) -> None:
    done = audit(tmp_path, json.dumps({"dependencies": [package]}))
    assert (done.returncode, done.stderr) == (code, "")
    assert said in done.stdout


def test_without_an_answer_nothing_is_said_to_be_safe(tmp_path: Path) -> None:
    done = audit(tmp_path, "no JSON")
    assert done.returncode == 0
    assert "0 locked versions looked up" in done.stdout
    assert "NOTHING WAS AUDITED" in done.stdout

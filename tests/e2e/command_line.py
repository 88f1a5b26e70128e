"""Typing `tillstream` commands, as a person or a script would."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 240


@dataclass(frozen=True)
class CommandLine:
    """A shell whose state folder is `home`; each call is a process of its own."""

    home: Path

    def start(self, *arguments: str | Path, **variables: str) -> "subprocess.Popen[str]":
        """Starts a command and does not wait for it."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("TILLSTREAM_")}
        return subprocess.Popen(
            [Path(sys.executable).with_name("tillstream"), *arguments],
            env=own | {"TILLSTREAM_HOME": str(self.home)} | variables,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments: str | Path, code: int = 0, **variables: str) -> tuple[str, str]:
        """Output and errors of a command, which must end with this exit code and without a traceback."""
        process = self.start(*arguments, **variables)
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == code, (process.returncode, output[-3_000:], errors[-3_000:])
        assert "Traceback" not in output + errors
        return output, errors

    def json(self, *arguments: str | Path, code: int = 0) -> Any:
        """What a command tells with `--json`."""
        output, _ = self.run(*arguments, "--json", code=code)
        return json.loads(output)

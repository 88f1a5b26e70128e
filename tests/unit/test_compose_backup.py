"""docker/backup.sh and docker/restore.sh against a stand-in for `docker` whose volumes are folders."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.compose import FILE, document

ROOT = Path(__file__).parents[2]
VOLUMES = sorted(document({"TILLSTREAM_SECRETS": "/secrets"})["volumes"])
# It does to folders what the engine does to volumes, and writes down what it was asked for.
STAND_IN = """\
#!/bin/bash
set -eu
echo "$*" >>"$ENGINE/asked"
case "$*" in
    "compose config --images") cat "$ENGINE/images" ;;
    "compose --profile tools up --no-start")
        (cd "$ENGINE/volumes" && ls ../declared | sed s/^/tillstream_/ | xargs mkdir) ;;
    "volume ls "*) ls "$ENGINE/volumes" ;;
    "run "*)
        while [ "$1" != --volume ]; do shift; done
        volume=${2%%:*}
        shift 3
        [ "$volume" != "$(cat "$ENGINE/fails" 2>/dev/null)" ] || exit 1
        words=()
        for word; do [ "$word" = /volume ] && words+=("$ENGINE/volumes/$volume") || words+=("$word"); done
        tar "${words[@]}" ;;
esac
"""


class Engine:
    """A checkout with passwords, and an engine with a file in each volume."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.checkout = folder / "engine", folder / "checkout"
        for name in VOLUMES:
            (self.folder / "declared" / name).mkdir(parents=True)
            (self.folder / "volumes" / f"tillstream_{name}").mkdir(parents=True)
            (self.folder / "volumes" / f"tillstream_{name}" / "data").write_text(name)
        (self.folder / "images").write_text("tillstream:0.1.0\nmysql:8.4.10\n")
        (self.checkout / "docker").mkdir(parents=True)
        for file in (FILE, *(ROOT / "docker").glob("*.sh")):
            shutil.copy(file, self.checkout / file.relative_to(ROOT))
        program = folder / "bin" / "docker"
        program.parent.mkdir()
        program.write_text(STAND_IN)
        program.chmod(0o755)
        self.environment = {"PATH": f"{program.parent}:{os.environ['PATH']}", "ENGINE": str(self.folder)}
        self.call("secrets.sh")

    def call(self, script: str, *words: str) -> "subprocess.CompletedProcess[str]":
        """Runs one of the scripts."""
        command = [str(self.checkout / "docker" / script), *words]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def data(self) -> dict[str, str]:
        """What each volume holds."""
        return {path.parent.name: path.read_text() for path in (self.folder / "volumes").glob("*/data")}

    def asked(self) -> list[str]:
        """What was asked of it so far."""
        return (self.folder / "asked").read_text().splitlines()

    def lose_everything(self) -> None:
        """The machine is another one: neither volumes nor passwords."""
        shutil.rmtree(self.folder / "volumes")
        (self.folder / "volumes").mkdir()
        shutil.rmtree(self.checkout / ".secrets")
        (self.checkout / ".env").unlink()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return Engine(tmp_path)


def test_a_backup_brings_back_every_volume_and_password(engine: Engine, tmp_path: Path) -> None:
    before = engine.data()
    passwords = {path.name: path.read_text() for path in (engine.checkout / ".secrets").iterdir()}
    backup = tmp_path / "backup"
    made = engine.call("backup.sh", str(backup))
    assert (made.returncode, made.stderr) == (0, "")
    assert {path.stat().st_mode & 0o077 for path in [backup, *backup.iterdir()]} == {0}

    engine.lose_everything()
    restored = engine.call("restore.sh", str(backup))

    assert restored.returncode == 0, restored.stderr
    assert engine.data() == before
    assert {path.name: path.read_text() for path in (engine.checkout / ".secrets").iterdir()} == passwords


def test_everything_stands_still_while_it_is_copied_and_runs_again_afterwards(engine: Engine, tmp_path: Path) -> None:
    engine.call("backup.sh", str(tmp_path / "backup"))
    asked = [line.split(" --volume")[0] for line in engine.asked()]
    copies = [number for number, line in enumerate(asked) if line.startswith("run ")]

    assert asked.index("compose stop") < min(copies)
    assert len(copies) == len(VOLUMES)
    assert asked[-1] == "compose up --detach --no-build"


def test_a_backup_that_fails_leaves_nothing_that_looks_like_one_and_starts_everything_again(
    engine: Engine, tmp_path: Path
) -> None:
    (engine.folder / "fails").write_text(f"tillstream_{VOLUMES[2]}")

    assert engine.call("backup.sh", str(tmp_path / "backup")).returncode
    assert not (tmp_path / "backup").exists()
    assert engine.asked()[-1] == "compose up --detach --no-build"


def test_an_older_backup_is_not_written_over(engine: Engine, tmp_path: Path) -> None:
    assert "give a new name" in engine.call("backup.sh", str(tmp_path)).stderr


def test_a_restore_refuses_what_would_mix_two_shops(engine: Engine, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    engine.call("backup.sh", str(backup))
    assert "There are volumes already" in engine.call("restore.sh", str(backup)).stderr

    shutil.rmtree(engine.folder / "volumes")
    (engine.folder / "volumes").mkdir()
    (engine.checkout / ".secrets" / "mysql_bi").unlink()
    assert "other passwords than the backup" in engine.call("restore.sh", str(backup)).stderr

    shutil.rmtree(engine.checkout / ".secrets")
    (engine.folder / "images").write_text("tillstream:0.2.0\nmysql:8.4.10\n")
    assert "made by other versions (mysql:8.4.10 tillstream:0.1.0 )" in engine.call("restore.sh", str(backup)).stderr
    assert not list((engine.folder / "volumes").iterdir())


def test_a_damaged_backup_is_refused(engine: Engine, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    engine.call("backup.sh", str(backup))
    engine.lose_everything()
    with (backup / "tillstream_mysql.volume.tar").open("ab") as file:
        file.write(b"x")

    assert "is damaged" in engine.call("restore.sh", str(backup)).stderr
    assert not list((engine.folder / "volumes").iterdir())

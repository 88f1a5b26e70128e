"""The folders of a stack, made by commands that may run at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stack import folders
from tillstream.settings import Settings

COMMANDS, TRIES = 8, 40


def test_two_commands_at_once_make_the_folders_of_one_stack(tmp_path: Path) -> None:
    with ThreadPoolExecutor(COMMANDS) as pool:
        for number in range(TRIES):
            settings = Settings(home=tmp_path / f"{number} {'x' * 100}")  # too long for a socket's path
            made = [pool.submit(folders.prepare, settings, ("kafka",)) for _ in range(COMMANDS)]
            assert [one.result() for one in made] == [None] * COMMANDS
            assert folders.sockets(settings).is_dir()
            folders.remove_sockets(settings)

"""The generated passwords: one file each, readable by the owner only, made once."""

import os
import secrets
from pathlib import Path

from stack import folders
from stack.service import Service
from tillstream.errors import TerminalError
from tillstream.settings import Settings


def create_missing(settings: Settings, services: tuple[Service, ...]) -> None:
    """Makes the passwords that are not there yet. One of a server that has data already cannot be made up."""
    folder = folders.secrets(settings)
    for service in services:
        missing = [name for name in service.secrets if not _is_there(folder / name)]
        if missing and service.administrator in missing and folders.stamp(settings, service.name).exists():
            raise TerminalError(
                f"{folder / service.administrator} is missing, and {service.name} has data that need it.",
                "Put the file back, or remove the whole state folder to begin anew.",
            )
        for name in missing:
            _write(folder / name, secrets.token_hex(24))
        for name in service.secrets:
            (folder / name).chmod(0o600)  # a copy put back from elsewhere may have lost it


def _is_there(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _write(path: Path, secret: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)

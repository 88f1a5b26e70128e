"""The settings file that `tillstream up` writes into the state folder, so that every later command agrees with it."""

from dataclasses import fields

from stack import folders
from stack.ports import PORTS
from tillstream.settings import FILE_NAME, Settings, variable

HEADING = "# Written by `tillstream up`. Variables of the environment win over it.\n"
# Kept even when they are the defaults: the figures of a shop depend on them, or another program may.
ALWAYS = ("timezone", "currency", *PORTS)


def write(settings: Settings) -> None:
    """Writes the settings that are not the defaults."""
    lines = [
        f"{variable(field.name)}={getattr(settings, field.name)}\n"
        for field in fields(Settings)
        if field.name != "home" and (field.name in ALWAYS or getattr(settings, field.name) != field.default)
    ]
    folders.write(settings.home / FILE_NAME, HEADING + "".join(lines))

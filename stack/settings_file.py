"""The settings file that `tillstream up` writes into the state folder, so that every later command agrees with it."""

from dataclasses import fields

from stack import folders
from stack.ports import PORTS
from tillstream.errors import TerminalError
from tillstream.settings import FILE_NAME, Settings, read_file, variable

HEADING = "# Written by `tillstream up`. Variables of the environment win over it.\n"
# Kept even when they are the defaults: the figures of a shop depend on them, or another program may.
ALWAYS = ("timezone", "currency", *PORTS)


def write(settings: Settings) -> None:
    """Writes the settings that are not the defaults. Raises TerminalError when the folder is another shop's."""
    path = settings.home / FILE_NAME
    timezone = read_file(path).get(variable("timezone"), settings.timezone)
    if timezone != settings.timezone:
        raise TerminalError(
            f"The shop in {settings.home} keeps its days in {timezone}; the settings say {settings.timezone}.",
            f"Set TILLSTREAM_TIMEZONE={timezone}, or use another TILLSTREAM_HOME for another shop.",
        )
    lines = [
        f"{variable(field.name)}={getattr(settings, field.name)}\n"
        for field in fields(Settings)
        if field.name != "home" and (field.name in ALWAYS or getattr(settings, field.name) != field.default)
    ]
    folders.write(path, HEADING + "".join(lines))

"""Numbered changes of the MySQL schema, each applied once, in order."""

from dataclasses import dataclass
from importlib.resources import files

COLLATION_MARK = "{collation}"


@dataclass(frozen=True)
class Migration:
    """One numbered file: its statements, with `{collation}` where the server's binary NO PAD collation goes."""

    number: int
    name: str
    statements: tuple[str, ...]


def migrations() -> list[Migration]:
    """All migrations in order. Raises ValueError when a number is missing or doubled."""
    names = sorted(entry.name for entry in files(__package__).iterdir() if entry.name.endswith(".sql"))
    found = [_migration(name) for name in names]
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations are not numbered 1 to {len(found)}: {names}")
    return found


def _migration(file_name: str) -> Migration:
    text = files(__package__).joinpath(file_name).read_text(encoding="utf-8")
    body = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    statements = tuple(statement.strip() for statement in body.split(";\n") if statement.strip(" ;\n"))
    number, _, name = file_name.removesuffix(".sql").partition("_")
    return Migration(int(number), name, tuple(statement.removesuffix(";") for statement in statements))

"""The reference pages of `docs/` that are rendered from the declarations: `make docs` writes them, a test compares."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tillstream import accounts, settings, tables, views
from tillstream.events import STOCK, TOPICS, json_schema

CHECKOUT = Path(__file__).resolve().parents[1]

TABLES_INTRODUCTION = f"""\
# Tables and views

Written by `make docs` from `tillstream/tables/` and `tillstream/views/`: change those, not this page.

The database is `tillstream`. Every key is compared byte by byte, without padding; text is `utf8mb4`. Money is
`{tables.MONEY}` and never added across currencies. Days, hours and months are on the shop's clock, instants are UTC.
Readers have the public views and nothing else: the tables may change with any release.
"""


ACCOUNTS_INTRODUCTION = """\
# Accounts and rights

Written by `make docs` from `tillstream/accounts.py`: change that, not this page. What is not listed is refused; tests
try every one of these rights on real servers, and what nobody has. What it is all for: [security.md](security.md).

An account is `tillstream_` and its name; its password is in the file of the server's and its name, as `kafka_till`.
Besides there is one administrator per server, who makes the accounts.
"""


def pages() -> dict[str, str]:
    """Each generated file: path relative to the checkout, and its text."""
    schemas = {f"docs/events-{topic}.schema.json": _schema(topic) for topic in TOPICS}
    return schemas | {
        "docs/tables.md": _tables(), "docs/accounts.md": _accounts(), ".env.example": settings.example()
    }  # fmt: skip


def view_columns(view: views.View) -> list[str]:
    """The names of a view's columns, read off its query, which names each of them."""
    return [re.findall(r"`(\w+)`\s*$", part)[-1] for part in _selected(view.query)]


def main() -> None:
    """Writes the pages into the checkout."""
    for path, text in pages().items():
        (CHECKOUT / path).write_text(text, encoding="utf-8")
        print(path)


def _schema(topic: str) -> str:
    title = "A stock movement or a count" if topic == STOCK else "A line of a receipt"
    schema: dict[str, Any] = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title}
    return json.dumps(schema | json_schema(topic), indent=2, ensure_ascii=False) + "\n"


def _tables() -> str:
    public = [view for view in views.VIEWS if view.public]
    inner = [view for view in views.VIEWS if not view.public]
    sections = [TABLES_INTRODUCTION, "## Views for readers\n", *map(_view, public), "## Tables\n"]
    sections += [_table(table) for table in tables.TABLES]
    lines = [f"- `{view.name}`: {view.meaning}" for view in inner]
    return "\n".join([*sections, "## Views that other views are made of\n", *lines, ""])


def _accounts() -> str:
    mysql = {
        account: {table.name: rights for table, rights in granted.items()}
        for account, granted in accounts.MYSQL_RIGHTS.items()
    }
    sections = [
        ACCOUNTS_INTRODUCTION,
        _rights("Kafka", "topics", accounts.KAFKA_RIGHTS),
        "`WRITE` and `READ` each come with `DESCRIBE`. The administrator is `administrator`, and a super user.\n",
        _rights("MongoDB", "collections", accounts.MONGO_RIGHTS),
        _rights("MySQL", "tables", mysql),
        "`migrate` owns the database. `bi` may `SELECT` from the public views and nothing else.\n",
    ]
    return "\n".join(sections)


def _rights(server: str, things: str, granted: Mapping[str, Mapping[str, tuple[str, ...]]]) -> str:
    lines = [f"## {server}\n", f"| account | may | {things} |", "|---|---|---|"]
    for account, rights in granted.items():
        for operations in dict.fromkeys(rights.values()):
            names = ", ".join(f"`{name}`" for name, each in rights.items() if each == operations)
            lines.append(f"| `{account}` | {', '.join(f'`{operation}`' for operation in operations)} | {names} |")
    return "\n".join(lines) + "\n"


def _view(view: views.View) -> str:
    names = ", ".join(f"`{name}`" for name in view_columns(view))
    return f"### `{view.name}`\n\n{view.meaning}\n\nColumns: {names}\n"


def _table(table: tables.Table) -> str:
    lines = [f"### `{table.name}`\n\n{table.meaning}\n", "| column | type | meaning |", "|---|---|---|"]
    lines += [f"| {_column_name(table, column)} | `{column.type}` | {column.meaning} |" for column in table.columns]
    lines += [f"\nIndex: {', '.join(f'`{name}`' for name in index)}" for index in table.indexes]
    return "\n".join(lines) + "\n"


def _column_name(table: tables.Table, column: tables.Column) -> str:
    marks = " (key)" * (column in table.key) + " (may be NULL)" * column.nullable
    return f"`{column.name}`{marks}"


def _selected(query: str) -> list[str]:
    """The expressions of a query's outermost SELECT."""
    parts, depth, start = [], 0, query.index("SELECT ") + len("SELECT ")
    for found in re.finditer(r"[(),]|\bFROM\b", query):
        if found[0] == "(":
            depth += 1
        elif found[0] == ")":
            depth -= 1
        elif depth == 0 and found.start() > start:
            parts.append(query[start : found.start()])
            start = found.end()
            if found[0] == "FROM":
                return parts
    raise ValueError(f"this query selects from nothing: {query}")


if __name__ == "__main__":
    main()

"""What the documents tell somebody to type exists: commands, make targets, settings, links, Python examples."""

import ast
import importlib
import re
import shlex
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click
import confluent_kafka
import pytest

from tillstream.cli import command as tillstream
from tillstream.events import SALES, STOCK, Event, Rules, Sale, StockMovement, decoder, document
from tillstream.settings import Settings, variable
from tillstream.stores import kafka, live, mongo

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COOKBOOK = ROOT / "docs" / "cookbook.md"
RULES = Rules("Asia/Yangon", date(2000, 1, 1))
NOW_MS = int(time.time() * 1000)

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ASSIGNMENT = re.compile(r"[A-Z_]+=")
OF_AIRFLOW = {"TILLSTREAM_APP", "TILLSTREAM_FIRST_DAY"}  # variables that its DAGs read, not the product
REAL = ("e2e", "integration", "faults")  # folders of tests with real servers
SEPARATORS = {"|", "||", "&", "&&", ";", "(", ")"}


@dataclass(frozen=True)
class Line:
    """A command as a page shows it."""

    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {shlex.join(self.words)}"


def blocks(page: Path, *languages: str) -> list[str]:
    """The text of a page's fenced blocks in these languages."""
    return [text for language, text in FENCE.findall(page.read_text()) if language in languages]


def shown(page: Path) -> Iterator[str]:
    """Every line of a page that may be a command: of shell blocks, behind a prompt elsewhere, and within the text."""
    for block in blocks(page, "sh"):
        yield from block.replace("\\\n", " ").splitlines()
    for block in blocks(page, "text"):
        yield from (line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ "))
    for span in SPAN.findall(FENCE.sub("", page.read_text())):
        yield from () if span.startswith("TILLSTREAM_") and " " not in span else (span,)


def typed(text: str) -> Iterator[tuple[str, ...]]:
    """The commands of a line, without assignments before them, up to where the next one begins."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:  # prose with an apostrophe
        return
    current: list[str] = []
    for word in [*words, ";"]:
        if word in SEPARATORS:
            yield tuple(current)
            current = []
        elif current or not ASSIGNMENT.match(word):
            current.append(word)


def commands(name: str) -> list[Line]:
    """Every place where a program is called, with its arguments."""
    names = {name, f".venv/bin/{name}"}
    return [
        Line(page.name, words[1:])
        for page in PAGES
        for text in shown(page)
        for words in typed(text)
        if len(words) > 1 and words[0] in names
    ]


def check(group: click.Command, words: tuple[str, ...]) -> None:
    """Raises click.UsageError when the command tree has no such command, option or value."""
    context = click.Context(group, info_name=group.name)
    while isinstance(group, click.Group):
        if not words:
            return  # the name of a group prints its help
        found = group.get_command(context, words[0])
        if found is None:
            raise click.NoSuchOption(words[0], ctx=context)
        group, words = found, words[1:]
        context = click.Context(group, info_name=group.name, parent=context)
    values, left, _ = group.make_parser(context).parse_args(list(words))
    if left:
        raise click.UsageError(f"unexpected {left}", context)
    for parameter in group.params:
        missing = parameter.name not in values or parameter.value_is_missing(values[parameter.name])
        if parameter.required and missing:
            raise click.MissingParameter(ctx=context, param=parameter)
        if not missing and not isinstance(parameter.type, click.Path):  # the documents' files are not here
            parameter.type_cast_value(context, values[parameter.name])


def called(words: Iterable[str]) -> tuple[str, frozenset[str]] | None:
    """The command that these words call, with its groups, and the options given; None for what is no command."""
    path: list[str] = []
    left = list(words)
    group: click.Command = tillstream
    while isinstance(group, click.Group) and left:
        found = group.get_command(click.Context(group), left[0])
        if found is None:
            return None
        path.append(left.pop(0))
        group = found
    return " ".join(path), frozenset(word for word in left if word.startswith("--"))


def run_by_tests() -> dict[str, set[str]]:
    """The options of each command that tests with real servers call, of a process or of this one."""
    found: dict[str, set[str]] = {}
    for file in (each for folder in REAL for each in (ROOT / "tests" / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and (call := called(texts(node.args))):
                found.setdefault(call[0], set()).update(call[1])
    return found


def texts(arguments: list[ast.expr]) -> list[str]:
    """The strings among the arguments of a call, in order, also of lists."""
    nodes = (node for argument in arguments for node in ast.walk(argument))
    return [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]


TYPED = commands("tillstream")
MADE = commands("make")


def test_the_documents_show_commands() -> None:
    assert len(TYPED) > 60
    assert len(MADE) > 4


@pytest.mark.parametrize("line", TYPED, ids=str)
def test_a_command_that_is_shown_exists(line: Line) -> None:
    check(tillstream, line.words)


@pytest.mark.parametrize(
    "words",
    [
        ("publish",),
        ("rejects", "delete"),
        ("up", "--fast"),
        ("explain", "--day", "2019-04-01"),
        ("answers", "--as-of", "today"),
        ("logs",),
    ],
)
def test_a_command_that_does_not_exist_is_found_out(words: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        check(tillstream, words)


def test_a_command_that_is_shown_is_run_by_a_test_with_real_servers() -> None:
    run = run_by_tests()
    shown_ones = {found for line in TYPED if (found := called(line.words))}

    assert {(name, options - run.get(name, set())) for name, options in shown_ones if name not in run} == set()
    assert {(name, missing) for name, options in shown_ones if (missing := options - run[name])} == set()


def test_the_readme_shows_every_command() -> None:
    shown_ones = {line.words[0] for line in TYPED if line.page == "README.md"}

    assert shown_ones == set(tillstream.list_commands(click.Context(tillstream)))


@pytest.mark.parametrize("line", MADE, ids=str)
def test_a_make_target_that_is_shown_exists(line: Line) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert {word for word in line.words if "=" not in word} <= set(targets)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_setting_that_is_named_exists(page: Path) -> None:
    named = set(re.findall(r"TILLSTREAM_[A-Z][A-Z_]*", page.read_text()))

    assert named <= {variable(setting.name) for setting in fields(Settings)} | OF_AIRFLOW


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", page.read_text())):
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert "://" in target or file.exists(), target
        assert not anchor or anchor in headings(file), target


def test_the_recipe_that_a_message_names_is_in_the_cookbook() -> None:
    named = [
        recipe
        for package in ("tillstream", "jobs", "reports", "sources", "stack")
        for source in (ROOT / package).rglob("*.py")
        for recipe in re.findall(r"docs/cookbook\.md, '([^']+)'", source.read_text())
    ]

    assert named
    assert all(f"\n## {recipe}\n" in COOKBOOK.read_text() for recipe in named)


def test_what_python_examples_import_exists() -> None:
    for page in PAGES:
        for example in blocks(page, "python"):
            for node in ast.walk(ast.parse(example)):
                if isinstance(node, ast.ImportFrom):
                    assert node.module is not None
                    module = importlib.import_module(node.module)
                    assert all(
                        hasattr(module, name.name) or importlib.import_module(f"{node.module}.{name.name}")
                        for name in node.names
                    )


def example(words: str) -> str:
    """The cookbook's one Python example with these words in it."""
    [found] = [text for text in blocks(COOKBOOK, "python") if words in text]
    return found


class FakeProducer:
    """Takes records as Kafka's own producer and as the product's does."""

    def __init__(self, _settings: Any) -> None:
        self.records: list[tuple[str, str, bytes]] = []

    def produce(self, topic: str, value: bytes, key: bytes) -> None:
        self.records.append((topic, key.decode(), value))

    def send(self, topic: str, key: str, value: bytes) -> None:
        self.records.append((topic, key, value))

    def flush(self) -> None:
        pass

    def __enter__(self) -> "FakeProducer":
        return self

    def __exit__(self, *_error: object) -> None:
        pass


def test_the_cookbooks_till_keeps_the_contract(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    producer = FakeProducer({})
    monkeypatch.setattr(confluent_kafka, "Producer", lambda _settings: producer)
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".tillstream" / "secrets").mkdir(parents=True)
    (tmp_path / ".tillstream" / "secrets" / "kafka_till").write_text("x")

    exec(example("till_id"), {})  # noqa: S102 the example itself is what is tested

    events = [decoder(topic, RULES)(value, NOW_MS) for topic, _, value in producer.records]
    assert [event.line_no for event in events if isinstance(event, Sale)] == [1, 2]
    assert {key for _, key, _ in producer.records} == {event.order_id for event in events if isinstance(event, Sale)}


SALE = Sale(
    event_id="t-1-1", schema_version=1, order_id="1", till_id="t", store_id="s", line_no=1, product_id="p",
    product_name="ချည်ပုဆိုး", kind="sale", quantity=2, unit_price="11.95", discount="1.00", currency="USD",
    sold_at=datetime(2019, 4, 1, 10, 0, 0, 123000, UTC), city="Bago",
)  # fmt: skip
COUNT = StockMovement(
    event_id="t-2-1", schema_version=1, order_id="2", till_id="t", store_id="s", line_no=1, product_id="p",
    product_name="Shirt", kind="count", quantity=0, day=date(2019, 4, 1), recorded_at=datetime(2019, 4, 1, tzinfo=UTC),
)  # fmt: skip


@dataclass
class FakeRecord:
    """A raw record that holds these events."""

    events: list[Event]

    def find(self) -> list[dict[str, Any]]:
        return [
            document(event, SALES if isinstance(event, Sale) else STOCK, 0, offset)
            for offset, event in enumerate(self.events)
        ]


def test_the_cookbooks_resend_gives_the_same_events_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    producer = FakeProducer({})
    monkeypatch.setattr("sys.argv", ["resend.py", str(tmp_path)])
    monkeypatch.setattr(kafka, "Producer", lambda _settings, _account: producer)
    monkeypatch.setattr(mongo, "events", lambda _settings, _account: FakeRecord([SALE, COUNT]))
    monkeypatch.setattr(live, "wait_until_counted", lambda _settings, _report: None)

    exec(example("archive"), {})  # noqa: S102 the example itself is what is tested

    assert [decoder(topic, RULES)(value, NOW_MS) for topic, _, value in producer.records] == [SALE, COUNT]
    assert [(topic, key) for topic, key, _ in producer.records] == [(SALES, "1"), (STOCK, "2")]

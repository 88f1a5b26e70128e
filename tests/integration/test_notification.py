"""A notification reaches a real receiver, and its address stays a secret."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from reports.notification import notify
from tests.receiver import Receiver, receiving
from tillstream.cli import command
from tillstream.errors import TerminalError, TransientError
from tillstream.settings import Settings


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def settings(receiver: Receiver, tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, notify_url=receiver.url)


def test_a_message_arrives_with_its_title_and_text(receiver: Receiver, settings: Settings) -> None:
    assert notify(settings, "A night was not published", "it shrank by 5 %\nhttp://127.0.0.1/run")

    [message] = receiver.received
    assert (message["title"], message["message"]) == (
        "A night was not published",
        "it shrank by 5 %\nhttp://127.0.0.1/run",
    )


def test_without_an_address_nothing_is_sent(receiver: Receiver, settings: Settings) -> None:
    assert not notify(replace(settings, notify_url=""), "title", "text")
    assert receiver.received == []


def test_the_same_title_is_not_sent_again_too_soon(receiver: Receiver, settings: Settings) -> None:
    assert [notify(settings, title, "text", 60) for title in ("dead", "dead", "other")] == [True, False, True]
    assert notify(settings, "dead", "text")
    assert len(receiver.received) == 3


def test_a_refused_message_may_be_sent_again(receiver: Receiver, settings: Settings) -> None:
    receiver.status = 500
    with pytest.raises(TransientError) as caught:
        notify(settings, "dead", "text", 60)
    assert "geheim" not in str(caught.value)

    receiver.status = 200
    assert notify(settings, "dead", "text", 60)


def test_an_address_of_no_kind_is_not_repeated(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(TerminalError, match="TILLSTREAM_NOTIFY_URL is not an address") as caught:
        notify(replace(settings, notify_url="nonsense://geheim@host"), "title", "text")
    assert "geheim" not in str(caught.value) + "".join(capfd.readouterr())


def test_the_command_takes_its_text_from_standard_input(receiver: Receiver, settings: Settings) -> None:
    environment = {"TILLSTREAM_HOME": str(settings.home), "TILLSTREAM_NOTIFY_URL": receiver.url}
    told = CliRunner().invoke(
        command, ["notify", "--title", "Trying", "--link", "http://x/"], input="a line\n", env=environment
    )

    assert (told.exit_code, told.output) == (0, "Sent.\n")
    [message] = receiver.received
    assert (message["title"], message["message"]) == ("Tillstream: Trying", "a line\nhttp://x/")
    assert (
        "is empty"
        in CliRunner()
        .invoke(command, ["notify", "--title", "x"], env=environment | {"TILLSTREAM_NOTIFY_URL": ""})
        .output
    )

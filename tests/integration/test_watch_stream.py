"""The watch over the stream, on real Kafka and stores: what it says is wrong, and when a restart is the remedy."""

import random
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.batch import watch_stream
from tests.faults.shop_record import ShopRecord, begin_anew
from tests.faults.stand_in import StandIn
from tests.night.nights import done
from tests.night.stores import empty, raw_record
from tillstream.accounts import EVENTS, MONGO_DATABASE
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import live, watch
from tillstream.stores.mysql import connect


class Watched:
    """A stream that counts when it is told to, and who watches it with little patience."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = replace(settings, hang_seconds=1)
        rng = random.Random(1)
        self.record = ShopRecord("watch", rng)
        self.stream = StandIn(settings, folder, begin_anew(settings), rng)
        self.beat()

    def beat(self) -> None:
        connection = connect(self.settings, "stream")
        live.beat(connection, {})
        connection.close()

    def sell(self, number: int = 10) -> None:
        self.record.produce(self.settings, number)

    def count(self) -> None:
        while self.stream.batch():
            pass

    def trouble(self) -> str:
        with pytest.raises(TerminalError) as failure:
            watch_stream.work(self.settings, Namespace())
        return str(failure.value)


@pytest.fixture
def watched(servers: Settings, tmp_path: Path) -> Iterator[Watched]:
    empty(servers)
    yield Watched(servers, tmp_path / "stream")
    empty(servers)


def test_a_stream_that_counts_everything_is_well(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        watched.sell()
        watched.count()
        assert watch_stream.work(watched.settings, Namespace()).startswith("The stream is well: 0 behind")
    assert capsys.readouterr().out == ""


def test_a_stream_that_is_behind_and_moves_is_well(watched: Watched) -> None:
    watched.sell(40)
    connection = connect(watched.settings, "batch")
    seen = watch.look(watched.settings, connection, lambda _seconds: watched.count())
    connection.close()

    assert (seen.behind, seen.troubles, seen.hangs) == (40, [], False)


def test_a_stream_that_hangs_is_to_be_restarted(watched: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    watched.sell(7)

    assert "counted nothing for 1 s; 7 records wait in Kafka" in watched.trouble()
    assert capsys.readouterr().out.splitlines()[-1] == watch_stream.RESTART
    watched.count()
    assert watch_stream.work(watched.settings, Namespace()).startswith("The stream is well")


def test_a_stream_that_has_stopped_by_itself_needs_a_person(
    watched: Watched, capsys: pytest.CaptureFixture[str]
) -> None:
    watched.sell()
    connection = connect(watched.settings, "stream")
    live.stopped(connection, "most records are bad")
    connection.close()

    assert "The stream has stopped: most records are bad" in watched.trouble()
    assert watch_stream.RESTART not in capsys.readouterr().out


def test_a_stream_without_a_sign_of_life_is_told(watched: Watched) -> None:
    done(watched.settings, "UPDATE heartbeat SET beat_at = UTC_TIMESTAMP(3) - INTERVAL 75 SECOND")

    assert "no sign of life for 75 s" in watched.trouble()
    done(watched.settings, "UPDATE heartbeat SET beat_at = NULL")
    assert "never given a sign of life" in watched.trouble()


def test_many_rejects_since_the_last_look_are_told(watched: Watched) -> None:
    watched.sell(100)
    watched.count()
    done(watched.settings, "UPDATE stream_offsets SET rejected = rejected + 9 WHERE topic = 'sales' LIMIT 1")

    assert "records since the last look are in the quarantine" in watched.trouble()
    assert watch_stream.work(watched.settings, Namespace()).startswith("The stream is well")


def test_a_raw_record_that_lacks_a_counted_event_is_told_until_it_is_mended(watched: Watched) -> None:
    watched.sell(30)
    watched.count()
    with raw_record(watched.settings) as client:
        events = client[MONGO_DATABASE][EVENTS]
        number = events.count_documents({})
        removed = events.find_one_and_delete({})
        assert removed is not None
        for _ in range(2):
            assert f"the raw record has {number - 1} events of them" in watched.trouble()
        events.insert_one(removed)
    assert watch_stream.work(watched.settings, Namespace()).startswith("The stream is well")

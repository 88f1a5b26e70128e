"""MySQL dies, refuses, dead-locks or loses its answer: the stream waits, runs its transaction again, and goes on."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.stream.conftest import Check
from tests.faults.stream.losing_proxy import LosingProxy
from tests.faults.stream.shop import Shop, wait_until
from tests.faults.stream.till import Till

# What the server itself says when a disk is full, while a table, or a temporary one, needs another page. Filling a real
# disk takes a file system of the test's own, which takes rights that few have.
DISK_FULL = {
    1114: "The table 'live_sales' is full",
    1021: "Disk full (live_sales); waiting for someone to free some space",
}
HEAVIER = 20_000  # rows: of two dead-locked transactions the one that changed less has to go


@pytest.fixture
def same_stream(shop: Shop) -> Iterator[None]:
    """Through all this, the stream is never started again."""
    before = shop.service("stream").pid
    yield
    assert shop.service("stream").pid == before, "the stream had to be started again"


@pytest.mark.sample
@pytest.mark.usefixtures("same_stream")
def test_mysql_is_killed_in_the_middle_of_a_transaction(
    shop: Shop, till: Till, is_exact: Check, is_sample: bool
) -> None:
    with shop.mysql_administrator() as connection:
        _hold_last_step(shop, connection, till)
        shop.kill_and_keep_away("mysql")
    till.trade(100)
    time.sleep(3 if is_sample else 30)
    shop.up("mysql")
    is_exact()


@pytest.mark.timeout(400)
def test_the_answer_to_a_commit_is_lost(shop: Shop, till: Till, is_exact: Check) -> None:
    shop.stop("stream")
    till.trade(100)
    proxy = LosingProxy(shop.settings.mysql_address, losses=3)
    with contextlib.closing(proxy), shop.stream_by_hand(shop.home, mysql=proxy.address):
        for number in (1, 2, 3):
            wait_until(lambda number=number: proxy.lost == number, f"{number} answers are lost")  # type: ignore[misc]
            shop.wait_until_counted()
            till.trade(100)
        is_exact()
    shop.up()
    is_exact()


@pytest.mark.sample
@pytest.mark.usefixtures("same_stream")
def test_mysql_is_read_only_for_a_while(shop: Shop, till: Till, is_exact: Check) -> None:
    with shop.mysql_administrator() as connection, connection.cursor() as cursor:
        said = len(shop.log())
        cursor.execute("SET GLOBAL read_only = 1")
        try:
            till.trade(100)
            wait_until(shop.heard("error 1290", said), "the stream was refused")
            assert shop.behind() > 0
        finally:
            cursor.execute("SET GLOBAL read_only = 0")
    is_exact()


@pytest.mark.usefixtures("same_stream")
def test_somebody_holds_the_offsets_for_longer_than_a_lock_time_out(shop: Shop, till: Till, is_exact: Check) -> None:
    with shop.mysql_administrator() as connection, connection.cursor() as cursor:
        said = len(shop.log())
        connection.begin()
        cursor.execute("SELECT * FROM `stream_offsets` FOR UPDATE")
        till.trade(100)
        wait_until(shop.heard("error 1205", said), "the stream's wait timed out")
        connection.rollback()
    is_exact()


@pytest.mark.sample
@pytest.mark.usefixtures("same_stream")
def test_the_stream_is_the_victim_of_a_deadlock(shop: Shop, till: Till, is_exact: Check) -> None:
    with shop.mysql_administrator() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS `faults`")
        cursor.execute("CREATE TABLE IF NOT EXISTS `faults`.`weight` (`number` INT PRIMARY KEY)")
        said = len(shop.log())
        _hold_last_step(shop, connection, till, f"INSERT INTO `faults`.`weight` SELECT seq FROM seq_1_to_{HEAVIER}")
        cursor.execute("SELECT * FROM `stream_offsets` FOR UPDATE")  # the stream has these rows, and waits for ours
        wait_until(shop.heard("error 1213", said), "the stream's transaction was given up")
        connection.rollback()
        cursor.execute("DROP DATABASE `faults`")
    is_exact()


@pytest.mark.usefixtures("same_stream")
@pytest.mark.parametrize("code", [pytest.param(1114, marks=pytest.mark.sample), 1021])
def test_the_disk_of_mysql_is_full(shop: Shop, till: Till, is_exact: Check, code: int) -> None:
    with shop.mysql_administrator() as connection, connection.cursor() as cursor:
        said = len(shop.log())
        cursor.execute(
            "CREATE TRIGGER `disk_full` BEFORE INSERT ON `live_sales` FOR EACH ROW "
            f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {code}, MESSAGE_TEXT = \"{DISK_FULL[code]}\""
        )
        try:
            till.trade(100)
            wait_until(shop.heard(f"error {code}", said), "the stream was refused")
            assert shop.behind() > 0
        finally:
            cursor.execute("DROP TRIGGER `disk_full`")
    is_exact()


def _hold_last_step(shop: Shop, holder: Any, till: Till, before: str = "") -> None:
    """Lets the stream come as far as its last statement: figures and offsets are changed, not committed."""
    waiting = (
        "SELECT COUNT(*) FROM `information_schema`.`innodb_trx` "
        "WHERE `trx_state` = 'LOCK WAIT' AND `trx_query` LIKE '%committed_at%'"
    )
    holder.begin()
    with holder.cursor() as cursor:
        if before:
            cursor.execute(before)
        cursor.execute("SELECT * FROM `heartbeat` WHERE `layer` = 'live' FOR UPDATE")
    till.trade(100)
    with shop.mysql_administrator() as watcher, watcher.cursor() as cursor:

        def is_waiting() -> bool:
            cursor.execute(waiting)
            [(number,)] = cursor.fetchall()
            return bool(number)

        wait_until(
            is_waiting, "the stream is in its transaction", seconds=30, pause=0.3
        )  # InnoDB shows no news to those who ask more often

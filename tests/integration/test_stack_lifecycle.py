"""The embedded stack survives whatever happens to its processes, and leaves nothing behind."""

import dataclasses
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stack import folders, ports, processes
from stack.lifecycle import down, restart, stop_service, up
from stack.mysql import administrator
from stack.status import ServiceStatus, status
from tests.integration.conftest import STORES
from tillstream.errors import TerminalError
from tillstream.settings import CHECKOUT, FILE_NAME, Settings
from tillstream.stores import kafka, mongo, mysql

START = (
    "import sys; from pathlib import Path; from stack.lifecycle import up; from tillstream.settings import Settings; "
)
START += f"up(Settings(home=Path(sys.argv[1]), ports='auto'), services={STORES})"
ALL_HEALTHY = dict.fromkeys(STORES, True)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A stack of its own, whose first starts were killed; its folder has every awkward character and a long path."""
    home = tmp_path_factory.mktemp("lifecycle") / f'Daw Mya\'s 50% "shop"; #1 = ဆိုင် {"x" * 60}'
    for name in STORES:  # as a start leaves it that was killed even earlier
        (home / name / "data.new" / "half").mkdir(parents=True)
    settings = Settings(home=home, ports="auto")
    try:
        for seconds, how in ((1.0, signal.SIGKILL), (2.0, signal.SIGINT), (3.0, signal.SIGKILL)):
            start = begin_up(settings)
            time.sleep(seconds)
            start.send_signal(how)
            start.wait(timeout=20)
        yield up(settings, services=STORES)
    finally:
        down(settings)
        shutil.rmtree(home)


def begin_up(settings: Settings) -> "subprocess.Popen[bytes]":
    """Another process that starts the stack."""
    environment = os.environ | {"PYTHONPATH": str(CHECKOUT)}
    return subprocess.Popen([sys.executable, "-c", START, str(settings.home)], env=environment)


def services(settings: Settings) -> dict[str, ServiceStatus]:
    return {service.name: service for service in status(settings) if service.name in STORES}


def health(settings: Settings) -> dict[str, bool]:
    return {name: service.healthy for name, service in services(settings).items()}


def wait_until(is_met: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not is_met():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def write_everywhere(settings: Settings, key: str) -> None:
    """Something that each server acknowledges."""
    with kafka.Producer(settings, "till") as producer:
        producer.send("sales", key, b"{}")
    mongo.events(settings, "stream").insert_one({"_id": key})
    connection = mysql.connect(settings, "stream")
    with mysql.transaction(connection) as cursor:
        cursor.execute("INSERT INTO product_names VALUES (%s, 'name', '2026-01-01')", (key,))
    connection.close()


def found_everywhere(settings: Settings, key: str, records: int) -> bool:
    kept = sum(after - first for first, after in kafka.TopicReader(settings, "stream").bounds().values())
    connection = mysql.connect(settings, "stream")
    with mysql.transaction(connection) as cursor:
        names = mysql.rows(cursor, "SELECT 1 FROM product_names WHERE product_id = %s", (key,))
    connection.close()
    return kept == records and len(names) == 1 and mongo.events(settings, "stream").find_one({"_id": key}) is not None


def files(home: Path) -> dict[Path, tuple[int, int]]:
    """What `up` may have touched: not the servers' own data and logs."""
    own = [home / FILE_NAME, *(home / "secrets").iterdir(), *(home / "run").iterdir(), *home.glob("*/*.properties")]
    return {path: (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in own}


def test_a_start_goes_on_where_others_were_killed(stack: Settings) -> None:
    assert health(stack) == ALL_HEALTHY
    assert len({process.pid for process in processes.of_stack(stack.home)}) == len(STORES) + 1
    write_everywhere(stack, "first")
    assert found_everywhere(stack, "first", records=1)


def test_a_second_up_changes_nothing_and_takes_under_two_seconds(stack: Settings) -> None:
    before = files(stack.home), {name: service.pid for name, service in services(stack).items()}
    lines: list[str] = []
    begun = time.monotonic()
    again = up(Settings(home=stack.home, ports="auto"), lines.append, STORES)

    assert time.monotonic() - begun < 2
    assert (again, lines) == (stack, [])
    assert before == (files(stack.home), {name: service.pid for name, service in services(stack).items()})


def test_killed_services_come_back_with_all_that_they_acknowledged(stack: Settings) -> None:
    write_everywhere(stack, "before the kill")
    before = services(stack)
    for service in before.values():
        assert service.pid
        os.kill(service.pid, signal.SIGKILL)
    wait_until(lambda: all(s.healthy and s.pid != before[s.name].pid for s in services(stack).values()))

    assert found_everywhere(stack, "before the kill", records=2)


def test_services_end_with_a_killed_supervisor_and_the_next_up_goes_on(stack: Settings) -> None:
    [supervisor] = processes.of_stack(stack.home, ["supervisord"])
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not processes.of_stack(stack.home))
    up(stack, services=STORES)

    assert found_everywhere(stack, "before the kill", records=2)


def test_everything_killed_at_once_recovers_and_strangers_are_left_alone(stack: Settings) -> None:
    write_everywhere(stack, "before the power cut")
    for process in processes.of_stack(stack.home):
        os.kill(process.pid, signal.SIGKILL)
    with subprocess.Popen(["sleep", "60"]) as stranger:  # has got the process ids that lie in files
        for name in ("run/supervisord.pid", "mysql/mariadbd.pid", "mongo/data/mongod.lock"):
            (stack.home / name).write_text(f"{stranger.pid}\n")
        up(stack, services=STORES)

        assert stranger.poll() is None
        stranger.kill()
    assert found_everywhere(stack, "before the power cut", records=3)


def test_a_cut_off_initialisation_is_made_good(stack: Settings) -> None:
    root = administrator(stack)
    with root.cursor() as cursor:
        cursor.execute("DROP USER tillstream_stream@127.0.0.1")
        cursor.execute("DROP TABLE tillstream.schema_migrations, tillstream.layers, tillstream.epochs")
    root.close()
    for name in STORES:
        folders.stamp(stack, name).unlink()
    up(stack, services=STORES)

    assert found_everywhere(stack, "before the power cut", records=3)


def test_a_service_can_be_stopped_and_restarted_alone(stack: Settings) -> None:
    before = services(stack)
    stop_service(stack, "mongo")
    assert health(stack) == ALL_HEALTHY | {"mongo": False}
    restart(stack, "mongo")

    after = services(stack)
    assert after["mongo"].healthy
    assert [name for name in STORES if after[name].pid != before[name].pid] == ["mongo"]


def test_a_moved_port_keeps_the_data(stack: Settings) -> None:
    free = next(port for port in ports.CHOICE if ports.is_free(port))
    moved = up(dataclasses.replace(stack, mongo_port=free), services=STORES)

    assert moved.mongo_port == free
    assert found_everywhere(moved, "before the power cut", records=3)
    assert up(Settings(home=stack.home, ports="auto"), services=STORES) == moved
    up(stack, services=STORES)  # back again, for the tests that follow


def test_a_service_that_cannot_start_says_why(stack: Settings) -> None:
    stop_service(stack, "mysql")
    data = stack.home / "mysql" / "data"
    data.rename(data.with_name("aside"))
    data.mkdir()
    try:
        with pytest.raises(TerminalError, match=r"(?s)mysql did not start.*mysql\.log:.*ERROR"):
            up(stack, services=STORES)
    finally:
        shutil.rmtree(data)
        data.with_name("aside").rename(data)
    wait_until(lambda: services(stack)["mysql"].state == "stopped", seconds=5)


def test_two_starts_at_once_make_one_stack_and_down_leaves_nothing(stack: Settings) -> None:
    down(stack)
    starts = [begin_up(stack) for _ in range(2)]
    assert [start.wait(60) for start in starts] == [0, 0]
    assert health(stack) == ALL_HEALTHY
    assert len(processes.of_stack(stack.home)) == len(STORES) + 1
    sockets = folders.sockets(stack)

    down(stack)
    down(stack)

    assert processes.of_stack(stack.home) == []
    assert all(map(ports.is_free, (stack.kafka_port, stack.kafka_port + 1, stack.mongo_port, stack.mysql_port)))
    assert not sockets.exists()
    left = [path for path in stack.home.rglob("*") if path.is_socket() or path.is_symlink()]
    assert left == [stack.home / "kafka" / "secrets"]  # by which Kafka finds its password, however odd the path
    folder = os.open(stack.home, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(folder)

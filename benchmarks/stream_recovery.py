"""Recovery: how long the figures stand still when the stream is killed."""

import os
import signal
import time

from benchmarks.figures import Figure, at_most
from benchmarks.load import Ends, ends, steady_load
from benchmarks.stream_run import WARM_SECONDS, Run, say
from stack.status import status
from tillstream.events import SALES
from tillstream.settings import Settings
from tillstream.stores.live import floors
from tillstream.stores.mysql import Cursor, connect, rows, transaction

KILL_RATE = 200
KILL_PATIENCE_SECONDS = 120.0


def kill(run: Run) -> list[Figure]:
    """The stream's process dies at once, while tills go on selling."""
    [pid] = [service.pid for service in status(run.settings) if service.name == "stream"]
    if pid is None:
        raise RuntimeError("the stream is not running")
    with steady_load(run.settings, "killed", KILL_RATE):
        time.sleep(run.seconds(WARM_SECONDS))
        usual = max(1.0, _usually_behind(run.settings))
        say(f"killing the stream (process {pid})")
        os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        time.sleep(1.0)
        # What came after the death: neither a last commit of the dead nor its last beat can show this as counted.
        seconds = _until_fresh(run.settings, ends(run.settings), begun, usual)
    return [at_most("kill -9 of the stream until the figures are fresh", seconds, 30.0, "s")]


def _usually_behind(settings: Settings) -> float:
    """The most seconds behind that `freshness` says within a few: on a busy machine it may be more than one."""
    connection = connect(settings, "operator")
    seen = []
    for _ in range(30):
        with transaction(connection) as cursor:
            seen.append(_seconds_behind(cursor))
        time.sleep(0.1)
    connection.close()
    return max(seen)


def _until_fresh(settings: Settings, wanted: Ends, begun: float, usual: float) -> float:
    """Seconds until all below `wanted` is counted and `freshness` says no more seconds behind than is usual."""
    connection = connect(settings, "operator")
    counted_after = None
    try:
        while (elapsed := time.monotonic() - begun) < KILL_PATIENCE_SECONDS:
            with transaction(connection) as cursor:
                counted = {partition: offset for (topic, partition), offset in floors(cursor).items() if topic == SALES}
                behind = _seconds_behind(cursor)
            if counted_after is None and all(counted.get(partition, 0) >= end for partition, end in wanted.items()):
                counted_after = elapsed
                say(f"it counts again {elapsed:.1f} s after its death")
            if counted_after is not None and behind <= usual:
                return elapsed
            time.sleep(0.1)
    finally:
        connection.close()
    raise TimeoutError(f"{KILL_PATIENCE_SECONDS:.0f} s after the kill the figures were still {behind:.1f} s behind")


def _seconds_behind(cursor: Cursor) -> float:
    [(behind,)] = rows(cursor, "SELECT `seconds_behind` FROM `freshness` WHERE `layer` = 'live'")
    return float(behind)

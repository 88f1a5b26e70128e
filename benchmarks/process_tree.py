"""What processes use: the stream's, or those of one task of a night: a driver, the JVM, and the Python workers."""

import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType

import psutil

from stack import processes
from tillstream.settings import Settings

SAMPLE_SECONDS = 1.0


Pids = Callable[[], Iterable[int]]


def of_stream(settings: Settings) -> Pids:
    """The stream's processes, whenever it is asked for them."""
    return lambda: [process.pid for process in processes.of_stack(settings.home, ["stream"])]


def of_task(settings: Settings, module: str) -> Pids:
    """The processes of a task of Airflow that runs a module, whenever it is asked for them."""

    def pids() -> set[int]:
        found: set[int] = set()
        for process in processes.of_stack(settings.home, ["airflow-scheduler"]):
            with suppress(psutil.Error):
                task = psutil.Process(process.pid)
                if module in task.cmdline():
                    found |= {task.pid, *(child.pid for child in task.children(recursive=True))}
        return found

    return pids


def memory_bytes(pids: Iterable[int]) -> int:
    """Memory of all of them; a page that several share counts once (PSS)."""
    total = 0
    for pid in pids:
        with suppress(psutil.Error):  # it has ended meanwhile
            total += psutil.Process(pid).memory_full_info().pss
    return total


def cpu_seconds(settings: Settings) -> dict[int, float]:
    """Processor time of each process of the stream so far, by process id."""
    used = {}
    for pid in of_stream(settings)():
        with suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            used[pid] = times.user + times.system
    return used


class MemoryWatch:
    """Samples the memory of processes in a thread while the block runs."""

    def __init__(self, pids: Pids) -> None:
        self._pids = pids
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.samples: list[int] = []

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._enough.set()
        self._thread.join()

    @property
    def peak(self) -> int:
        """The most that was seen, in bytes."""
        return max(self.samples)

    @property
    def growth(self) -> float:
        """The most of the last third of the time over the most of the third before it."""
        third = max(1, len(self.samples) // 3)
        return max(self.samples[-third:]) / max(self.samples[-2 * third : -third] or self.samples)

    def _watch(self) -> None:
        while not self._enough.wait(SAMPLE_SECONDS):
            self.samples.append(memory_bytes(self._pids()))


def idle_load(settings: Settings, seconds: float) -> float:
    """The share of one core that the stream uses over the next seconds."""
    before, begun = cpu_seconds(settings), time.monotonic()
    time.sleep(seconds)
    after = cpu_seconds(settings)
    used = sum(after[pid] - spent for pid, spent in before.items() if pid in after)
    return used / (time.monotonic() - begun)

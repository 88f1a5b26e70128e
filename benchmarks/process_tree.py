"""What the stream's processes use: its driver, the JVM, and the Python workers."""

import threading
import time
from types import TracebackType

import psutil

from stack import processes
from tillstream.settings import Settings

SAMPLE_SECONDS = 1.0


def memory_bytes(settings: Settings) -> int:
    """Memory of all of them; a page that several share counts once (PSS)."""
    total = 0
    for process in processes.of_stack(settings.home, ["stream"]):
        try:
            total += psutil.Process(process.pid).memory_full_info().pss
        except psutil.Error:
            continue  # it has ended meanwhile
    return total


def cpu_seconds(settings: Settings) -> dict[int, float]:
    """Processor time of each process so far, by process id."""
    used = {}
    for process in processes.of_stack(settings.home, ["stream"]):
        try:
            times = psutil.Process(process.pid).cpu_times()
        except psutil.Error:
            continue
        used[process.pid] = times.user + times.system
    return used


class MemoryWatch:
    """Samples the memory in a thread while the block runs."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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
            self.samples.append(memory_bytes(self._settings))


def idle_load(settings: Settings, seconds: float) -> float:
    """The share of one core that the stream uses over the next seconds."""
    before, begun = cpu_seconds(settings), time.monotonic()
    time.sleep(seconds)
    after = cpu_seconds(settings)
    used = sum(after[pid] - spent for pid, spent in before.items() if pid in after)
    return used / (time.monotonic() - begun)

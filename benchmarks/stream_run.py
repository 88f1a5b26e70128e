"""What the parts of a benchmark share: a stack, the run that they belong to, and lines of progress."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from stack.lifecycle import down, up
from tillstream.settings import Settings

WARM_SECONDS, LEAST_SECONDS = 30.0, 6.0
LOOK_SECONDS, DRAIN_LOOK_SECONDS = 0.015, 0.05  # between two looks at what is committed


def say(line: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


@contextmanager
def own_stack(settings: Settings, services: Sequence[str] | None = None) -> Iterator[Settings]:
    """A stack that runs while the block does, with the ports that it got: all of it, or `services` and their needs."""
    try:
        yield up(settings, say, services)
    finally:
        say("taking the stack down")
        down(settings)


@dataclass(frozen=True)
class Run:
    """One run: its stack, its size as a share of the full one, and the parts that are wanted."""

    settings: Settings
    scale: float
    parts: Sequence[str]

    def records(self, number: int) -> int:
        """So many records, at the scale of this run."""
        return max(1_000, int(number * self.scale))

    def seconds(self, number: float) -> float:
        """So many seconds, at the scale of this run."""
        return max(LEAST_SECONDS, number * self.scale)

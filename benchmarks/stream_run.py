"""What the parts of the stream's benchmark share: the run that they belong to, and lines of progress."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from tillstream.settings import Settings

WARM_SECONDS, LEAST_SECONDS = 30.0, 6.0
LOOK_SECONDS, DRAIN_LOOK_SECONDS = 0.015, 0.05  # between two looks at what is committed


def say(line: str) -> None:
    """A line of progress."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)


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

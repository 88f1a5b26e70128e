"""The nights of a history: each somewhere between its cut and its publication, killed now and then, and run again."""

import multiprocessing
import random
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.stand_in import StandIn
from tests.night.deaths import DEATHS, planted
from tests.night.nights import STEPS
from tillstream.errors import TillstreamError
from tillstream.settings import Settings

MOST_NIGHTS = 2  # at once
STEP_SECONDS = 60
FAILED = 3  # exit code of a step that was refused

NightPlant = Callable[[Settings, Sequence[StandIn]], None]


@dataclass
class Night:
    """One run: what it was asked for, and the steps that are left."""

    run: str
    options: dict[str, Any]
    steps: list[str] = field(default_factory=lambda: list(STEPS))


@dataclass
class NightShift:
    """The nights that are under way, and what was refused of them, which a right design never does."""

    settings: Settings
    folder: Path
    rng: random.Random
    streams: Sequence[StandIn]
    plant: NightPlant
    running: list[Night] = field(default_factory=list)
    begun: int = 0
    refusal: str | None = None

    def work(self, *, deadly: bool = True) -> int:
        """A step of one night, in a process of its own; gives 1 when it was killed. A night may be given up."""
        if len(self.running) < MOST_NIGHTS and (not self.running or self.rng.random() < 0.3):
            self._begin()
        night = self.rng.choice(self.running)
        if deadly and self.rng.random() < 0.05:
            self.running.remove(night)
            return 0
        return self._step(night, deadly=deadly)

    def finish(self) -> None:
        """Every night that is under way comes to its end, the youngest first: it overtakes the others."""
        while self.running and self.refusal is None:
            self._step(self.running[-1], deadly=False)

    def whole(self, run: str, **options: Any) -> None:
        """A night from begin to end, without a crash."""
        self.running = [Night(run, options)]
        self.finish()

    def _begin(self) -> None:
        self.begun += 1
        roll = self.rng.random()
        month = f"2026-0{self.rng.randint(1, 4)}"
        options: dict[str, Any] = {"full": True} if roll < 0.2 else {"month": month} if roll < 0.35 else {}
        self.running.append(Night(f"night {self.begun}", options))

    def _step(self, night: Night, *, deadly: bool) -> int:
        fatal = self.rng.choice(DEATHS) if deadly and self.rng.random() < 0.6 else None
        step = night.steps[0]

        def child() -> int:
            self.plant(self.settings, self.streams)
            if fatal is not None and fatal.step == step:
                planted(fatal)
            try:
                STEPS[step](self.settings, night.run, **(night.options if step == "open_cut" else {}))
            except TillstreamError as error:
                (self.folder / "refusal").write_text(f"{step} of {night.run}: {error.what}")
                return FAILED
            return 0

        code = _exit_code(child)
        if code == 0:
            night.steps.pop(0)
            if not night.steps:
                self.running.remove(night)
        elif code == FAILED:
            self.refusal = (self.folder / "refusal").read_text()
        return int(code == -signal.SIGKILL)


def _exit_code(work: Callable[[], int]) -> int | None:
    process = multiprocessing.get_context("fork").Process(target=lambda: exit(work()))  # noqa: PLR1722
    process.start()
    process.join(STEP_SECONDS)
    assert process.exitcode in (0, FAILED, -signal.SIGKILL), f"a night's step ended with {process.exitcode}"
    return process.exitcode

"""Where a night's steps can be killed."""

import os
import signal
from types import ModuleType
from typing import Any, NamedTuple

from tillstream.stores import comparison, generations, pruning, publication, reconciliation, slices, truth, zone_map

BEFORE, AFTER = False, True


class Death(NamedTuple):
    """The process ends, as by kill -9, where the step calls a function: at its begin, or when it is done."""

    step: str
    module: ModuleType
    name: str
    after: bool

    def __str__(self) -> str:
        return f"{self.step} {'after' if self.after else 'before'} {self.name}"


DEATHS = [
    Death("open_cut", generations, "_begin_epoch", AFTER),
    Death("open_cut", generations, "open_cut", AFTER),
    Death("profile", slices, "write", BEFORE),
    Death("profile", zone_map, "write", AFTER),
    Death("profile", slices, "write", AFTER),
    Death("recount", truth, "remove", BEFORE),
    Death("recount", truth, "write", BEFORE),
    Death("recount", truth, "write", AFTER),
    Death("recount", generations, "end_recount", AFTER),
    Death("reconcile", comparison, "compare_grains", AFTER),
    Death("reconcile", reconciliation, "_keep", AFTER),
    Death("publish", publication, "_restate", AFTER),
    Death("publish", publication, "note_publication", AFTER),
    Death("publish", publication, "publish", AFTER),
    Death("publish", pruning, "_prune_live", AFTER),
    Death("publish", pruning, "_prune_publications", AFTER),
]


def planted(death: Death) -> None:
    """From now on this process ends there."""
    whole = vars(death.module)[death.name]

    def fatal(*arguments: Any, **named: Any) -> Any:
        if death.after:
            whole(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)

    vars(death.module)[death.name] = fatal

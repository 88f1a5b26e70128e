"""What the whole stack uses when nobody sells and nobody looks."""

import time
from collections import defaultdict

from benchmarks.figures import Figure, at_most, told
from benchmarks.process_tree import memory_bytes
from benchmarks.stream_run import Run, say
from stack import processes

SETTLE_SECONDS = 30.0
BAR_GIB = 5.0


def idle(run: Run) -> list[Figure]:
    """Memory; a page that several processes share counts once."""
    seconds = run.seconds(SETTLE_SECONDS)
    say(f"nothing to do for {seconds:.0f} s")
    time.sleep(seconds)
    pids = defaultdict(list)
    for process in processes.of_stack(run.settings.home):
        pids[process.service].append(process.pid)
    used = {service: memory_bytes(found) / 2**30 for service, found in pids.items()}
    return [
        at_most("idle memory of the whole stack", sum(used.values()), BAR_GIB, "GiB"),
        *(told(f"idle memory of {service}", gib, "GiB") for service, gib in sorted(used.items())),
    ]

"""Airflow beside the stream under test: its DAGs are run as a person would, and followed to their end."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from stack import processes
from stack.airflow_api import Airflow, Run
from tests.faults.stream.shop import Shop, wait_until
from tillstream.errors import TillstreamError, TransientError

PARTS = ("airflow-dags", "airflow-scheduler", "airflow", "postgres")
RUN_SECONDS = 280.0


class DagRuns:
    """The DAGs of a shop whose Airflow runs."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.airflow = Airflow(shop.settings)

    def ended(self, dag_id: str, params: dict[str, Any] | None = None) -> Run:
        """A run from its begin to its end."""
        begun: list[Run] = []

        def is_begun() -> bool:
            try:
                begun.append(self.airflow.trigger(dag_id, params or {}))
            except TillstreamError:  # Airflow has just started and knows no DAG yet
                return False
            return True

        wait_until(is_begun, f"Airflow takes a run of {dag_id}", pause=1.0)
        [run] = begun

        def is_over() -> bool:
            nonlocal run
            try:
                run = self.airflow.run(dag_id, run.dag_run_id)
            except TransientError:
                return False
            return run.state in {"success", "failed"}

        wait_until(is_over, f"{dag_id} ends", seconds=RUN_SECONDS, pause=0.5)
        return run

    def said(self, run: Run, dag_id: str, task_id: str) -> Any:
        """The last line of a task, or what it left of its failure."""
        return self.airflow.said(dag_id, run.dag_run_id, task_id, "return_value") or self.airflow.said(
            dag_id, run.dag_run_id, task_id, "failure"
        )

    @contextmanager
    def held(self, module: str, is_over: Callable[[], bool]) -> Iterator[None]:
        """A task that runs this module stands still meanwhile, from its first moments on; or all is over before."""
        pids: list[int] = []

        def caught() -> bool:
            pids.extend(self._running(module))
            _signal(pids, signal.SIGSTOP)
            return bool(pids) or is_over()

        wait_until(caught, f"{module} runs", pause=0.01)
        try:
            yield
        finally:
            _signal(pids, signal.SIGCONT)

    def _running(self, module: str) -> list[int]:
        found = processes.of_stack(self._shop.home, ["airflow-scheduler"])
        words = {process.pid: Path(f"/proc/{process.pid}/cmdline") for process in found}
        return [pid for pid, path in words.items() if path.exists() and module.encode() in path.read_bytes()]


def _signal(pids: Iterable[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, number)


@contextmanager
def airflow_beside(shop: Shop) -> Iterator[DagRuns]:
    """Starts Airflow; other scenarios do without it, for its watch would start a stream anew that they stop."""
    shop.up("stream", "airflow")
    try:
        yield DagRuns(shop)
    finally:
        for part in PARTS:
            shop.stop(part)

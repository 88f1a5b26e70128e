"""What a benchmark found: figures with the bars that they are held to, as a table and as JSON."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
CPU_INFO = Path("/proc/cpuinfo")


class Figure(msgspec.Struct, frozen=True):
    """One measured value. `holds` is None where nothing was judged; `peer` is what the peer reached."""

    name: str
    value: float | None
    unit: str
    bar: str
    holds: bool | None
    peer: float | None = None


class Machine(msgspec.Struct, frozen=True):
    """Where and when it was measured, and how busy the machine was with other work before."""

    processor: str
    cores: int
    memory_gb: float
    system: str
    python: str
    started_at: str
    load_at_start: float
    scale: float


def at_most(name: str, value: float, limit: float, unit: str, peer: float | None = None) -> Figure:
    """A figure that must not be above `limit`."""
    return Figure(name, value, unit, f"≤ {limit:,}", value <= limit, peer)


def at_least(name: str, value: float, limit: float, unit: str, peer: float | None = None) -> Figure:
    """A figure that must not be below `limit`."""
    return Figure(name, value, unit, f"≥ {limit:,}", value >= limit, peer)


def between(name: str, value: float, least: float, most: float, unit: str) -> Figure:
    """A figure that must not be below `least` or above `most`."""
    return Figure(name, value, unit, f"{least:,} to {most:,}", least <= value <= most)


def told(name: str, value: float, unit: str, peer: float | None = None) -> Figure:
    """A figure without a bar."""
    return Figure(name, value, unit, "", None, peer)


def missing(name: str, *, failed: bool) -> Figure:
    """In the place of figures that could not be taken: skipped for a good reason, or failed."""
    return Figure(name, None, "failed" if failed else "skipped", "", False if failed else None)


def unjudged(figure: Figure) -> Figure:
    """The figure of a small run, which says nothing about its bar. What failed, failed at any scale."""
    return figure if figure.value is None else msgspec.structs.replace(figure, holds=None)


def this_machine(scale: float) -> Machine:
    """The machine that this process runs on."""
    models = [line.partition(":")[2].strip() for line in CPU_INFO.read_text().splitlines() if "model name" in line]
    return Machine(
        processor=models[0] if models else platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(psutil.virtual_memory().total / 1e9, 1),
        system=platform.platform(),
        python=platform.python_version(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        load_at_start=round(os.getloadavg()[0], 2),
        scale=scale,
    )


def write(name: str, machine: Machine, figures: Sequence[Figure]) -> Path:
    """Writes `results/<name>.json`; gives its path."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    text = msgspec.json.encode({"machine": machine, "figures": figures})
    path.write_bytes(msgspec.json.format(text) + b"\n")
    return path


def show(title: str, figures: Sequence[Figure]) -> None:
    """Prints the table."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in ("figure", "value", "unit", "bar", "peer", "holds"):
        table.add_column(column, justify="right" if column in ("value", "peer") else "left", overflow="fold")
    for figure in figures:
        holds = {True: "yes", False: "NO", None: ""}[figure.holds]
        table.add_row(figure.name, _number(figure.value), figure.unit, figure.bar, _number(figure.peer), holds)
    console = Console(highlight=False, markup=False)
    (console if console.is_terminal else Console(width=160, highlight=False, markup=False)).print(table)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.3f}"

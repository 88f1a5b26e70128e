"""Spark's checkpoint of the stream: without it the stream reads all again and adds nothing."""

from datetime import UTC, datetime
from pathlib import Path

CHECKPOINT = "checkpoint"  # its folder in the home
LOGS = ("offsets", "commits")


def damage(checkpoint: Path) -> str | None:
    """What a crash of the machine left wrong in a checkpoint folder of a local disk; None when nothing."""
    for log in LOGS:
        batches = [path for path in (checkpoint / log).glob("*") if path.name.isdecimal()]
        if batches and not (newest := max(batches, key=lambda path: int(path.name))).read_bytes().endswith(b"}"):
            return f"{log}/{newest.name} is cut off"
    if (checkpoint / "offsets").exists() and not (checkpoint / "metadata").exists():
        return "metadata is missing"
    return None


def set_aside(checkpoint: Path, why: str) -> Path:
    """Moves a checkpoint out of the way; the stream then reads Kafka from the earliest record. Gives its new place."""
    aside = checkpoint.with_name(f"{checkpoint.name}-set-aside-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
    checkpoint.rename(aside)
    print(f"The checkpoint was set aside as {aside}: {why}. All records are read again; none counts twice.", flush=True)
    return aside


def set_aside_if_damaged(checkpoint: Path) -> None:
    """Sets a damaged checkpoint aside, so that a power cut needs nobody's help."""
    why = damage(checkpoint)
    if why is not None:
        set_aside(checkpoint, why)

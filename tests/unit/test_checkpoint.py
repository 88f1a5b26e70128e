"""A checkpoint that a crash of the machine has cut off is set aside; a sound one stays."""

from pathlib import Path

import pytest

from jobs.streaming.checkpoint import damage, set_aside, set_aside_if_damaged

ENTRY = b'v1\n{"nextBatchWatermarkMs":0}'


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """As Spark leaves one after two batches, the second not yet committed."""
    folder = tmp_path / "checkpoint"
    for log, batches in (("offsets", (9, 10)), ("commits", (9,))):
        (folder / log).mkdir(parents=True)
        for batch in batches:
            (folder / log / str(batch)).write_bytes(ENTRY)
    (folder / "metadata").write_text('{"id":"x"}')
    return folder


def test_a_sound_checkpoint_stays(checkpoint: Path) -> None:
    set_aside_if_damaged(checkpoint)

    assert damage(checkpoint) is None
    assert (checkpoint / "offsets" / "10").exists()


def test_no_checkpoint_at_all_is_sound(tmp_path: Path) -> None:
    assert damage(tmp_path / "checkpoint") is None
    (tmp_path / "checkpoint" / "offsets").mkdir(parents=True)
    (tmp_path / "checkpoint" / "metadata").touch()
    assert damage(tmp_path / "checkpoint") is None


@pytest.mark.parametrize("remainder", [b"", b"v1\n", ENTRY[:-1], b"\0" * 20])
@pytest.mark.parametrize(("log", "newest"), [("offsets", "10"), ("commits", "9")])
def test_a_newest_entry_that_is_cut_off_is_damage(checkpoint: Path, log: str, newest: str, remainder: bytes) -> None:
    (checkpoint / log / newest).write_bytes(remainder)

    assert damage(checkpoint) == f"{log}/{newest} is cut off"


def test_ten_comes_after_nine(checkpoint: Path) -> None:
    (checkpoint / "offsets" / "9").write_bytes(b"")  # an older entry is not read again

    assert damage(checkpoint) is None


def test_drafts_and_check_sums_are_not_entries(checkpoint: Path) -> None:
    for name in (".11.crc", ".11.uuid.tmp", "11.tmp"):
        (checkpoint / "offsets" / name).write_bytes(b"")

    assert damage(checkpoint) is None


def test_lost_metadata_is_damage_once_there_are_offsets(checkpoint: Path) -> None:
    (checkpoint / "metadata").unlink()

    assert damage(checkpoint) == "metadata is missing"


def test_a_damaged_checkpoint_is_kept_aside_and_told(checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (checkpoint / "offsets" / "10").write_bytes(b"")
    set_aside_if_damaged(checkpoint)

    assert not checkpoint.exists()
    [aside] = checkpoint.parent.glob("checkpoint-set-aside-*")
    assert (aside / "commits" / "9").read_bytes() == ENTRY
    assert "offsets/10 is cut off. All records are read again; none counts twice." in capsys.readouterr().out


def test_two_checkpoints_set_aside_do_not_meet(checkpoint: Path) -> None:
    first = set_aside(checkpoint, "the first")
    checkpoint.mkdir()
    second = set_aside(checkpoint, "the second")

    assert first != second
    assert first.exists()
    assert second.exists()

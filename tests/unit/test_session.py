"""What Spark's JVM is started with."""

from pathlib import Path

import pytest

from jobs import session


def test_classes_come_from_the_archive_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "classes.jsa"
    monkeypatch.setattr(session, "CLASSES", archive)
    assert session.java_options("-Xmore") == "-XX:+UseParallelGC -Xmore"
    archive.touch()
    assert session.java_options() == f"-XX:+UseParallelGC -XX:SharedArchiveFile={archive} -Xlog:cds*=off"

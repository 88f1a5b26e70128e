"""What the executors' Python forgets between two tasks."""

import importlib
import sys
import zipfile
from pathlib import Path
from zipimport import zipimporter

import pytest

from jobs.python_worker import forget_zip_files


@pytest.fixture
def zipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zip file of two modules, on the path of imports."""
    path = tmp_path / "zipped.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("zipped_early.py", "VALUE = 1")
        file.writestr("zipped_late.py", "VALUE = 2")
    monkeypatch.syspath_prepend(str(path))
    return path


def test_no_zip_file_is_read_again_before_the_next_task(zipped: Path) -> None:
    importlib.import_module("zipped_early")
    assert isinstance(sys.path_importer_cache[str(zipped)], zipimporter)
    forget_zip_files()
    assert not any(isinstance(finder, zipimporter) for finder in sys.path_importer_cache.values())


def test_what_is_in_a_zip_file_can_still_be_imported(zipped: Path) -> None:
    importlib.import_module("zipped_early")
    forget_zip_files()
    assert importlib.import_module("zipped_late").VALUE == 2

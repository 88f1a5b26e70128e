"""The generated pages of `docs/` and `.env.example` say what the code says."""

from dataclasses import fields
from pathlib import Path

import pytest

from tillstream import reference_docs
from tillstream.settings import FILE_NAME, Settings, load, read_file, variable
from tillstream.tables import TABLES
from tillstream.views import VIEWS

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", reference_docs.pages())
def test_a_generated_page_is_up_to_date(path: str) -> None:
    page = CHECKOUT / path

    assert page.exists(), f"run `make docs`: {path} is missing"
    assert page.read_text(encoding="utf-8") == reference_docs.pages()[path], f"run `make docs`: {path} is out of date"


def test_every_page_has_its_place_in_this_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(reference_docs, "CHECKOUT", tmp_path)
    reference_docs.main()
    written = {str(p.relative_to(tmp_path)): p.read_text() for p in tmp_path.rglob("*") if p.is_file()}

    assert written == reference_docs.pages()


def test_the_page_of_tables_names_every_table_column_and_view() -> None:
    page = reference_docs.pages()["docs/tables.md"]

    for table in TABLES:
        section = page.partition(f"### `{table.name}`")[2].partition("###")[0]
        assert all(f"`{column.name}`" in section for column in table.columns)
    for view in VIEWS:
        assert f"`{view.name}`" in page
        assert view.meaning in page


def test_columns_are_read_off_the_outermost_select() -> None:
    [low_stock] = [view for view in VIEWS if view.name == "low_stock"]

    assert reference_docs.view_columns(low_stock)[-3:] == ["status", "reorder_point", "why"]


def test_the_example_of_settings_gives_the_defaults_with_and_without_its_comment_marks(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    environment = {"TILLSTREAM_HOME": str(tmp_path)}
    defaults = load(environment)
    example = (CHECKOUT / ".env.example").read_text()
    file.write_text(example)
    assert read_file(file) == {}

    file.write_text(example.replace("# TILLSTREAM_", "TILLSTREAM_"))
    assert read_file(file).keys() == {variable(setting.name) for setting in fields(Settings)}
    assert load(environment) == defaults

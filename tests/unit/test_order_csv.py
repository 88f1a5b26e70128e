"""The plan as CSV: no cell is a formula, numbers are numbers, and every script survives."""

import csv
import io
from pathlib import Path

import pytest

from reports.order_csv import COLUMNS, ENCODING, cell, order_csv
from tests.unit.plan_lines import plan_line


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", '=HYPERLINK("x","y")', "-", "="],
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["T-Shirt", "a=b", " =1", "'=1", "", "ပုဆိုး", -5, -5.5, 0, None])
def test_other_texts_and_numbers_stay_as_they_are(value: object) -> None:
    assert cell(value) == value


def test_every_column_of_text_is_guarded() -> None:
    evil = '=1+"a",\n;'
    texts = ("product_id", "product_name", "size", "colour", "supplier", "store_id", "reason")
    [row] = read(order_csv([plan_line(**dict.fromkeys(texts, evil))]))

    assert {row[name] for name in texts} == {f"'{evil}"}


def test_numbers_are_numbers_and_what_is_not_known_is_empty() -> None:
    [row] = read(order_csv([plan_line(on_hand=-3, unit_cost="12.50", cost=None, currency=None, months_of_cover=None)]))

    assert (row["on_hand"], row["quantity"], row["packs"], row["unit_cost"]) == ("-3", "24", "2", "12.50")
    assert (row["cost"], row["currency"], row["months_of_cover"]) == ("", "", "")
    assert row["order_by"] == "2026-03-20"


def test_an_empty_plan_is_a_header() -> None:
    assert order_csv([]) == ",".join(COLUMNS) + "\r\n"


def test_a_spreadsheet_knows_the_encoding_by_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_text(order_csv([plan_line(product_name="ချည်ပုဆိုး")]), ENCODING, newline="")

    assert path.read_bytes().startswith(b"\xef\xbb\xbfurgency,")
    assert read(path.read_text("utf-8-sig"))[0]["product_name"] == "ချည်ပုဆိုး"

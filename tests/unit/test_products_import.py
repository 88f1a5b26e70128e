"""A products file is read whole or not at all, and its faults are all named at once."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from sources.products import ProductFile, read_products
from tests.unit.csv_calls import written
from tillstream.errors import TerminalError
from tillstream.tables import PRODUCTS, SUPPLIERS

COLUMNS = [column.name for column in PRODUCTS.columns]
FULL = (
    "p1,Oxford Shirt,Shirts,Oxford,M,White,Mingalar,9500,MMK,14,6,12,8,2026-03-01\n"
    "p2,Belt,,,,,Mingalar,,,14,,,,\n"
    "p3,ချည်ပုဆိုး,,,,,Mingalar,7000.00,,21,,,,\n"
    "p4,Tie,,,,,Golden,,,,,,,\n"
)


def products(path: Path, text: str, header: str = ",".join(COLUMNS)) -> ProductFile:
    return read_products(written(path / "products.csv", f"{header}\n{text}"), "MMK")


def test_rows_come_in_the_order_of_the_tables_columns(tmp_path: Path) -> None:
    found = products(tmp_path, FULL)
    assert found.products[0] == (
        "p1", "Oxford Shirt", "Shirts", "Oxford", "M", "White", "Mingalar", Decimal(9500), "MMK", None, 6, 12, 8,
        date(2026, 3, 1),
    )  # fmt: skip
    assert all(len(row) == len(PRODUCTS.columns) for row in found.products)
    assert all(len(row) == len(SUPPLIERS.columns) for row in found.suppliers)


def test_what_a_line_leaves_out_is_not_known(tmp_path: Path) -> None:
    tie = dict(zip(COLUMNS, products(tmp_path, FULL).products[3], strict=True))
    assert {name for name, value in tie.items() if value is not None} == {"product_id", "product_name", "supplier"}


def test_a_cost_is_in_the_shops_currency_unless_it_says_otherwise(tmp_path: Path) -> None:
    found = products(tmp_path, "p1,A,9.50,USD\np2,B,9,\n", "product_id,product_name,unit_cost,cost_currency")
    costs = [(row[COLUMNS.index("unit_cost")], row[COLUMNS.index("cost_currency")]) for row in found.products]
    assert costs == [(Decimal("9.50"), "USD"), (Decimal(9), "MMK")]


def test_a_suppliers_lead_time_is_its_most_common_one_and_a_product_keeps_another(tmp_path: Path) -> None:
    found = products(tmp_path, FULL)
    assert found.suppliers == [("Mingalar", 14)]
    lead_times = [row[COLUMNS.index("lead_time_days")] for row in found.products]
    assert lead_times == [None, None, 21, None]


def test_of_equally_common_lead_times_the_shortest_holds(tmp_path: Path) -> None:
    found = products(tmp_path, "p1,A,S,9\np2,B,S,4\n", "product_id,product_name,supplier,lead_time_days")
    assert found.suppliers == [("S", 4)]


def test_two_columns_are_enough_in_any_order_and_with_any_delimiter(tmp_path: Path) -> None:
    found = products(tmp_path, "A;p1\n;\nB;p2\n", "product_name;product_id")
    assert [row[:2] for row in found.products] == [("p1", "A"), ("p2", "B")]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("product_id,price", "lacks the column: 'product_name'"),
        ("product_id,product_name,price,shelf", "unknown column: 'price', 'shelf'"),
        ("product_id,product_name,size,size", "has twice: 'size'"),
    ],
)
def test_a_wrong_column_is_named(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(TerminalError, match=message):
        products(tmp_path, "p1,A\n", header)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("product_id", "x" * 65, "product_id: longer than 64"),
        ("product_id", "", "product_id: missing"),
        ("product_name", "", "product_name: missing"),
        ("size", "x" * 41, "size: longer than 40"),
        ("unit_cost", "-1", "unit_cost: not a plain"),
        ("unit_cost", "9.5", "unit_cost: more places than MMK"),
        ("unit_cost", "1" + "0" * 12, "unit_cost: .*12 digits"),
        ("unit_cost", "9" * 30, "unit_cost: .*12 digits"),
        ("cost_currency", "XXX", "cost_currency: not a supported"),
        ("pack_size", "0", "pack_size: not from 1"),
        ("lead_time_days", "-3", "lead_time_days: not a whole"),
        ("minimum_order", "2147483648", "minimum_order: not from 0"),
        ("reorder_level", "many", "reorder_level: not a whole"),
        ("discontinued_on", "31/12/2026", "discontinued_on: not a day"),
    ],
)
def test_a_bad_value_is_named_with_its_line(tmp_path: Path, column: str, value: str, message: str) -> None:
    row = {"product_id": "p1", "product_name": "A", column: value}
    with pytest.raises(TerminalError, match=f"line 2: {message}"):
        products(tmp_path, ",".join(row.get(name, "") for name in COLUMNS) + "\n")


def test_a_product_that_comes_twice_is_named_with_both_lines(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match=r"line 4: .*'p1' is on line 2 as well"):
        products(tmp_path, "p1,A\np2,B\n p1 ,C\n", "product_id,product_name")


def test_all_faults_are_told_at_once_but_not_without_end(tmp_path: Path) -> None:
    with pytest.raises(TerminalError) as caught:
        products(tmp_path, "p,A,x\n" * 30, "product_id,product_name,size,pack_size".replace("size,", "", 1))
    assert caught.value.what.count("\n  line ") == 20
    assert "and 10 more" in caught.value.what


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_a_file_without_products_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(TerminalError, match="no products"):
        products(tmp_path, text, "product_id,product_name")


def test_a_damaged_line_is_named(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="line 3: cut_in_mid_line"):
        products(tmp_path, "p1,A\np2", "product_id,product_name")

"""Which column holds what: known layouts by their header, any other by a mapping."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sources.csv_layouts import FIELDS, Layout, layout_of, parsed_columns
from sources.csv_lines import CsvFile
from sources.history import SALES_HEADER, STOCK_HEADER
from tests.unit.csv_calls import HEADER_2019
from tillstream.errors import TerminalError

BILLS = "order_id=Bill No,product_id=SKU,quantity=Qty,unit_price=Price,sold_at=Date"


def layout(header: str, columns: Mapping[str, str] | None = None) -> Layout:
    return layout_of(CsvFile(Path("sales.csv"), "utf-8", ",", tuple(header.split(",")), 1), columns or {})


def test_the_layout_of_2019_is_known_in_any_order_of_columns() -> None:
    found = layout(",".join(reversed(HEADER_2019.split(","))))
    assert (found.name, found.topic, found.currency) == ("2019", "sales", "USD")
    assert found.positions["order_id"] == (5,)


@pytest.mark.parametrize(("header", "topic"), [(SALES_HEADER, "sales"), (STOCK_HEADER, "stock")])
def test_the_products_own_layouts_are_known(header: tuple[str, ...], topic: str) -> None:
    assert set(header) == set(FIELDS[topic])
    assert layout(",".join(header)).name == topic


def test_a_part_of_an_own_layout_is_enough_with_the_mandatory_columns() -> None:
    assert layout("sold_at,order_id,quantity,product_name,unit_price").name == "sales"
    assert layout("day,kind,order_id,quantity,product_id").name == "stock"


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Bill No,SKU,Qty,Price,Date", "not known.*'Bill No', 'SKU', 'Qty', 'Price', 'Date'"),
        (HEADER_2019.replace("Price Each,", ""), "lacks 'Price Each'"),
        (HEADER_2019 + ",Note", "unknown columns: 'Note'"),
        ("order_id,product_id,quantity,sold_at", "lacks 'unit_price'"),
        ("order_id,quantity,unit_price,sold_at", "lacks 'product_id or product_name'"),
        ("order_id,product_id,quantity,unit_price,sold_at,shift", "unknown columns: 'shift'"),
        ("order_id,product_id,quantity,unit_price,sold_at,quantity", "several columns called 'quantity'"),
    ],
)
def test_an_unknown_header_is_shown_with_what_is_wrong(header: str, message: str) -> None:
    with pytest.raises(TerminalError, match=message):
        layout(header)


def test_the_remedy_for_an_unknown_header_is_an_example_of_a_mapping() -> None:
    with pytest.raises(TerminalError) as caught:
        layout("a,b")
    assert "--columns" in caught.value.remedy


def test_a_mapping_names_the_columns_of_any_other_file() -> None:
    found = layout("Date,Price,Qty,SKU,Cashier,Bill No", parsed_columns(BILLS))
    assert found.name == "columns"
    assert found.positions["order_id"] == (5,)


def test_a_mapping_joins_a_date_and_a_time() -> None:
    columns = parsed_columns(BILLS.replace("=Date", "=Date+Time"))
    assert layout("Bill No,SKU,Qty,Price,Date,Time", columns).positions["sold_at"] == (4, 5)
    assert layout("Bill No,SKU,Qty,Price,Date+Time", columns).positions["sold_at"] == (4,)


def test_a_mapping_may_quote_a_header_with_a_comma() -> None:
    assert parsed_columns(BILLS.replace("unit_price=Price", '"unit_price=Price, each"'))["unit_price"] == "Price, each"


def test_a_mapping_that_does_not_fit_leaves_known_files_alone() -> None:
    assert layout(HEADER_2019, parsed_columns(BILLS)).name == "2019"
    with pytest.raises(TerminalError, match="no column 'Qty'"):
        layout("Bill No,SKU,Price,Date", parsed_columns(BILLS))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "missing"),
        ("order_id", "needs one header"),
        ("order_id=,quantity=Q", "needs one header"),
        (BILLS + ",quantity=Pieces", "needs one header"),
        (BILLS + ",colour=Colour", "no field 'colour'"),
        ("order_id=A,product_id=B,quantity=C", "'unit_price', 'sold_at' is missing"),
        ('order_id="A', "order_id|read|missing"),
    ],
)
def test_a_wrong_mapping_is_the_callers_mistake(text: str, message: str) -> None:
    with pytest.raises(TerminalError, match=message):
        parsed_columns(text)

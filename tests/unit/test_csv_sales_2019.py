"""The recount of 2019: what the importer sends adds up to the independent figures, to the cent."""

from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sources.csv_summary import ImportSummary
from tests.unit.csv_calls import imported
from tillstream.events import Event, Sale

Call = tuple[dict[str, Event], ImportSummary]
YANGON = ZoneInfo("Asia/Yangon")


@pytest.fixture(scope="module")
def dropped(sales_2019: Path, tmp_path_factory: pytest.TempPathFactory) -> Call:
    return imported(sales_2019, refused_folder=tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def kept_in_reverse(sales_2019: Path, tmp_path_factory: pytest.TempPathFactory) -> Call:
    files = sorted(sales_2019.glob("*.csv.gz"), reverse=True)
    return imported(files, refused_folder=tmp_path_factory.mktemp("state"), duplicates="keep")


def lines(call: Call) -> list[Sale]:
    return [event for event in call[0].values() if isinstance(event, Sale)]


def revenue(sales: list[Sale]) -> Decimal:
    return sum((sale.quantity * Decimal(sale.unit_price) for sale in sales), Decimal())


def figures(sales: list[Sale]) -> dict[str, Any]:
    return {"units": sum(sale.quantity for sale in sales), "revenue": str(revenue(sales))}


def grouped(sales: list[Sale]) -> dict[tuple[str, str], list[Sale]]:
    groups: dict[tuple[str, str], list[Sale]] = defaultdict(list)
    for sale in sales:
        groups[f"{sale.sold_at.astimezone(YANGON):%Y-%m}", sale.product_id].append(sale)
    return groups


def test_what_became_of_every_line_of_2019(dropped: Call, kept_in_reverse: Call) -> None:
    total = dropped[1].total
    assert (total.lines, total.sent, total.duplicates_dropped) == (186_850, 185_686, 264)
    assert (total.blank, total.repeated_headers, total.refused) == (545, 355, {})
    kept = kept_in_reverse[1].total
    assert (kept.lines, kept.sent, kept.duplicates_dropped, kept.duplicates_kept) == (186_850, 185_950, 0, 264)


def test_the_figures_of_2019_are_those_of_the_independent_recount(
    dropped: Call, sales_2019_expected: dict[str, Any]
) -> None:
    sales = lines(dropped)
    assert len(dropped[0]) == len(sales) == 185_686
    assert revenue(sales) == Decimal("34465537.94") == Decimal(sales_2019_expected["total"]["revenue"])
    assert sum(sale.quantity for sale in sales) == sales_2019_expected["total"]["units"]
    assert sum(sale.line_no == 1 for sale in sales) == sales_2019_expected["total"]["orders"]
    months: dict[str, list[Sale]] = defaultdict(list)
    products: dict[str, list[Sale]] = defaultdict(list)
    by_month_product: dict[str, dict[str, Any]] = defaultdict(dict)
    for (month, product), group in grouped(sales).items():
        months[month] += group
        products[product] += group
        by_month_product[month][product] = figures(group)
    assert {month: figures(group) for month, group in months.items()} == sales_2019_expected["by_month"]
    assert {product: figures(group) for product, group in products.items()} == sales_2019_expected["by_product"]
    assert by_month_product == sales_2019_expected["by_month_product"]


def test_duplicates_that_are_kept_are_further_lines_of_the_same_orders(dropped: Call, kept_in_reverse: Call) -> None:
    kept = kept_in_reverse[0]
    assert len(kept) == 185_950
    assert revenue(lines(kept_in_reverse)) == Decimal("34492035.97")
    assert all(kept[event_id] == event for event_id, event in dropped[0].items())
    assert sum(sale.line_no == 1 for sale in lines(kept_in_reverse)) == 178_437

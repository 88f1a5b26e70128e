"""The files of a simulated history: their form, their events, and that the same arguments give the same bytes."""

import csv
import functools
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import pytest

from sources.assortment import assortment
from sources.history import SALES_HEADER, STOCK_HEADER
from sources.seasons import MONTH_PROFILES
from sources.shop import ShopSummary, simulate_shop
from tillstream.errors import TerminalError
from tillstream.events import (
    SALES,
    STOCK,
    Event,
    Reject,
    Rules,
    Sale,
    StockMovement,
    decoder,
    encode,
    event_id,
    normalised,
)
from tillstream.shop_calendar import days_between
from tillstream.tables import PRODUCTS

ROOT = Path(__file__).parents[2]
MONTHS = 6
RULES = Rules(timezone="Asia/Yangon", opening_day=date(2023, 1, 1))
RECEIVED_MS = int(datetime(2023, 7, 1, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> ShopSummary:
    return simulate_shop(MONTHS, seed=3, out=tmp_path_factory.mktemp("shop") / "history")


@functools.cache
def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows(folder: Path) -> list[dict[str, str]]:
    """The rows of every file of a folder, in the order of the months."""
    return [row for path in sorted(folder.glob("*.csv")) for row in rows_of(path)]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.csv"))}


def event(row: dict[str, str]) -> Event:
    """The event of a row, put together by field names alone."""
    fields: dict[str, object] = {name: value for name, value in row.items() if value}
    fields |= {"line_no": int(row["line_no"]), "quantity": int(row["quantity"]), "schema_version": 1}
    fields["event_id"] = event_id(row["till_id"], row["order_id"], int(row["line_no"]))
    if "recorded_at" in row:
        return msgspec.convert(fields, StockMovement)
    return msgspec.convert(fields, Sale)


def test_there_is_one_file_of_sales_and_one_of_stock_per_month(summary: ShopSummary) -> None:
    months = [f"2023-{month:02}.csv" for month in range(1, MONTHS + 1)]
    assert sorted(path.name for path in (summary.out / "sales").iterdir()) == months
    assert sorted(path.name for path in (summary.out / "stock").iterdir()) == months


def test_the_files_have_the_promised_columns(summary: ShopSummary) -> None:
    headers = {name: content.split(b"\n")[0].decode().split(",") for name, content in files(summary.out).items()}
    assert headers["sales/2023-01.csv"] == list(SALES_HEADER)
    assert headers["stock/2023-01.csv"] == list(STOCK_HEADER)
    assert headers["products.csv"] == [column.name for column in PRODUCTS.columns]


def test_no_file_has_carriage_returns(summary: ShopSummary) -> None:
    assert not [name for name, content in files(summary.out).items() if b"\r" in content]


@pytest.mark.parametrize("topic", [SALES, STOCK])
def test_the_contract_accepts_every_event(summary: ShopSummary, topic: str) -> None:
    decode = decoder(topic, RULES)
    decoded = [decode(encode(event(row)), RECEIVED_MS) for row in rows(summary.out / topic)]
    assert len(decoded) > 1000
    assert [reject for reject in decoded if isinstance(reject, Reject)] == []


def test_no_two_events_have_the_same_identity(summary: ShopSummary) -> None:
    events = [event(row) for topic in (SALES, STOCK) for row in rows(summary.out / topic)]
    assert len({one.event_id for one in events}) == len(events)


def test_each_file_holds_its_own_month_in_the_order_of_time(summary: ShopSummary) -> None:
    for topic, column in ((SALES, "sold_at"), (STOCK, "recorded_at")):
        for path in (summary.out / topic).iterdir():
            times = [row[column] for row in rows_of(path)]
            assert times == sorted(times)
            assert {time[:7] for time in times} == {path.stem}
            assert all(time.endswith("+06:30") for time in times)


def test_lines_are_numbered_from_one_within_their_order(summary: ShopSummary) -> None:
    for topic in (SALES, STOCK):
        numbers: Counter[str] = Counter()
        for row in rows(summary.out / topic):
            numbers[row["order_id"]] += 1
            assert int(row["line_no"]) == numbers[row["order_id"]]


def test_a_receipt_is_one_kind_one_till_one_moment_and_one_address(summary: ShopSummary) -> None:
    shared = ("kind", "till_id", "sold_at", "city", "region", "address")
    receipts = {(row["order_id"], *(row[name] for name in shared)) for row in rows(summary.out / SALES)}
    assert len(receipts) == len({order_id for order_id, *_ in receipts}) == summary.receipts


def test_both_tills_sell_within_the_opening_hours(summary: ShopSummary) -> None:
    sales = rows(summary.out / SALES)
    assert {row["till_id"] for row in sales} == {"till-1", "till-2"}
    assert {row["sold_at"][11:13] for row in sales} == {f"{hour:02}" for hour in range(9, 20)}


def test_money_is_whole_kyat_and_no_discount_reaches_the_price(summary: ShopSummary) -> None:
    for row in rows(summary.out / SALES):
        assert row["unit_price"].isdigit()
        assert row["discount"] == "" or 0 < int(row["discount"]) < int(row["unit_price"]) * int(row["quantity"])
        assert row["currency"] == "MMK"


def test_some_customers_leave_an_address(summary: ShopSummary) -> None:
    firsts = [row for row in rows(summary.out / SALES) if row["line_no"] == "1" and row["kind"] == "sale"]
    assert 0.08 < sum(bool(row["address"]) for row in firsts) / len(firsts) < 0.16
    assert all(bool(row["address"]) == bool(row["city"]) == bool(row["region"]) for row in firsts)


def test_every_product_that_moves_is_in_the_reference_data(summary: ShopSummary) -> None:
    names = {row["product_id"]: row["product_name"] for row in rows_of(summary.out / "products.csv")}
    moved = {(row["product_id"], row["product_name"]) for topic in (SALES, STOCK) for row in rows(summary.out / topic)}
    assert moved <= set(names.items())
    assert len(names) == summary.products


def test_the_summary_counts_what_was_written(summary: ShopSummary) -> None:
    sales = rows(summary.out / SALES)
    kinds = Counter(row["kind"] for row in sales)
    paid = [int(row["unit_price"]) * int(row["quantity"]) - int(row["discount"] or 0) for row in sales]
    signs = [1 if row["kind"] == "sale" else -1 for row in sales]
    assert (summary.sale_lines, summary.return_lines) == (kinds["sale"], kinds["return"])
    assert summary.stock_events == len(rows(summary.out / STOCK))
    assert summary.revenue == sum(sign * money for sign, money in zip(signs, paid, strict=True))
    assert (summary.first_day, summary.last_day) == (date(2023, 1, 1), date(2023, 6, 30))


def test_the_same_seed_gives_the_same_bytes_on_any_machine(tmp_path: Path) -> None:
    code = "import sys, pathlib; from sources.shop import simulate_shop; simulate_shop(1, 5, pathlib.Path(sys.argv[1]))"
    machine = {"PYTHONHASHSEED": "1", "TZ": "America/New_York", "LC_ALL": "C", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], env=os.environ | machine, check=True)
    assert files(tmp_path / "there") == files(simulate_shop(1, 5, tmp_path / "here").out) != {}


def test_another_seed_gives_other_sales(tmp_path: Path) -> None:
    one, other = (simulate_shop(1, seed, tmp_path / str(seed)) for seed in (1, 2))
    assert files(one.out)["sales/2023-01.csv"] != files(other.out)["sales/2023-01.csv"]


def test_a_longer_history_begins_with_the_months_of_a_shorter_one(summary: ShopSummary, tmp_path: Path) -> None:
    shorter = files(simulate_shop(3, seed=3, out=tmp_path / "shorter").out)
    longer = files(summary.out)
    months = [name for name in shorter if name.startswith(("sales/", "stock/"))]
    assert len(months) == 6
    assert all(shorter[name] == longer[name] for name in months)
    assert longer["truth/lost_demand.csv"].startswith(shorter["truth/lost_demand.csv"])


def test_a_history_may_end_within_a_month(summary: ShopSummary, tmp_path: Path) -> None:
    cut = simulate_shop(MONTHS, seed=3, out=tmp_path / "cut", until=date(2023, 3, 14))
    whole, part = files(summary.out), files(cut.out)
    march, counts = "sales/2023-03.csv", "stock/2023-03.csv"
    assert (cut.first_day, cut.last_day) == (date(2023, 1, 1), date(2023, 3, 14))
    assert max(name for name in part if name.startswith("sales/")) == march
    assert part["sales/2023-02.csv"] == whole["sales/2023-02.csv"]
    assert part[march] == whole[march][: whole[march].index(b"2023-03-15T")].rpartition(b"\n")[0] + b"\n"
    assert whole[counts].startswith(part[counts])
    assert b"2023-03-14T" not in whole[counts].removeprefix(part[counts])


def test_one_line_is_reported_per_month(tmp_path: Path) -> None:
    reported: list[str] = []
    simulate_shop(2, seed=1, out=tmp_path / "out", start="2024-12", report=reported.append)
    assert [line[:8] for line in reported] == ["2024-12:", "2025-01:"]


@pytest.mark.parametrize("seed", range(5))
def test_three_years_have_about_sixty_styles_in_500_to_900_products(seed: int) -> None:
    stock = assortment(seed, days_between(date(2023, 1, 1), date(2025, 12, 31)))
    assert 55 <= len(stock.styles) <= 70
    assert 500 <= len(stock.products) <= 900
    assert len({product.product_id for product in stock.products}) == len(stock.products)
    assert len({product.name for product in stock.products}) == len(stock.products)


def test_names_are_in_the_form_in_which_tills_send_them() -> None:
    stock = assortment(1, days_between(date(2023, 1, 1), date(2025, 12, 31)))
    names = [product.name for product in stock.products]
    assert names == [normalised(name) for name in names]
    assert any("ပုဆိုး" in name for name in names)


def test_each_category_has_a_season() -> None:
    stock = assortment(1, days_between(date(2023, 1, 1), date(2023, 1, 31)))
    assert {style.sheet.category.name for style in stock.styles} == set(MONTH_PROFILES)
    assert {len(profile) for profile in MONTH_PROFILES.values()} == {12}


@pytest.mark.parametrize(
    ("months", "seed", "start"),
    [
        (0, 1, "2023-01"),
        (121, 1, "2023-01"),
        (6, -1, "2023-01"),
        (6, 1, "2023"),
        (6, 1, "2023-13"),
        (6, 1, "1999-01"),
        (2, 1, "2079-12"),
    ],
)
def test_arguments_that_make_no_history_are_refused(months: int, seed: int, start: str, tmp_path: Path) -> None:
    with pytest.raises(TerminalError):
        simulate_shop(months, seed, tmp_path / "out", start)
    assert not (tmp_path / "out").exists()


def test_a_history_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="no day"):
        simulate_shop(1, 1, tmp_path / "out", "2023-01", until=date(2022, 12, 31))
    assert not (tmp_path / "out").exists()


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(TerminalError, match="not an empty folder"):
        simulate_shop(1, 1, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]

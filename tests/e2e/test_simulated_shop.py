"""Three months of a simulated clothing shop: what the views say of its stock is what its own books say."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.bad_records import as_json, sale
from tests.e2e.command_line import CommandLine
from tests.e2e.conftest import Query, stack_in
from tillstream.events import SALES
from tillstream.settings import Settings
from tillstream.stores import kafka
from tillstream.stores.live import wait_until_counted
from tillstream.stores.mongo import events, rejects

STORE = "store_id = 'yangon-1'"
FIGURES = "SELECT * FROM sales_by_month ORDER BY month, store_id, product_id, currency"


@dataclass(frozen=True)
class Books:
    """The folder that the simulator wrote, and its products' stock by the shop's own records."""

    folder: Path
    on_hand: dict[str, int]

    @property
    def product_ids(self) -> set[str]:
        return {row["product_id"] for row in table(self.folder / "products.csv")}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def kept(shop: Settings, address: str) -> tuple[int, int]:
    """How many sales, and how many records in quarantine, hold an address."""
    quarantined = [reject["value"] for reject in rejects(shop, "operator").find({"value": {"$type": "binData"}})]
    return (
        events(shop, "operator").count_documents({"address": address}),
        sum(address.encode() in value for value in quarantined),
    )


def readable_sales(shop: Settings) -> int:
    """Records of sales that Kafka still gives to who asks."""
    bounds = kafka.TopicReader(shop, "operator").bounds()
    return sum(end - first for (topic, _), (first, end) in bounds.items() if topic == SALES)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A stack of its own: tills that other modules ring up sell the same products in the same store."""
    with stack_in(tmp_path_factory.mktemp("simulated-shop"), services=["stream"]) as settings:
        yield settings


@pytest.fixture(scope="module")
def books(shop: Settings, tillstream: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> Books:
    """Simulated, imported in one go, and counted."""
    out = tmp_path_factory.mktemp("simulated") / "history"
    tillstream.run("simulate", "shop", "--months", "3", "--seed", "7", "--out", out)
    tillstream.run("products", "import", out / "products.csv")
    tillstream.run("import", "--wait", out / "sales", out / "stock")
    stock = table(out / "truth" / "stock.csv")
    return Books(out, {row["product_id"]: int(row["on_hand_by_records"]) for row in stock})


def test_stock_on_hand_is_what_the_shops_records_say(books: Books, query: Query) -> None:
    found = {
        product: int(pieces)
        for product, pieces in query(f"SELECT product_id, on_hand FROM stock_on_hand WHERE {STORE}")
    }

    assert len(found) > 50
    assert {product: found.get(product, 0) for product in books.on_hand} == books.on_hand
    assert set(found) <= set(books.on_hand)


def test_units_sold_are_those_of_the_files(books: Books, query: Query) -> None:
    wanted: dict[tuple[str, str], int] = {}
    for path in sorted((books.folder / "sales").iterdir()):
        for row in table(path):
            key = (row["sold_at"][:7], row["product_id"])
            wanted[key] = wanted.get(key, 0) + int(row["quantity"]) * (1 if row["kind"] == "sale" else -1)
    found = query(f"SELECT month, product_id, units FROM sales_by_month WHERE {STORE} AND currency = 'MMK'")

    assert {(month, product): int(units) for month, product, units in found} == wanted


def test_the_five_answers_are_there(tillstream: CommandLine, books: Books) -> None:
    found = tillstream.json("answers")
    kyat = [month for month in found["monthly_sales"] if month["currency"] == "MMK"][:3]

    assert [month["period"] for month in kyat] == ["2023-01", "2023-02", "2023-03"]
    assert all("." not in month["revenue"] for month in kyat)
    ours = [stock for stock in found["low_stock"] if stock["store_id"] == "yangon-1"]
    assert {stock["product_id"] for stock in ours} <= books.product_ids
    assert ours
    assert all(stock["on_hand"] <= stock["reorder_point"] or stock["on_hand"] <= 0 for stock in ours)
    assert found["refill_by_month"]


def test_shown_as_tables_the_answers_name_what_they_leave_out(tillstream: CommandLine, books: Books) -> None:
    output, _ = tillstream.run("answers")

    for title in ("1. Monthly sales", "Yearly sales", "2. What sells most", "3. What", "4. Which stocks", "5. What"):
        assert title in output
    assert "more." in output
    assert "live: as of" in output


def test_the_raw_record_bears_out_every_figure(tillstream: CommandLine, books: Books) -> None:
    output, _ = tillstream.run("verify")

    assert output.endswith("every figure equals the raw record.\n")


def test_reference_data_name_the_products(books: Books, query: Query) -> None:
    named = {row["product_id"]: row["product_name"] for row in table(books.folder / "products.csv")}
    found: dict[str, str] = dict(query(f"SELECT product_id, product_name FROM sales_by_month WHERE {STORE}"))

    assert found.items() <= named.items()


def test_a_customer_s_address_is_deleted_and_no_figure_changes(
    shop: Settings, tillstream: CommandLine, books: Books, query: Query
) -> None:
    sales = [row for path in sorted((books.folder / "sales").iterdir()) for row in table(path)]
    order, address = next((row["order_id"], row["address"]) for row in sales if row["address"])
    with kafka.Producer(shop, "till") as producer:
        producer.send(SALES, order, as_json(sale(order_id=order, quantity=0, address=address)))
    wait_until_counted(shop, lambda _: None)
    figures = query(FIGURES)

    tillstream.run("forget", order, code=1)  # nobody is there to say yes

    addressed = sum(row["address"] == address for row in sales)
    assert kept(shop, address) == (addressed, 1)
    output, _ = tillstream.run("forget", order, "--yes")

    assert f"addresses of {addressed} sales and 1 records in quarantine" in output
    assert kept(shop, address) == (0, 0)
    assert readable_sales(shop) == 0
    assert query(FIGURES) == figures
    tillstream.run("verify")

    # What is sent again counts as little as before, and is no conflict.
    tillstream.run("restart", "stream")
    tillstream.run("import", "--wait", books.folder / "sales")
    assert readable_sales(shop) == len(sales)
    assert kept(shop, address) == (0, 0)
    assert query(FIGURES) == figures
    output, errors = tillstream.run("forget", "nobody", "--yes", code=1)
    assert "No sale that counts is of order nobody" in errors
    assert "addresses of 0 sales and 0 records" in output

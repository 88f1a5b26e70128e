"""The public sales data of 2019, from CSV files to the five answers, to the cent."""

import os
import signal
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from stack.status import status
from tests.e2e.command_line import CommandLine
from tests.e2e.conftest import Query
from tillstream.settings import Settings
from tillstream.stores.live import wait_until_counted
from tillstream.stores.mysql import connect, rows, transaction

Expected = dict[str, Any]
USD = "WHERE currency = 'USD'"
COUNTED = "SELECT COALESCE(SUM(counted), 0), COALESCE(SUM(next_offset), 0) FROM stream_offsets WHERE topic = 'sales'"


@pytest.fixture(scope="module")
def imported(shop: Settings, tillstream: CommandLine, sales_2019: Path) -> Settings:
    """All twelve files counted, by a stream that was killed on the way."""
    before = counted(shop)[0]
    process = tillstream.start("import", sales_2019)
    deadline = time.monotonic() + 120
    while counted(shop)[0] <= before + 20_000:  # at least one batch is in, and others are not
        assert time.monotonic() < deadline, "nothing of the import was counted"
        time.sleep(0.02)
    [stream] = [service for service in status(shop) if service.name == "stream"]
    assert stream.pid
    os.kill(stream.pid, signal.SIGKILL)
    assert counted(shop)[0] < before + 185_686, "killed too late to prove anything"
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    wait_until_counted(shop, lambda _: None)
    return shop


def counted(settings: Settings) -> tuple[int, int]:
    """Events that count, and records of all kinds."""
    connection = connect(settings, "operator")
    try:
        with transaction(connection) as cursor:
            [(events, records)] = rows(cursor, COUNTED)
        return int(events), int(records)
    finally:
        connection.close()


def in_dollars(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [entry for entry in listed if entry["currency"] == "USD"]


def figures(found: list[tuple[Any, ...]]) -> dict[Any, dict[str, Any]]:
    """Rows of key, units, revenue as the expected figures are written."""
    return {row[:-2] if len(row) > 3 else row[0]: {"units": int(row[-2]), "revenue": str(row[-1])} for row in found}


def test_nothing_is_behind(imported: Settings, query: Query) -> None:
    deadline = time.monotonic() + 20
    freshness = "SELECT events_behind, state FROM freshness WHERE layer = 'live'"
    while (found := query(freshness)) != [(0, "running")]:
        assert time.monotonic() < deadline, found
        time.sleep(0.2)


def test_the_total_is_exact(imported: Settings, query: Query, sales_2019_expected: Expected) -> None:
    total = sales_2019_expected["total"]
    [(lines, units, revenue)] = query(f"SELECT SUM(`lines`), SUM(units), SUM(revenue) FROM sales_by_year {USD}")
    [(receipts, by_receipts)] = query(f"SELECT SUM(receipts), SUM(revenue) FROM receipts_by_day {USD}")

    assert (lines, units, str(revenue), receipts) == (total["lines"], total["units"], total["revenue"], total["orders"])
    assert revenue == by_receipts == Decimal("34465537.94")


def test_the_answers_are_exact(tillstream: CommandLine, imported: Settings, sales_2019_expected: Expected) -> None:
    found = tillstream.json("answers")
    months = {m["period"]: {"units": m["units"], "revenue": m["revenue"]} for m in in_dollars(found["monthly_sales"])}
    best = {each["period"]: each["product_name"] for each in in_dollars(found["best_seller_by_month"])}
    years = {year["period"]: Decimal(year["revenue"]) for year in in_dollars(found["yearly_sales"])}
    sellers = {
        s["product_name"]: {"units": s["units"], "revenue": s["revenue"]} for s in in_dollars(found["best_sellers"])
    }

    assert months == sales_2019_expected["by_month"]
    assert best == sales_2019_expected["best_seller_by_month_units"]
    assert years == {"2019": Decimal("34465537.94") - Decimal("8670.29"), "2020": Decimal("8670.29")}
    products = sorted(sales_2019_expected["by_product"].items(), key=lambda item: -item[1]["units"])
    assert sellers == dict(products[:10])


def test_every_product_and_month_is_exact(imported: Settings, query: Query, sales_2019_expected: Expected) -> None:
    assert (
        figures(query(f"SELECT product_name, units, revenue FROM best_sellers {USD}"))
        == (sales_2019_expected["by_product"])
    )
    wanted = {
        (month, product): sums
        for month, products in sales_2019_expected["by_month_product"].items()
        for product, sums in products.items()
    }
    grouped = f"SELECT month, product_name, SUM(units), SUM(revenue) FROM sales_by_month {USD} GROUP BY 1, 2"
    assert figures(query(grouped)) == wanted


def test_hours_days_months_and_years_say_the_same(imported: Settings, query: Query) -> None:
    sums = "SUM(units), SUM(returned_units), SUM(`lines`), SUM(gross), SUM(discount), SUM(revenue)"
    views = ("sales_by_hour", "sales_by_day", "sales_by_month", "sales_by_year")

    assert len({tuple(query(f"SELECT {sums} FROM {view} {USD}")[0]) for view in views}) == 1


def test_answers_as_of_a_day_leave_out_what_came_later(
    tillstream: CommandLine, imported: Settings, sales_2019_expected: Expected
) -> None:
    found = tillstream.json("answers", "--as-of", "2019-03-31")
    months = {m["period"]: m["revenue"] for m in in_dollars(found["monthly_sales"])}

    assert months == {m: sales_2019_expected["by_month"][m]["revenue"] for m in ("2019-01", "2019-02", "2019-03")}


def test_a_figure_is_explained_down_to_its_receipts(
    tillstream: CommandLine, imported: Settings, sales_2019_expected: Expected
) -> None:
    wanted = sales_2019_expected["by_month_product"]["2019-04"]["iPhone"]
    found = tillstream.json("explain", "--month", "2019-04", "--product", "iPhone")
    [figure] = found["figures"]

    assert figure["revenue"] == figure["revenue_of_receipts"] == wanted["revenue"]
    assert figure["units"] == figure["units_of_receipts"] == found["from_live"] == wanted["units"]
    assert len(found["receipts"]) + found["receipts_left_out"] == figure["lines"]


def test_importing_again_changes_nothing(
    tillstream: CommandLine, imported: Settings, sales_2019: Path, query: Query
) -> None:
    everything = "SELECT * FROM sales_by_hour ORDER BY 1, 2, 3, 4"
    before, events = query(everything), counted(imported)[0]
    summary = tillstream.json("import", "--wait", sales_2019)

    assert summary["total"]["sent"] == 185_686
    assert counted(imported)[0] == events
    assert query(everything) == before


def test_the_raw_record_bears_out_every_figure(tillstream: CommandLine, imported: Settings) -> None:
    verdict = tillstream.json("verify")

    assert verdict["differing"] == 0
    assert verdict["events"] >= 185_686


@pytest.fixture
def one_cent_too_much(imported: Settings) -> Iterator[str]:
    """An hour's key in which somebody has put a cent by hand; it is taken out again."""
    where = "WHERE currency = 'USD' AND product_id = 'iPhone' ORDER BY hour LIMIT 1"
    connection = connect(imported, "migrate")
    with transaction(connection) as cursor:
        [(hour, store)] = rows(cursor, f"SELECT hour, store_id FROM live_sales {where}")
        cursor.execute(f"UPDATE live_sales SET revenue = revenue + 0.01 {where}")
    yield f"{hour} · {store} · iPhone · USD"
    with transaction(connection) as cursor:
        cursor.execute(f"UPDATE live_sales SET revenue = revenue - 0.01 {where}")
    connection.close()


def test_one_cent_put_in_by_hand_is_found_and_named(tillstream: CommandLine, one_cent_too_much: str) -> None:
    output, _ = tillstream.run("verify", code=1)

    assert f"sales_by_hour [{one_cent_too_much}] revenue: the raw record says " in output
    assert "figures differ." in output
    views = {line.split(" ")[0] for line in output.splitlines() if "the raw record says" in line}
    assert views == {
        "sales_by_hour", "sales_by_day", "sales_by_month", "sales_by_year", "receipts_by_day", "best_sellers",
        "best_seller_by_month",
    }  # fmt: skip


def test_kept_duplicates_count_as_lines_of_their_own(
    tillstream: CommandLine, imported: Settings, sales_2019: Path, query: Query
) -> None:
    summary = tillstream.json("import", "--wait", "--duplicates", "keep", sales_2019)

    assert summary["total"]["duplicates_kept"] == 264
    assert query(f"SELECT SUM(`lines`), SUM(revenue) FROM sales_by_year {USD}") == [(185_950, Decimal("34492035.97"))]
    tillstream.run("verify")

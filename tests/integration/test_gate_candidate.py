"""A candidate is refused for each kind of damage, by name, and published when it is whole."""

from dataclasses import replace
from decimal import Decimal

import pytest

from expectations import CANDIDATE, declared, gate
from tests.gate_night import BASE, RUN, Line, at, ordinary
from tests.integration.gate_calls import changed, failed, left, owner, refused
from tillstream.settings import Settings
from tillstream.stores.mysql import Connection, Cursor, transaction

__all__ = ["owner"]

OURS = "`generation` = 2"
BELTS = f"{OURS} AND `month` = '2019-02' AND `product_id` = 'belt' AND `store_id` = 'yangon-1'"
NOON = "`store_id` = 'yangon-1' AND `product_id`"
SALES = ("truth_sales_by_hour", "truth_sales_by_day", "truth_sales_by_month")


def everywhere(change: str) -> tuple[str, ...]:
    """One change of all three sales tables."""
    return tuple(f"UPDATE `{table}` SET {change}" for table in SALES)


def moved(product: str, cents: str) -> tuple[str, ...]:
    """A cent more or less of one product, in its hour, its day and its month alike."""
    change = f"`gross` = `gross` + {cents}, `revenue` = `revenue` + {cents} WHERE {OURS} AND {NOON} = '{product}'"
    return (
        f"UPDATE `truth_sales_by_hour` SET {change} AND `hour` = '2019-02-10 09:00:00'",
        f"UPDATE `truth_sales_by_day` SET {change} AND `day` = '2019-02-10'",
        f"UPDATE `truth_sales_by_month` SET {change} AND `month` = '2019-02'",
    )


# what was done to the candidate, and checks that must refuse it for that
DAMAGE: dict[str, tuple[tuple[str, ...], set[str]]] = {
    "a negative revenue": (
        (f"UPDATE `truth_sales_by_day` SET `gross` = -1, `revenue` = -1 - `discount` WHERE {BELTS} LIMIT 1",),
        {"truth_sales_by_day.not_negative", "months_of_days.gross", "days_of_hours.revenue", "days_of_raw.revenue"},
    ),
    "revenue that is not gross less discount": (
        (f"UPDATE `truth_sales_by_month` SET `revenue` = `revenue` + 0.01 WHERE {BELTS}",),
        {"truth_sales_by_month.revenue", "months_of_days.revenue", "years_of_months.revenue", "totals.revenue",
         "sales_since.revenue"},
    ),
    "a missing key": (
        (f"UPDATE `truth_sales_by_hour` SET `product_id` = '' WHERE {BELTS} AND `hour` = '2019-02-03 09:00:00'",),
        {"truth_sales_by_hour.keys", "days_of_hours.moved"},
    ),
    "a key that is not trimmed": (
        ("UPDATE `truth_stock` SET `product_id` = 'shirt ' WHERE `generation` = 2 AND `product_id` = 'shirt'",),
        {"truth_stock.ids", "stock_since.lost", "products.named"},
    ),
    "an empty candidate": (
        tuple(f"DELETE FROM `{table}` WHERE {OURS}" for table in (*SALES, "truth_stock", "truth_counts")),
        {"truth_sales_by_hour.rows", "truth_sales_by_day.rows", "truth_sales_by_month.rows", "truth_stock.rows",
         "truth_counts.rows", "months.not_empty", "days_of_raw.lines", "sales_since.shrinking", "products.rows"},
    ),
    "an empty month": (
        tuple(f"DELETE FROM `{table}` WHERE {OURS} AND `month` = '2019-02'" for table in SALES),
        {"truth_sales_by_hour.rows", "months.not_empty", "sales_since.shrinking"},
    ),
    "one product's month shrunk by 5 %": (
        everywhere(f"`gross` = `gross` * 0.95, `revenue` = `gross` - `discount` WHERE {BELTS}"),
        {"sales_since.gross", "sales_since.revenue", "totals.revenue", "days_of_raw.revenue"},
    ),
    "lines that are gone": (
        everywhere(f"`lines` = 0, `receipts` = 0 WHERE {BELTS}"),
        {"sales_since.shrinking", "sales_since.lines", "truth_sales_by_day.lines", "totals.lines"},
    ),
    "one cent moved between products": (
        (*moved("belt", "0.01"), *moved("shirt", "-0.01")),
        {"sales_since.gross", "sales_since.revenue"},
    ),
    "one cent moved between products of one table": (
        (moved("belt", "0.01")[1], moved("shirt", "-0.01")[1]),
        {"months_of_days.moved", "days_of_hours.moved", "years_of_months.moved"},
    ),
    "more receipts than lines": (
        (f"UPDATE `truth_sales_by_day` SET `receipts` = 9 WHERE {BELTS} LIMIT 1",),
        {"truth_sales_by_day.receipts", "months_of_days.receipts"},
    ),
    "negative units": (
        (f"UPDATE `truth_sales_by_day` SET `units` = -2 WHERE {BELTS} LIMIT 1",),
        {"truth_sales_by_day.units", "months_of_days.units", "days_of_raw.units"},
    ),
    "an amount beyond any price": (
        (f"UPDATE `truth_sales_by_month` SET `gross` = 1e18, `revenue` = 1e18 - `discount` WHERE {BELTS}",),
        {"truth_sales_by_month.money_range"},
    ),
    "a currency that does not exist": (
        everywhere(f"`currency` = 'XXX' WHERE {OURS}"),
        {"truth_sales_by_hour.currency", "currencies.iso", "totals.revenue"},
    ),
    "cents of a currency that has none": (
        everywhere(f"`currency` = 'MMK' WHERE {BELTS}"),
        {"truth_sales_by_hour.currency_places", "sales_since.revenue"},
    ),
    "a day in another month": (
        (f"UPDATE `truth_sales_by_day` SET `month` = '2019-03' WHERE {BELTS} AND `day` = '2019-02-05'",),
        {"truth_sales_by_day.month", "months_of_days.revenue"},
    ),
    "a month that nobody recounted": (
        ("INSERT INTO `truth_sales_by_month` SELECT 2, `month`, `store_id`, `product_id`, `currency`, `units`, "
         "`returned_units`, `lines`, `receipts`, `gross`, `discount`, `revenue` FROM `truth_sales_by_month` "
         "WHERE `generation` = 1 AND `month` = '2019-01'",),
        {"truth_sales_by_month.recounted", "months_of_days.revenue"},
    ),
    "a touched month that was not recounted": (
        (f"DELETE FROM `generation_months` WHERE {OURS} AND `month` = '2019-03'",),
        {"months.touched", "truth_sales_by_hour.recounted"},
    ),
    "a day after the cut": (
        (f"UPDATE `truth_sales_by_day` SET `day` = '2019-03-30' WHERE {OURS} AND `month` = '2019-03' LIMIT 1",),
        {"truth_sales_by_day.days", "days_of_hours.revenue"},
    ),
    "half an hour": (
        (f"UPDATE `truth_sales_by_hour` SET `hour` = `hour` + INTERVAL 30 MINUTE WHERE {BELTS} LIMIT 1",),
        {"truth_sales_by_hour.hour"},
    ),
    "a product that no event ever named": (
        ("DELETE FROM `product_names` WHERE `product_id` = 'belt'",), {"products.named"},
    ),
    "a movement of nothing": (
        (f"UPDATE `truth_stock` SET `delivered` = 0 WHERE {OURS} AND `day` = '2019-03-04' AND `product_id` = 'belt'",),
        {"truth_stock.pieces", "stock_of_raw.delivered", "stock_since.delivered"},
    ),
    "a delivery that is gone": (
        ("DELETE FROM `truth_stock` WHERE `generation` = 2 AND `day` = '2019-02-10'",),
        {"stock_since.shrinking", "stock_since.delivered", "stock_of_raw.delivered"},
    ),
    "a count that changed": (
        ("UPDATE `truth_counts` SET `quantity` = 41 WHERE `generation` = 2 AND `day` = '2019-02-01'",),
        {"stock_of_raw.quantity", "stock_since.quantity"},
    ),
}  # fmt: skip


def test_a_whole_candidate_passes_every_declared_check(servers: Settings, owner: "Connection[Cursor]") -> None:
    said = gate.check(servers, CANDIDATE, RUN)

    checks = declared(CANDIDATE)
    assert said == f"{len(checks)} checks of the candidate ran; 0 of them warn, none refuses."
    found = left(owner, CANDIDATE)
    assert {(name, severity) for name, (severity, *_) in found.items()} == {check[1:] for check in checks}
    assert all(passed for _, passed, *_ in found.values())
    assert all(rows_seen > 0 for *_, rows_seen in found.values())
    assert found["truth_sales_by_hour.revenue"] == ("critical", True, "0 of 88 rows break it", "", 88)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_candidate_is_refused_by_name(servers: Settings, owner: "Connection[Cursor]", damage: str) -> None:
    statements, expected = DAMAGE[damage]
    changed(owner, *statements)

    refusal = refused(servers, CANDIDATE)

    assert failed(owner, CANDIDATE) >= expected
    assert "refuse" in refusal.what
    assert any(name in refusal.what for name in expected)
    assert refusal.remedy.startswith("Readers go on seeing the last publication.")


def test_a_cent_moved_between_products_is_told_from_one_that_is_lost(
    servers: Settings, owner: "Connection[Cursor]"
) -> None:
    changed(owner, *DAMAGE["one cent moved between products of one table"][0])
    refused(servers, CANDIDATE)
    found = left(owner, CANDIDATE)

    assert found["months_of_days.moved"][2:4] == ("1 of 2 rows break it", "2019-02 · USD")
    assert found["months_of_days.revenue"][1]


def test_what_moved_in_every_table_alike_only_the_published_figures_tell(
    servers: Settings, owner: "Connection[Cursor]"
) -> None:
    changed(owner, *DAMAGE["one cent moved between products"][0])
    refused(servers, CANDIDATE)

    assert failed(owner, CANDIDATE) == {"sales_since.gross", "sales_since.revenue"}
    assert (
        "2019-02 · yangon-1 · belt · USD: 581.01 recounted; 581.00 published and 0.00 live"
        in left(owner, CANDIDATE)["sales_since.revenue"][3].split("; 2019")[0]
    )


def test_a_missing_column_is_refused_and_named(servers: Settings, owner: "Connection[Cursor]") -> None:
    with owner.cursor() as cursor:
        cursor.execute("ALTER TABLE `truth_sales_by_day` DROP COLUMN `receipts`")
        try:
            refusal = refused(servers, CANDIDATE)
        finally:
            cursor.execute("ALTER TABLE `truth_sales_by_day` ADD COLUMN `receipts` BIGINT NOT NULL AFTER `lines`")

    assert "truth_sales_by_day.receipts: missing" in refusal.what
    found = left(owner, CANDIDATE)
    assert len(found) == len(declared(CANDIDATE))
    assert found["truth_sales_by_day.revenue"][2] == "raised an error"
    assert "Unknown column 't.receipts'" in found["truth_sales_by_day.revenue"][3]
    assert found["truth_sales_by_hour.revenue"][1]


def test_a_table_that_was_changed_by_hand_is_refused(servers: Settings, owner: "Connection[Cursor]") -> None:
    with owner.cursor() as cursor:
        cursor.execute("ALTER TABLE `truth_stock` DROP PRIMARY KEY, MODIFY `lost` INT")
        try:
            cursor.execute("UPDATE `truth_stock` SET `lost` = NULL WHERE `generation` = 2 LIMIT 1")
            owner.commit()
            refused(servers, CANDIDATE)
        finally:
            cursor.execute("DELETE FROM `truth_stock` WHERE `lost` IS NULL")
            cursor.execute(
                "ALTER TABLE `truth_stock` MODIFY `lost` BIGINT NOT NULL, "
                "ADD PRIMARY KEY (`generation`, `month`, `day`, `store_id`, `product_id`)"
            )

    expected = {"truth_columns.type", "truth_columns.nullable", "truth_columns.unique", "truth_stock.figures"}
    assert failed(owner, CANDIDATE) >= expected


def test_a_leap_of_a_closed_month_needs_a_higher_limit(servers: Settings, owner: "Connection[Cursor]") -> None:
    late = [Line(at(15, 12, month=2), "belt", 1, Decimal("12.00")) for _ in range(60)]
    more = [Line(at(day, hour, month=2), "belt") for day in range(1, 29) for hour in range(8, 12)]
    night = ordinary()
    replace(night, published=[*night.published, *more], added=[*night.added, *late]).write(owner)
    assert "2 of them" not in gate.check(servers, CANDIDATE, RUN)

    narrow = replace(servers, change_limit=0.25)
    refusal = refused(narrow, CANDIDATE)

    assert failed(owner, CANDIDATE) == {"closed_months.lines", "closed_months.revenue"}
    assert "2019-02 · USD: was 196, would be 257" in refusal.what
    assert "TILLSTREAM_CHANGE_LIMIT" in refusal.remedy


def test_what_only_warns_is_published_and_shown(servers: Settings, owner: "Connection[Cursor]") -> None:
    euros = Line(at(4, 11), "belt", 1, Decimal("5.00"), Decimal("6.00"), currency="EUR")
    night = ordinary()
    replace(night, added=[*night.added, euros]).write(owner)
    changed(owner, "DELETE FROM `products` WHERE `product_id` = 'belt'")

    said = gate.check(servers, CANDIDATE, RUN)

    assert "5 of them warn, none refuses" in said
    assert not failed(owner, CANDIDATE)
    discounts = {f"{table}.discount" for table in SALES}
    assert failed(owner, CANDIDATE, "warning") == {"products.listed", "currencies.known", *discounts}
    assert left(owner, CANDIDATE)["products.listed"][3] == "belt"


def test_a_night_without_sales_has_nothing_to_refuse(servers: Settings, owner: "Connection[Cursor]") -> None:
    replace(ordinary(), added=(), stock_added=()).write(owner)

    assert "none refuses" in gate.check(servers, CANDIDATE, RUN)
    assert left(owner, CANDIDATE)["truth_sales_by_day.rows"][2] == "0 rows"


def test_a_month_recounted_at_the_published_cut_must_come_out_the_same(
    servers: Settings, owner: "Connection[Cursor]"
) -> None:
    again = replace(ordinary(), added=(), stock_added=(), kind="backfill", epoch=BASE, months=("2019-02",))
    again.write(owner)
    assert "none refuses" in gate.check(servers, CANDIDATE, RUN)

    changed(owner, *DAMAGE["revenue that is not gross less discount"][0])
    refused(servers, CANDIDATE)


def test_a_full_recount_leaves_out_no_month(servers: Settings, owner: "Connection[Cursor]") -> None:
    replace(ordinary(), kind="full", months=("2019-01",)).write(owner)
    assert "none refuses" in gate.check(servers, CANDIDATE, RUN)

    replace(ordinary(), kind="full").write(owner)
    refused(servers, CANDIDATE)
    assert failed(owner, CANDIDATE) == {"months.full"}


def test_the_first_night_has_nothing_to_compare_with(servers: Settings, owner: "Connection[Cursor]") -> None:
    night = ordinary()
    replace(night, published=(), stock_published=(), added=[*night.published, *night.added]).write(owner)
    with transaction(owner) as cursor:
        cursor.execute("DELETE FROM `published_months`")

    assert "none refuses" in gate.check(servers, CANDIDATE, RUN)
    assert left(owner, CANDIDATE)["sales_since.revenue"][4] > 0

"""A slice of the raw record is refused when it is not what the stream counted, to the cent."""

from dataclasses import replace

import pytest

from expectations import SLICE, declared, gate
from tests.gate_night import RUN, Line, Night, at, ordinary
from tests.integration.gate_calls import changed, failed, left, owner, refused
from tillstream.settings import Settings
from tillstream.stores.mysql import Connection, Cursor

__all__ = ["owner"]

LAST_DAY = "UPDATE `slice_profile` SET"
SALES = "WHERE `day` = '2019-03-04' AND `kind` = 'sale'"

DAMAGE: dict[str, tuple[str, set[str]]] = {
    "no raw event at all": (
        "DELETE FROM `slice_profile`",
        {"slice_partitions.events", "slice_sales.not_empty", "slice_sales.lines", "slice_stock.delivered"},
    ),
    "an empty day that had sales": (
        "DELETE FROM `slice_profile` WHERE `day` = '2019-03-04' AND `topic` = 'sales'",
        {"slice_partitions.events", "slice_sales.not_empty"},
    ),
    "one raw document deleted": (
        f"{LAST_DAY} `events` = `events` - 1, `units` = `units` - 1, `revenue` = `revenue` - 11.95 {SALES}",
        {"slice_partitions.events", "slice_sales.lines", "slice_sales.units", "slice_sales.revenue"},
    ),
    "one raw document altered by a cent": (f"{LAST_DAY} `revenue` = `revenue` + 0.01 {SALES}", {"slice_sales.revenue"}),
    "a sale that became a return": (
        f"{LAST_DAY} `kind` = 'return', `currency` = 'EUR' {SALES}", {"slice_sales.units", "slice_sales.revenue"},
    ),
    "an old raw document deleted": (
        "UPDATE `raw_blocks` SET `events` = `events` - 1 WHERE `topic` = 'sales'", {"slice_partitions.whole"},
    ),
    "a partition that was never counted": (
        "INSERT INTO `slice_profile` VALUES (2, 'sales', 9, '2019-03-04', 'sale', 'USD', 1, 1, 0)",
        {"slice_partitions.events", "slice_sales.lines"},
    ),
    "a day before the opening": (
        f"{LAST_DAY} `day` = '1999-12-31' {SALES}", {"slice_sales.days", "slice_sales.lines"},
    ),
    "a day after the cut": (f"{LAST_DAY} `day` = '2019-03-07' {SALES}", {"slice_sales.days"}),
    "an unknown currency": (f"{LAST_DAY} `currency` = 'XXX' {SALES}", {"slice_sales.currency"}),
    "a delivery too many": (
        f"{LAST_DAY} `events` = `events` + 1, `units` = `units` + 1 WHERE `kind` = 'delivery'",
        {"slice_partitions.events", "slice_stock.delivered"},
    ),
    "another count": (f"{LAST_DAY} `units` = 32 WHERE `kind` = 'count'", {"slice_stock.quantity"}),
    "no cut": ("DELETE FROM `cuts` WHERE `epoch` = 3", {"slice_partitions.events"}),
}  # fmt: skip


def test_a_whole_slice_passes_every_declared_check(servers: Settings, owner: "Connection[Cursor]") -> None:
    changed(owner, "UPDATE `epochs` SET `opened_at` = UTC_TIMESTAMP(3) WHERE `epoch` = 3",
            "UPDATE `heartbeat` SET `newest_event_at` = UTC_TIMESTAMP(3)")  # fmt: skip

    said = gate.check(servers, SLICE, RUN)

    assert said == f"{len(declared(SLICE))} checks of the slice ran; 0 of them warn, none refuses."
    assert set(left(owner, SLICE)) == {check.check_name for check in declared(SLICE)}
    assert left(owner, SLICE)["slice_sales.revenue"] == ("critical", True, "0 of 2 rows break it", "", 2)


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_slice_is_refused_by_name(servers: Settings, owner: "Connection[Cursor]", damage: str) -> None:
    statement, expected = DAMAGE[damage]
    changed(owner, statement)

    refusal = refused(servers, SLICE)

    assert failed(owner, SLICE) >= expected
    assert any(name in refusal.what for name in expected)


def test_an_empty_day_is_named_with_what_the_stream_counted(servers: Settings, owner: "Connection[Cursor]") -> None:
    changed(owner, DAMAGE["an empty day that had sales"][0])

    assert (
        "slice_sales.not_empty: 1 of 2 rows break it (2019-03-04 · USD: no raw event, 3 lines counted)"
        in refused(servers, SLICE).what
    )


def test_a_night_without_anything_new_passes(servers: Settings, owner: "Connection[Cursor]") -> None:
    replace(ordinary(), added=(), stock_added=()).write(owner)

    assert "none refuses" in gate.check(servers, SLICE, RUN)
    assert left(owner, SLICE)["slice_sales.rows"][2] == "0 rows"


def test_another_night_that_looked_further_is_no_damage(servers: Settings, owner: "Connection[Cursor]") -> None:
    further = "UPDATE `raw_blocks` SET `events` = `events` + 50, `last_offset` = `last_offset` + 50"
    changed(owner, further)

    gate.check(servers, SLICE, RUN)
    assert "slice_partitions.extra" not in failed(owner, SLICE, "warning")


def test_a_day_far_below_its_weekday_warns(servers: Settings, owner: "Connection[Cursor]") -> None:
    days = [at(day, 9, month) for month in (1, 2) for day in range(1, 29)]
    full = [Line(day, "belt") for day in days for _ in range(20)]
    Night(published=full, added=[Line(at(4, 10), "belt")]).write(owner)

    assert "none refuses" in gate.check(servers, SLICE, RUN)

    assert "slice_volumes.lines" in failed(owner, SLICE, "warning")
    assert "2019-03-0" in left(owner, SLICE)["slice_volumes.lines"][3]


def test_an_old_cut_a_dead_stream_and_a_flood_of_rejects_warn(servers: Settings, owner: "Connection[Cursor]") -> None:
    changed(
        owner,
        "UPDATE `heartbeat` SET `state` = 'stopped', `newest_event_at` = '2019-02-01'",
        "UPDATE `cuts` SET `rejected` = 40 WHERE `epoch` = 3 AND `topic` = 'sales'",
    )

    assert "4 of them warn, none refuses" in gate.check(servers, SLICE, RUN)
    assert failed(owner, SLICE, "warning") == {
        "freshness.cut", "freshness.stream", "freshness.events", "slice_partitions.rejects",
    }  # fmt: skip

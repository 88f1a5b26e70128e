"""The live layer on a real server: figures and offsets move on together or not at all."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from tests.bad_records import ODD_SALES
from tests.night.fold import as_columns
from tillstream import tables
from tillstream.errors import TerminalError
from tillstream.settings import Settings
from tillstream.stores import live, live_batch
from tillstream.stores.kafka import Source
from tillstream.stores.live_batch import FloorMovedError, LiveBatch, Tally
from tillstream.stores.mysql import connect, rows, transaction

Row = tuple[Any, ...]

HOUR = datetime(2019, 4, 15, 10)  # noqa: DTZ001 the shop's clock
DAY = HOUR.date()
AT = datetime(2019, 4, 15, 3, 30)  # noqa: DTZ001 UTC, as MySQL keeps it
SALES_0, SALES_1, STOCK_0 = ("sales", 0), ("sales", 1), ("stock", 0)
RECEIVED_MS = 1_555_298_400_000
TABLES = {"sales": tables.LIVE_SALES, "stock": tables.LIVE_STOCK, "counts": tables.LIVE_COUNTS}
CLEARED = (
    tables.LIVE_SALES, tables.LIVE_STOCK, tables.LIVE_COUNTS, tables.PRODUCT_NAMES, tables.STREAM_OFFSETS,
    tables.SOURCE_ENDS, tables.REJECT_COUNTS, tables.STREAM_TOPICS, tables.STREAM_GAPS, tables.PRODUCTS,
)  # fmt: skip


@pytest.fixture
def owner(servers: Settings) -> Iterator["Connection[Cursor]"]:
    """A connection that may do anything; what the stream has written is gone before and after."""
    connection = connect(servers, "migrate")
    clear(connection)
    yield connection
    clear(connection)
    connection.close()


@pytest.fixture
def stream(servers: Settings, owner: "Connection[Cursor]") -> Iterator["Connection[Cursor]"]:
    """The stream's own connection, to a database in which nothing was counted yet."""
    connection = connect(servers, "stream")
    yield connection
    connection.close()


def clear(owner: "Connection[Cursor]") -> None:
    with transaction(owner) as cursor:
        for table in CLEARED:
            cursor.execute(f"DELETE FROM `{table.name}`")
        cursor.execute("UPDATE layers SET current_epoch = 1, published_epoch = 1")
        cursor.execute("UPDATE heartbeat SET beat_at = NULL, committed_at = NULL, newest_event_at = NULL, message = ''")


def selected(connection: "Connection[Cursor]", query: str) -> list[tuple[Any, ...]]:
    with transaction(connection) as cursor:
        return rows(cursor, query)


def sale(product: str = "longyi", units: int = 1, revenue: str = "5.00", hour: datetime = HOUR) -> Row:
    """An hour's addition: hour, store, product, currency, then the figures."""
    amount = Decimal(revenue)
    return (hour, "main", product, "USD", units, 0, 1, 1, amount, Decimal(0), amount)


def tally(source: Source = SALES_0, first: int = 0, end: int = 1, **parts: Any) -> Tally:
    """A task that read the records from `first` to before `end`."""
    return Tally(*source, first, end, **({"records": end - first, "newest_ms": RECEIVED_MS} | parts))


def batch(
    *tallies: Tally, names: Mapping[tuple[str, str], datetime] | None = None, **rows_of: Sequence[Row]
) -> LiveBatch:
    """A batch with rows of `sales`, `stock` and `counts`."""
    found = {TABLES[kind]: as_columns(TABLES[kind], rows) for kind, rows in rows_of.items()}
    return LiveBatch(found, names or {}, tallies)


def offsets(connection: "Connection[Cursor]") -> dict[Source, tuple[int, ...]]:
    """next_offset, counted, duplicates, rejected, skipped of each partition."""
    query = "SELECT topic, `partition`, next_offset, counted, duplicates, rejected, skipped FROM stream_offsets"
    return {(topic, partition): tuple(numbers) for topic, partition, *numbers in selected(connection, query)}


def everything(connection: "Connection[Cursor]") -> list[list[tuple[Any, ...]]]:
    return [selected(connection, f"SELECT * FROM `{table.name}`") for table in (*CLEARED, tables.HEARTBEAT)]


def test_batches_add_up(stream: "Connection[Cursor]") -> None:
    live_batch.apply(stream, batch(tally(end=2), sales=[sale(units=2), sale("shirt")]), {})
    live_batch.apply(stream, batch(tally(first=2, end=3), sales=[sale(units=3, revenue="0.01")]), {SALES_0: 2})

    found = selected(stream, "SELECT product_id, units, `lines`, receipts, gross, revenue FROM live_sales ORDER BY 1")
    assert found == [
        ("longyi", 5, 2, 2, Decimal("5.01"), Decimal("5.01")),
        ("shirt", 1, 1, 1, Decimal("5.00"), Decimal("5.00")),
    ]


def test_every_offset_is_accounted_for(stream: "Connection[Cursor]") -> None:
    first = tally(end=10, records=8, duplicates=1, rejected={"bad_id": 2, "empty": 1})  # two offsets without a record
    live_batch.apply(stream, batch(first, tally(STOCK_0, end=1)), {})
    again = tally(first=4, end=15, records=11, repeated=6, rejected={"empty": 1})  # read from 4 on, counted from 10 on
    live_batch.apply(stream, batch(again), {SALES_0: 10})

    found = offsets(stream)
    assert found == {SALES_0: (15, 8, 1, 4, 2), STOCK_0: (1, 1, 0, 0, 0)}
    assert all(numbers[0] == sum(numbers[1:]) for numbers in found.values())


def test_a_batch_that_was_counted_already_moves_nothing(stream: "Connection[Cursor]") -> None:
    live_batch.apply(stream, batch(tally(end=5), sales=[sale()]), {})
    before = offsets(stream), selected(stream, "SELECT * FROM live_sales")
    live_batch.apply(stream, batch(tally(end=5, repeated=5)), {SALES_0: 5})

    assert (offsets(stream), selected(stream, "SELECT * FROM live_sales")) == before


@pytest.mark.parametrize("floor", [{}, {SALES_0: 4}, {SALES_0: 6}])
def test_a_batch_for_another_floor_is_refused_whole(
    stream: "Connection[Cursor]", owner: "Connection[Cursor]", floor: dict[Source, int]
) -> None:
    live_batch.apply(stream, batch(tally(end=5), sales=[sale()]), {})
    before = everything(owner)
    stale = batch(tally(STOCK_0), tally(first=4, end=9), sales=[sale()], stock=[(DAY, "main", "longyi", 1, 0)])
    with pytest.raises(FloorMovedError):
        live_batch.apply(stream, stale, floor)

    assert everything(owner) == before


def test_of_streams_at_the_same_offsets_one_counts(servers: Settings, stream: "Connection[Cursor]") -> None:
    live.register(stream, [SALES_0, SALES_1])

    def attempt(_number: int) -> str:
        connection = connect(servers, "stream")
        try:
            live_batch.apply(connection, batch(tally(), tally(SALES_1), sales=[sale()]), {SALES_0: 0, SALES_1: 0})
        except FloorMovedError:
            return "moved"
        finally:
            connection.close()
        return "counted"

    with ThreadPoolExecutor(6) as pool:
        outcomes = sorted(pool.map(attempt, range(6)))
    assert outcomes == ["counted"] + ["moved"] * 5
    assert selected(stream, "SELECT units FROM live_sales") == [(1,)]


def test_a_stream_waits_for_the_one_that_is_counting_and_then_sees_what_it_did(
    servers: Settings, stream: "Connection[Cursor]"
) -> None:
    live.register(stream, [SALES_0])
    late = connect(servers, "stream")
    with ThreadPoolExecutor(1) as pool:
        with transaction(stream) as cursor:
            live.floors(cursor, lock=True)
            waiting = pool.submit(live_batch.apply, late, batch(tally(), sales=[sale()]), {SALES_0: 0})
            with pytest.raises(TimeoutError):
                waiting.result(timeout=1)
            cursor.execute("UPDATE stream_offsets SET next_offset = 1")
        assert isinstance(waiting.exception(timeout=10), FloorMovedError)
    late.close()
    assert selected(stream, "SELECT * FROM live_sales") == []


def test_a_gap_is_named_exactly_and_nothing_is_counted(
    stream: "Connection[Cursor]", owner: "Connection[Cursor]"
) -> None:
    live_batch.apply(stream, batch(tally(SALES_1, end=5)), {})
    before = everything(owner)
    with pytest.raises(TerminalError, match=r"never counted: sales-1: 5 to 9\.\n.*tillstream gaps accept"):
        live_batch.apply(stream, batch(tally(SALES_1, first=10, end=12), sales=[sale()]), {SALES_1: 5})

    assert everything(owner) == before


def test_all_gaps_are_told_at_once() -> None:
    bounds = {SALES_1: (10, 12), SALES_0: (1, 1), STOCK_0: (0, 5)}
    with pytest.raises(TerminalError, match=r"counted: sales-0: 0 to 0, sales-1: 5 to 9\."):
        live.check_gaps({SALES_1: 5, STOCK_0: 3}, bounds)
    live.check_gaps({SALES_1: 10, SALES_0: 1}, bounds)


def test_accepted_gaps_are_on_record_and_the_stream_goes_on_behind_them(
    servers: Settings, stream: "Connection[Cursor]"
) -> None:
    live_batch.apply(stream, batch(tally(SALES_1, end=5)), {})
    bounds = {SALES_1: (10, 12), SALES_0: (3, 3), STOCK_0: (0, 0)}
    operator = connect(servers, "operator")

    assert live.accept_gaps(operator, bounds) == [(SALES_0, 0, 3), (SALES_1, 5, 10)]
    assert live.accept_gaps(operator, bounds) == []
    operator.close()
    live.check_gaps(floors(stream), bounds)
    live_batch.apply(stream, batch(tally(SALES_1, first=10, end=12)), {SALES_1: 10})
    assert offsets(stream) == {SALES_0: (3, 0, 0, 0, 3), SALES_1: (12, 7, 0, 0, 5), STOCK_0: (0, 0, 0, 0, 0)}
    kept = selected(stream, "SELECT topic, `partition`, first_offset, next_offset FROM stream_gaps ORDER BY 2")
    assert kept == [("sales", 0, 0, 3), ("sales", 1, 5, 10)]


def floors(connection: "Connection[Cursor]") -> dict[Source, int]:
    with transaction(connection) as cursor:
        return live.floors(cursor)


def test_registering_a_partition_again_keeps_its_offset(stream: "Connection[Cursor]") -> None:
    live_batch.apply(stream, batch(tally(end=5)), {})
    live.register(stream, [SALES_0, SALES_1])
    live.register(stream, [])

    assert floors(stream) == {SALES_0: 5, SALES_1: 0}


def test_a_topic_that_was_created_again_is_refused(stream: "Connection[Cursor]") -> None:
    live.check_topics(stream, {"sales": "first", "stock": "other"})
    live.check_topics(stream, {"sales": "first", "stock": "other"})
    with pytest.raises(TerminalError, match=r"'sales' was deleted and created again: its id is second.*from first"):
        live.check_topics(stream, {"sales": "second", "stock": "other"})
    with pytest.raises(TerminalError, match="'stock' was deleted"):
        live.check_topics(stream, {"sales": "first"})

    live.check_topics(stream, {"sales": "first", "stock": "other"})


def test_figures_go_to_the_current_epoch_and_readers_see_those_since_the_published_one(
    stream: "Connection[Cursor]", owner: "Connection[Cursor]"
) -> None:
    live_batch.apply(stream, batch(tally(), sales=[sale()], stock=[(DAY, "main", "longyi", 5, 1)]), {})
    with transaction(owner) as cursor:
        cursor.execute("UPDATE layers SET current_epoch = 2")
    live_batch.apply(stream, batch(tally(first=1, end=2), sales=[sale(units=7)]), {SALES_0: 1})

    assert selected(owner, "SELECT epoch, units FROM live_sales ORDER BY epoch") == [(1, 1), (2, 7)]
    assert selected(owner, "SELECT units FROM sales_by_day") == [(8,)]
    with transaction(owner) as cursor:
        cursor.execute("UPDATE layers SET published_epoch = 2")
    assert selected(owner, "SELECT units FROM sales_by_day") == [(7,)]


def test_the_count_written_down_last_on_a_day_holds(stream: "Connection[Cursor]", owner: "Connection[Cursor]") -> None:
    def count(day: date, second: int, event_id: str, quantity: int) -> Row:
        return (day, "main", "longyi", AT.replace(second=second), event_id, quantity)

    before = DAY.replace(day=14)
    counts = [count(before, 0, "a", 50), count(DAY, 5, "b", 20), count(DAY, 9, "c", 10), count(DAY, 7, "d", 30)]
    moves = [(before, "main", "longyi", 4, 1), (DAY, "main", "longyi", 2, 0)]
    live_batch.apply(stream, batch(tally(STOCK_0, end=6), counts=counts, stock=moves, sales=[sale(units=3)]), {})

    assert selected(owner, "SELECT on_hand, last_count_day FROM stock_on_hand") == [(10 + 2 - 3, DAY)]
    assert selected(owner, "SELECT expected, counted, shrinkage FROM stock_shrinkage") == [(53, 10, 43)]
    later = [count(DAY, 9, "e", 11)]  # at the same moment: the greater event id holds, whatever came first
    live_batch.apply(stream, batch(tally(STOCK_0, first=6, end=7), counts=later), {STOCK_0: 6})
    assert selected(owner, "SELECT on_hand FROM stock_on_hand") == [(10,)]


def test_a_late_sale_before_the_count_changes_no_stock(
    stream: "Connection[Cursor]", owner: "Connection[Cursor]"
) -> None:
    counted = [(DAY, "main", "longyi", AT, "a", 10)]
    live_batch.apply(stream, batch(tally(STOCK_0), counts=counted), {})
    day_before = sale(units=4, hour=HOUR.replace(day=14, hour=23))
    live_batch.apply(stream, batch(tally(), sales=[day_before]), {})
    assert selected(owner, "SELECT on_hand FROM stock_on_hand") == [(10,)]

    same_day = sale(units=4, hour=HOUR.replace(hour=0))
    live_batch.apply(stream, batch(tally(first=1, end=2), sales=[same_day]), {SALES_0: 1})
    assert selected(owner, "SELECT on_hand FROM stock_on_hand") == [(6,)]


def test_the_most_recent_name_is_shown_until_there_is_a_reference_name(
    stream: "Connection[Cursor]", owner: "Connection[Cursor]"
) -> None:
    names = {
        ("longyi", "Longyi (new)"): AT,
        ("longyi", "Longyi"): AT.replace(day=1),
        ("shirt", "B"): AT,
        ("shirt", "A"): AT,
    }
    live_batch.apply(stream, batch(tally(), names=names, sales=[sale()]), {})
    older = {("longyi", "Longyi (new)"): AT.replace(year=2018), ("longyi", "Longyi"): AT.replace(year=2018)}
    live_batch.apply(stream, batch(tally(first=1, end=2), names=older), {SALES_0: 1})

    directory = "SELECT product_id, product_name FROM product_directory ORDER BY 1"
    assert selected(owner, directory) == [("longyi", "Longyi (new)"), ("shirt", "A")]
    with transaction(owner) as cursor:
        cursor.execute(
            "INSERT INTO products (product_id, product_name, category) VALUES ('longyi', 'Longyi M', 'Wear')"
        )
    assert selected(owner, "SELECT product_name, category FROM sales_by_day") == [("Longyi M", "Wear")]


def test_ids_that_look_alike_are_rows_of_their_own(stream: "Connection[Cursor]", owner: "Connection[Cursor]") -> None:
    ids = ["%", "_", '"', *(changes["product_id"] for changes in ODD_SALES.values() if "product_id" in changes)]
    names = dict.fromkeys([(product, product) for product in ids], AT)
    live_batch.apply(stream, batch(tally(end=len(ids)), sales=[sale(product) for product in ids], names=names), {})

    found = selected(owner, "SELECT product_id, product_name, units FROM sales_by_month")
    assert sorted(found) == sorted((product, product, 1) for product in ids)


def test_rejects_are_counted_by_reason(stream: "Connection[Cursor]") -> None:
    live_batch.apply(
        stream, batch(tally(end=3, rejected={"bad_id": 2, "empty": 1}), tally(STOCK_0, rejected={"empty": 1})), {}
    )
    older = tally(first=3, end=4, rejected={"empty": 1}, newest_ms=RECEIVED_MS - 60_000)
    live_batch.apply(stream, batch(older), {SALES_0: 3})

    latest = datetime(2019, 4, 15, 3, 20)  # noqa: DTZ001 UTC, as MySQL keeps it
    assert selected(stream, "SELECT * FROM reject_counts ORDER BY topic, reason") == [
        ("sales", "bad_id", 2, latest),
        ("sales", "empty", 2, latest),
        ("stock", "empty", 1, latest),
    ]


def test_what_a_column_cannot_hold_leaves_everything_as_it_was(
    stream: "Connection[Cursor]", owner: "Connection[Cursor]"
) -> None:
    live_batch.apply(stream, batch(tally(), sales=[sale()]), {})
    before = everything(owner)
    for row in (sale(revenue="1e22"), sale("x" * 65), (*sale("shirt")[:3], "DOLLAR", *sale()[4:])):
        with pytest.raises(TerminalError):
            live_batch.apply(stream, batch(tally(first=1, end=2), sales=[sale("first"), row]), {SALES_0: 1})

    assert everything(owner) == before


def test_freshness_tells_how_far_the_stream_is(stream: "Connection[Cursor]", owner: "Connection[Cursor]") -> None:
    freshness = "SELECT layer, events_behind, seconds_behind < 60, state, message FROM freshness"
    live.beat(stream, {SALES_0: (0, 5), STOCK_0: (0, 2)})
    assert selected(owner, freshness) == [("live", 7, None, "running", "")]

    live_batch.apply(stream, batch(tally(end=5), tally(STOCK_0, end=2)), {})
    assert selected(owner, freshness) == [("live", 0, 1, "running", "")]
    live.stopped(stream, "garbage " * 500)
    [(_, behind, _, state, message)] = selected(owner, freshness)
    assert (behind, state, len(message)) == (0, "stopped", 1000)
    live.beat(stream, {SALES_0: (0, 6)})
    assert [row[1:] for row in selected(owner, freshness)] == [(1, 0, "running", "")]  # as old as its newest record

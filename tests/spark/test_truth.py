"""Rolling additions up to truth: the months asked for, each grain the exact sum of the finer one, names apart."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import SparkSession

from jobs.transforms import (
    BY_DAY,
    BY_HOUR,
    BY_MONTH,
    COUNT,
    EVENT_COLUMNS,
    SALES,
    STOCK,
    TRUTH_KEYS,
    additions,
    finest_truth,
    with_days_and_months,
)  # fmt: skip
from tests.night.fold import sales_by_hour
from tests.spark.test_additions import FIGURES, NAMES, YANGON, Row, event, movement, random_sale

JANUARY = datetime(2026, 1, 31, 17, 29, tzinfo=UTC)  # the last minute but one of January in Yangon
FEBRUARY = JANUARY.replace(minute=30)
MONTHS = ("2026-01", "2026-02")


def rolled(spark: SparkSession, events: Sequence[Row], months: Sequence[str] = MONTHS) -> list[Row]:
    frame = spark.createDataFrame([tuple(row.get(name) for name in NAMES) for row in events], EVENT_COLUMNS)
    finest = finest_truth(frame.repartition(2), YANGON, months)
    rows: list[Row] = finest.mapInArrow(whole_partition, finest.schema).toArrow().to_pylist()
    return rows


def whole_partition(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """As the batch does with each partition before it writes it."""
    if found := list(batches):
        yield from with_days_and_months(pa.Table.from_batches(found)).to_batches()


def by_grain(rows: list[Row], grain: str) -> list[Row]:
    return [row for row in rows if row["grain"] == grain]


def test_a_sale_is_a_row_of_its_hour_its_day_and_its_month(spark: SparkSession) -> None:
    rows = rolled(spark, [event(happened_at=FEBRUARY, discount=Decimal("0.90"))])

    assert Counter(row["grain"] for row in rows) == {BY_HOUR: 1, BY_DAY: 1, BY_MONTH: 1}
    assert {row["month"] for row in rows} == {"2026-02"}
    assert {(row["units"], row["receipts"], row["revenue"]) for row in rows} == {(2, 1, Decimal("23.00"))}
    assert [row["hour"].replace(tzinfo=None) for row in by_grain(rows, BY_HOUR)] == [datetime(2026, 2, 1)]  # noqa: DTZ001
    assert [row["day"] for row in by_grain(rows, BY_DAY)] == [date(2026, 2, 1)]
    assert [(row["hour"], row["day"]) for row in by_grain(rows, BY_MONTH)] == [(None, None)]


def test_months_begin_on_the_shops_clock_and_others_are_left_out(spark: SparkSession) -> None:
    events = [event(happened_at=JANUARY), event(happened_at=FEBRUARY, line_no=2)]
    events += [movement("delivery", 3, date(2026, 1, 31)), movement("count", 4, date(2026, 2, 1))]

    assert {(row["grain"], row["month"]) for row in rolled(spark, events)} == {
        *((grain, month) for grain in (BY_HOUR, BY_DAY, BY_MONTH) for month in MONTHS),
        (STOCK, "2026-01"),
        (COUNT, "2026-02"),
    }
    assert {row["month"] for row in rolled(spark, events, ["2026-02"])} == {"2026-02"}
    assert rolled(spark, events, ["2026-03"]) == []


def test_sales_under_two_names_are_one_row(spark: SparkSession) -> None:
    rows = rolled(spark, [event(happened_at=JANUARY), event(happened_at=JANUARY, product_name="Longyi M")])

    assert [row["units"] for row in rows] == [4, 4, 4]


def test_stock_is_a_row_a_day_and_each_count_a_row_of_its_own(spark: SparkSession) -> None:
    day = date(2026, 1, 5)
    events = [movement("delivery", 3, day), movement("loss", 1, day), movement("delivery", 2, day, line_no=2)]
    events += [movement("count", number, day, event_id=f"c{number}") for number in (0, 7)]
    rows = rolled(spark, events)

    assert [(row["day"], row["delivered"], row["lost"]) for row in by_grain(rows, STOCK)] == [(day, 5, 1)]
    assert sorted((row["event_id"], row["counted"]) for row in by_grain(rows, COUNT)) == [("c0", 0), ("c7", 7)]
    assert len(rows) == 3


def test_the_columns_are_as_promised(spark: SparkSession) -> None:
    types = dict(finest_truth(spark.createDataFrame([], EVENT_COLUMNS), YANGON, MONTHS).dtypes)

    assert list(types)[: len(TRUTH_KEYS)] == list(TRUTH_KEYS)
    assert {types[name] for name in ("gross", "discount", "revenue")} == {"decimal(24,2)"}
    assert {types[name] for name in ("units", "lines", "receipts", "delivered", "lost", "counted")} == {"bigint"}
    assert (types["month"], types["hour"], types["day"]) == ("string", "timestamp", "date")


def test_the_largest_amounts_stay_exact_through_every_grain(spark: SparkSession) -> None:
    price = Decimal("999999999999.99")
    rows = rolled(spark, [event(unit_price=price, quantity=1_000_000, happened_at=JANUARY) for _ in range(100)])

    assert {row["revenue"] for row in rows} == {price * 100_000_000}


@pytest.mark.parametrize("seed", [1, 2])
def test_random_sales_equal_a_fold_in_plain_python(spark: SparkSession, seed: int) -> None:
    rng = random.Random(seed)
    events = [random_sale(rng) for _ in range(800)]
    months = sorted({f"{hour:%Y-%m}" for hour, *_ in sales_by_hour(events, YANGON)})
    rows = rolled(spark, events, months)
    keys = ("store_id", "product_id", "currency")

    def found(grain: str, period: str) -> dict[tuple[Any, ...], list[Any]]:
        return {
            (str(row[period])[:19], *(row[key] for key in keys)): [row[name] for name in FIGURES]
            for row in by_grain(rows, grain)
        }

    hours = sales_by_hour(events, YANGON)
    assert found(BY_HOUR, "hour") == {(str(hour), *rest): sums for (hour, *rest), sums in hours.items()}
    for grain, period, cut in ((BY_DAY, "day", 10), (BY_MONTH, "month", 7)):
        expected: dict[tuple[Any, ...], list[Any]] = {}
        for (hour, *rest), sums in hours.items():
            key = (str(hour)[:cut], *rest)
            before = expected.get(key, [0] * len(sums))
            expected[key] = [one + other for one, other in zip(before, sums, strict=True)]
        assert found(grain, period) == expected


def test_live_rows_keep_their_epoch_and_lose_the_name(spark: SparkSession) -> None:
    events = [event(), event(product_name="Longyi M"), event(quantity=5)]
    frame = spark.createDataFrame(
        [(*(row.get(name) for name in NAMES), epoch) for row, epoch in zip(events, (2, 2, 3), strict=True)],
        f"{EVENT_COLUMNS}, epoch bigint",
    )
    rows = additions(frame, YANGON, carry=("epoch",)).toArrow().to_pylist()

    assert sorted((row["epoch"], row["figure"], row["units"]) for row in rows) == [(2, SALES, 4), (3, SALES, 5)]
    assert "product_name" not in rows[0]

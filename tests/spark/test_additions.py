"""Adding up events: exact, on the shop's clock, never across currencies."""

import random
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pyspark.sql import SparkSession

from jobs.transforms import COUNT, EVENT_COLUMNS, KEYS, SALES, STOCK, additions

YANGON, NEW_YORK = "Asia/Yangon", "America/New_York"
NAMES = [column.split()[0] for column in EVENT_COLUMNS.split(", ")]
FIGURES = ("units", "returned_units", "lines", "receipts", "gross", "discount", "revenue")
Row = dict[str, Any]


def event(**changes: Any) -> Row:
    """A sale of two pieces at 11.95 dollars, on 15 April 2019 at 10:00 UTC."""
    row: Row = dict.fromkeys(NAMES) | {
        "kind": "sale", "event_id": "till-o-1", "line_no": 1, "store_id": "main", "product_id": "longyi",
        "product_name": "Longyi", "quantity": 2, "unit_price": Decimal("11.95"), "currency": "USD",
        "happened_at": datetime(2019, 4, 15, 10, tzinfo=UTC),
    }  # fmt: skip
    return row | changes


def movement(kind: str, quantity: int, day: date, **changes: Any) -> Row:
    absent = {"unit_price": None, "discount": None, "currency": None}
    return event(kind=kind, quantity=quantity, day=day, **absent) | changes


def added(
    spark: SparkSession, events: Sequence[Row], timezone: str = YANGON, carry: Sequence[str] = ("product_name",)
) -> list[Row]:
    """The rows of `additions` over two partitions."""
    more = [name for name in carry if name not in NAMES]
    schema = ", ".join([EVENT_COLUMNS, *(f"{name} string" for name in more)])
    names = [*NAMES, *more]
    frame = spark.createDataFrame([tuple(row.get(name) for name in names) for row in events], schema).repartition(2)
    rows: list[Row] = additions(frame, timezone, carry).toArrow().to_pylist()
    return rows


def one(rows: list[Row]) -> Row:
    [row] = rows
    return row


def figures(row: Row) -> dict[str, Any]:
    return {name: row[name] for name in FIGURES}


def hours(rows: list[Row]) -> dict[datetime, int]:
    """Units by the hour on the shop's clock."""
    return {row["hour"].replace(tzinfo=None): row["units"] for row in rows}


def test_sales_of_an_hour_are_added_up(spark: SparkSession) -> None:
    first = event(discount=Decimal("1.00"))
    second = event(
        line_no=2, quantity=1, unit_price=Decimal("0.05"), happened_at=first["happened_at"] + timedelta(0, 9)
    )
    row = one(added(spark, [first, second]))

    assert figures(row) == {
        "units": 3, "returned_units": 0, "lines": 2, "receipts": 1,
        "gross": Decimal("23.95"), "discount": Decimal("1.00"), "revenue": Decimal("22.95"),
    }  # fmt: skip
    assert (row["figure"], row["store_id"], row["product_id"], row["currency"]) == (SALES, "main", "longyi", "USD")
    assert row["last_at"] == second["happened_at"]


def test_a_return_subtracts_on_its_own_day(spark: SparkSession) -> None:
    sold = event()
    returned = event(
        kind="return", quantity=1, discount=Decimal("0.50"), happened_at=datetime(2019, 4, 17, 10, tzinfo=UTC)
    )
    rows = {row["hour"].day: row for row in added(spark, [sold, returned])}

    assert rows[15]["units"] == 2
    assert figures(rows[17]) == {
        "units": -1, "returned_units": 1, "lines": 1, "receipts": 1,
        "gross": Decimal("-11.95"), "discount": Decimal("-0.50"), "revenue": Decimal("-11.45"),
    }  # fmt: skip


def test_a_sale_and_its_return_in_one_hour_leave_nothing_but_their_lines(spark: SparkSession) -> None:
    row = one(added(spark, [event(discount=Decimal(1)), event(kind="return", line_no=2, discount=Decimal(1))]))

    assert (row["units"], row["returned_units"], row["lines"], row["receipts"]) == (0, 2, 2, 1)
    assert row["gross"] == row["discount"] == row["revenue"] == 0


@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("currency", "EUR"), ("store_id", "branch"), ("product_id", "Longyi"), ("product_id", "lóngyi"),
        ("product_id", "longyi\u200b"), ("product_name", "LONGYI"),
    ],
)  # fmt: skip
def test_what_differs_in_a_key_is_not_mixed(spark: SparkSession, column: str, other: str) -> None:
    rows = added(spark, [event(), event(**{column: other})])

    assert sorted(row[column] for row in rows) == sorted([event()[column], other])
    assert all(row["revenue"] == Decimal("23.90") for row in rows)


# An instant, and the hour on the shop's clock that it belongs to.
HOURS = [
    (YANGON, "2019-04-15T09:29:59.999+00:00", "2019-04-15T15"),
    (YANGON, "2019-04-15T09:30:00.000+00:00", "2019-04-15T16"),
    (YANGON, "2019-04-15T17:29:59.999+00:00", "2019-04-15T23"),
    (YANGON, "2019-04-15T17:30:00.000+00:00", "2019-04-16T00"),
    (YANGON, "2019-04-30T17:30:00.000+00:00", "2019-05-01T00"),
    (YANGON, "2019-12-31T17:29:59.999+00:00", "2019-12-31T23"),
    (YANGON, "2019-12-31T17:30:00.000+00:00", "2020-01-01T00"),
    (YANGON, "2020-02-29T17:29:59.999+00:00", "2020-02-29T23"),
    (YANGON, "2020-02-29T17:30:00.000+00:00", "2020-03-01T00"),
    (YANGON, "2000-01-01T00:00:00.000+06:30", "2000-01-01T00"),
    (NEW_YORK, "2020-01-01T04:59:59.999+00:00", "2019-12-31T23"),
    (NEW_YORK, "2020-01-01T05:00:00.000+00:00", "2020-01-01T00"),
    (NEW_YORK, "2019-07-01T03:59:59.999+00:00", "2019-06-30T23"),
    (NEW_YORK, "2019-07-01T04:00:00.000+00:00", "2019-07-01T00"),
    (NEW_YORK, "2019-03-10T06:59:59.999+00:00", "2019-03-10T01"),  # clocks go forward: there is no hour 2
    (NEW_YORK, "2019-03-10T07:00:00.000+00:00", "2019-03-10T03"),
    (NEW_YORK, "2019-11-03T05:30:00.000+00:00", "2019-11-03T01"),  # clocks go back: there are two hours 1
    (NEW_YORK, "2019-11-03T06:30:00.000+00:00", "2019-11-03T01"),
    (NEW_YORK, "2019-11-03T07:00:00.000+00:00", "2019-11-03T02"),
    ("UTC", "2019-12-31T23:59:59.999+00:00", "2019-12-31T23"),
    ("UTC", "2020-01-01T00:00:00.000+00:00", "2020-01-01T00"),
    ("Asia/Kathmandu", "2019-12-31T18:14:59.999+00:00", "2019-12-31T23"),
    ("Asia/Kathmandu", "2019-12-31T18:15:00.000+00:00", "2020-01-01T00"),
    ("Pacific/Kiritimati", "2019-12-31T10:00:00.000+00:00", "2020-01-01T00"),
]


@pytest.mark.parametrize("timezone", sorted({timezone for timezone, _, _ in HOURS}))
def test_hours_days_months_and_years_begin_on_the_shops_clock(spark: SparkSession, timezone: str) -> None:
    cases = [(instant, hour) for zone, instant, hour in HOURS if zone == timezone]
    sales = [event(product_id=instant, happened_at=datetime.fromisoformat(instant)) for instant, _ in cases]

    found = {row["product_id"]: f"{row['hour']:%Y-%m-%dT%H}" for row in added(spark, sales, timezone)}
    assert found == dict(cases)


def test_the_hour_that_comes_twice_in_autumn_is_one_row(spark: SparkSession) -> None:
    both = [event(happened_at=datetime(2019, 11, 3, hour, 30, tzinfo=UTC)) for hour in (5, 6)]

    assert hours(added(spark, both, NEW_YORK)) == {datetime(2019, 11, 3, 1): 4}  # noqa: DTZ001 the shop's clock


def test_stock_is_added_up_by_the_day_it_names(spark: SparkSession) -> None:
    day = date(2019, 4, 14)
    rows = added(spark, [movement("delivery", 5, day), movement("delivery", 7, day), movement("loss", 2, day)])
    row = one(rows)

    assert (row["figure"], row["day"], row["hour"], row["currency"]) == (STOCK, day, None, None)
    assert (row["delivered"], row["lost"], row["counted"]) == (12, 2, 0)


def test_the_largest_stock_quantities_are_added_up(spark: SparkSession) -> None:
    rows = added(spark, [movement("delivery", 100_000_000, date(2019, 4, 14), line_no=n) for n in range(50)])

    assert one(rows)["delivered"] == 5_000_000_000


def test_every_count_stays_a_row_of_its_own(spark: SparkSession) -> None:
    day, at = date(2019, 4, 15), datetime(2019, 4, 15, 2, tzinfo=UTC)
    counts = [
        movement("count", 5, day, event_id="a", happened_at=at),
        movement("count", 0, day, event_id="b", happened_at=at),
        movement("count", 5, day, event_id="c", happened_at=at + timedelta(milliseconds=1)),
    ]
    rows = added(spark, counts)

    found = sorted((row["event_id"], row["recorded_at"], row["counted"]) for row in rows)
    assert found == [("a", at, 5), ("b", at, 0), ("c", at + timedelta(milliseconds=1), 5)]
    assert {row["figure"] for row in rows} == {COUNT}


def test_sales_stock_and_counts_of_one_product_do_not_mix(spark: SparkSession) -> None:
    day = date(2019, 4, 15)
    rows = added(spark, [event(), movement("delivery", 3, day), movement("count", 9, day)])

    assert {row["figure"]: (row["units"], row["delivered"], row["counted"]) for row in rows}[SALES] == (2, 0, 0)
    assert {row["figure"] for row in rows} == {SALES, STOCK, COUNT}


def test_carried_columns_ride_along_and_rows_without_a_kind_have_no_figure(spark: SparkSession) -> None:
    tally = dict.fromkeys(NAMES) | {"tally": '[{"partition":0}]'}
    rows = added(spark, [event(), tally], carry=("tally",))

    assert sorted((str(row["figure"]), row["tally"]) for row in rows) == [("None", tally["tally"]), (SALES, None)]


def test_no_event_gives_no_row(spark: SparkSession) -> None:
    assert added(spark, []) == []


def test_the_columns_are_as_promised(spark: SparkSession) -> None:
    types = dict(additions(spark.createDataFrame([], EVENT_COLUMNS), YANGON).dtypes)

    assert list(types)[: len(KEYS)] == list(KEYS)
    assert {types[name] for name in ("gross", "discount", "revenue")} == {"decimal(24,2)"}
    assert {types[name] for name in ("units", "returned_units", "lines", "receipts", "delivered", "lost")} == {"bigint"}
    assert (types["hour"], types["day"], types["last_at"]) == ("timestamp", "date", "timestamp")


def test_large_amounts_are_exact(spark: SparkSession) -> None:
    price, pieces, number = Decimal("999999999999.99"), 1_000_000, 1_000
    row = one(added(spark, [event(unit_price=price, quantity=pieces, line_no=n) for n in range(1, number + 1)]))

    assert row["gross"] == row["revenue"] == price * pieces * number == Decimal("999999999999990000000.00")


def test_many_cents_are_exact(spark: SparkSession) -> None:
    cent = event(unit_price=Decimal("0.01"), quantity=1)
    row = one(added(spark, [event(unit_price=Decimal("99999999999.99"), quantity=1), *[cent] * 5_000]))

    assert row["gross"] == Decimal("100000000049.99")


def folded(events: list[Row], timezone: str) -> dict[tuple[Any, ...], list[Any]]:
    """The same figures by plain Python: key to figures."""
    totals: dict[tuple[Any, ...], list[Any]] = defaultdict(lambda: [0, 0, 0, 0, Decimal(0), Decimal(0), Decimal(0)])
    for row in events:
        sign = -1 if row["kind"] == "return" else 1
        local = (
            row["happened_at"].astimezone(ZoneInfo(timezone)).replace(minute=0, second=0, microsecond=0, tzinfo=None)
        )
        gross, discount = sign * row["quantity"] * row["unit_price"], sign * (row["discount"] or Decimal(0))
        addends = (
            sign * row["quantity"], row["quantity"] if sign < 0 else 0, 1, int(row["line_no"] == 1),
            gross, discount, gross - discount,
        )  # fmt: skip
        total = totals[local, row["store_id"], row["product_id"], row["product_name"], row["currency"]]
        for index, addend in enumerate(addends):
            total[index] += addend
    return totals


def random_sale(rng: random.Random) -> Row:
    minute = rng.choice([0, 29, 30, 59]) if rng.random() < 0.5 else rng.randrange(60)
    day = rng.choice(
        [datetime(2019, 3, 10, tzinfo=UTC), datetime(2019, 11, 3, tzinfo=UTC), datetime(2019, 12, 31, tzinfo=UTC)]
    )
    return event(
        kind=rng.choice(["sale", "sale", "return"]),
        line_no=rng.randint(1, 3),
        store_id=rng.choice(["main", "branch"]),
        product_id=rng.choice(["a", "A", "á"]),
        product_name=rng.choice(["x", "y"]),
        quantity=rng.choice([1, 2, 1_000_000]),
        unit_price=Decimal(rng.randrange(10 ** rng.randint(1, 14))) / 100,
        discount=rng.choice([None, Decimal(0), Decimal(rng.randrange(10**14)) / 100]),
        currency=rng.choice(["USD", "EUR"]),
        happened_at=day
        + timedelta(hours=rng.randrange(-2, 26), minutes=minute, milliseconds=rng.choice([0, 1, 59_999])),
    )


@pytest.mark.parametrize("timezone", [YANGON, NEW_YORK, "UTC"])
@pytest.mark.parametrize("seed", [1, 2])
def test_random_sales_equal_a_fold_in_plain_python(spark: SparkSession, seed: int, timezone: str) -> None:
    rng = random.Random(seed)
    events = [random_sale(rng) for _ in range(1_500)]
    keys = ("store_id", "product_id", "product_name", "currency")
    found = {
        (row["hour"].replace(tzinfo=None), *(row[key] for key in keys)): [row[name] for name in FIGURES]
        for row in added(spark, events, timezone)
    }

    assert found == folded(events, timezone)

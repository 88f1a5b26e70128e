"""Adding up events: DataFrame in, DataFrame out. The stream and the nightly batch use these same functions.

`events` frames have the columns of EVENT_COLUMNS. Money is DECIMAL all the way, so the arithmetic is exact.
"""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame
from pyspark.sql.functions import col

from tillstream.money import DIGITS, PLACES

PRICE = f"decimal(14,{PLACES})"
MONEY = f"decimal({DIGITS},{PLACES})"

# One counting event: what the figures are made of. `happened_at` is sold_at of a sale and recorded_at of a movement.
EVENT_COLUMNS = (
    "kind string, event_id string, line_no int, store_id string, product_id string, product_name string, "
    f"quantity int, unit_price {PRICE}, discount {PRICE}, currency string, happened_at timestamp, day date"
)

# What an addition is for: an hour's sales, a day's deliveries and losses, or one physical count.
SALES, STOCK, COUNT = "sales", "stock", "count"

KEYS = ("figure", "hour", "day", "store_id", "product_id", "currency", "recorded_at", "event_id")

_SUMS = {
    "units": "sum(pieces)",
    "returned_units": "sum(if(kind = 'return', quantity, 0))",
    "lines": "count(*)",
    "receipts": "count_if(line_no = 1)",
    "gross": f"cast(sum(amount) as {MONEY})",
    "discount": f"cast(sum(reduction) as {MONEY})",
    "revenue": f"cast(sum(amount) - sum(reduction) as {MONEY})",
    "delivered": "sum(if(kind = 'delivery', quantity, 0))",
    "lost": "sum(if(kind = 'loss', quantity, 0))",
    "counted": "sum(if(kind = 'count', quantity, 0))",
    "last_at": "max(happened_at)",
}


def additions(events: DataFrame, timezone: str, carry: Sequence[str] = ()) -> DataFrame:
    """Sales per hour x store x product x currency, stock per day x store x product, and counts, in one pass.

    The rows are of three figures, told apart by `figure`; a column that a figure has no use for is NULL or 0. Hours and
    days are of the shop's `timezone`; the session's own must be UTC. `carry` names further columns that ride along as
    keys; rows without a `kind` have no figure and serve those alone. Unless it is carried, the name of a product plays
    no part: sales under two names are one row.

    Columns: KEYS, carry, then the names of _SUMS: bigint, money DECIMAL(24,2), `last_at` the latest instant in UTC.
    """
    keys = ", ".join((*KEYS, *carry))
    sums = ", ".join(f"{formula} as {name}" for name, formula in _SUMS.items())
    # As one text: the stream makes this plan anew for every batch, and Spark takes twice as long over single columns.
    query = f"select {keys}, {sums} from ({_signed(timezone, carry)}) group by {keys}"  # noqa: S608 from declarations
    return events.sparkSession.sql(query, events=events)


def _signed(timezone: str, carry: Sequence[str]) -> str:
    """Each event with its keys, and with signed amounts: a return subtracts."""
    is_sale, sign = "kind in ('sale', 'return')", "if(kind = 'return', -1, 1)"
    columns = (
        f"case when {is_sale} then '{SALES}' when kind = 'count' then '{COUNT}' "
        f"when kind is not null then '{STOCK}' end as figure",
        f"if({is_sale}, date_trunc('HOUR', from_utc_timestamp(happened_at, '{timezone}')), null) as hour",
        *("day", "store_id", "product_id", "currency"),
        "if(kind = 'count', happened_at, null) as recorded_at",
        "if(kind = 'count', event_id, null) as event_id",
        *carry,
        *("kind", "line_no", "quantity", "happened_at"),
        f"{sign} * quantity as pieces",
        f"cast({sign} * quantity as decimal(9,0)) * unit_price as amount",
        f"cast({sign} as decimal(1,0)) * coalesce(discount, 0) as reduction",
    )
    return f"select {', '.join(columns)} from {{events}}"  # noqa: S608 from declarations


# What a row of truth is about: sales of an hour, a day or a month, stock movements of a day, or one physical count.
BY_HOUR, BY_DAY, BY_MONTH = "sales by hour", "sales by day", "sales by month"
TRUTH_KEYS = ("grain", "month", "hour", "day", "store_id", "product_id", "currency", "recorded_at", "event_id")
PLACE = ("store_id", "product_id")
_SUMMED = tuple(name for name in _SUMS if name != "last_at")


def finest_truth(events: DataFrame, timezone: str, months: Sequence[str]) -> DataFrame:
    """The `additions` of these months: sales per hour, stock, counts. All of a store's product is in one partition.

    Days and months are sums of hours, which `with_days_and_months` makes of each partition.

    Columns: TRUTH_KEYS, then the names of _SUMS but `last_at`: bigint, money DECIMAL(24,2). `grain` is one of BY_HOUR,
    STOCK, COUNT; a column that a grain has no use for is NULL or 0.
    """
    return (
        additions(events.repartition(*PLACE), timezone)
        .selectExpr(
            f"if(figure = '{SALES}', '{BY_HOUR}', figure) as grain",
            # Each row has lines. To ask for them keeps the filter above the sums: below, every event would pay for it.
            "if(lines > 0, date_format(coalesce(hour, day), 'yyyy-MM'), null) as month",
            "hour",
            "coalesce(cast(hour as date), day) as day",
            *("store_id", "product_id", "currency", "recorded_at", "event_id"),
            *_SUMMED,
        )
        .where(col("month").isin(list(months)))
    )


def with_days_and_months(finest: pa.Table) -> pa.Table:
    """A partition of `finest_truth`, and sums of its sales by day (BY_DAY) and by month (BY_MONTH)."""
    hours = finest.filter(pc.equal(finest["grain"], BY_HOUR))
    days = _summed(hours, BY_DAY, ("month", "day", *PLACE, "currency"))
    return pa.concat_tables([finest, days, _summed(days, BY_MONTH, ("month", *PLACE, "currency"))])


def _summed(rows: pa.Table, grain: str, keys: Sequence[str]) -> pa.Table:
    sums = rows.group_by(keys, use_threads=False).aggregate([(name, "sum") for name in _SUMMED])
    named = {name.removesuffix("_sum"): sums[name] for name in sums.column_names}
    named["grain"] = pa.repeat(grain, sums.num_rows)
    return pa.table(
        [
            named[field.name].cast(field.type) if field.name in named else pa.nulls(sums.num_rows, field.type)
            for field in rows.schema
        ],
        schema=rows.schema,
    )

"""Adding up events: DataFrame in, DataFrame out. The stream and the nightly batch use these same functions.

`events` frames have the columns of EVENT_COLUMNS. Money is DECIMAL all the way, so the arithmetic is exact.
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql.functions import col, expr

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

KEYS = ("figure", "hour", "day", "store_id", "product_id", "product_name", "currency", "recorded_at", "event_id")

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

_MONEYS = ("gross", "discount", "revenue")


def additions(events: DataFrame, timezone: str, carry: Sequence[str] = ()) -> DataFrame:
    """Sales per hour x store x product x currency, stock per day x store x product, and counts, in one pass.

    The rows are of three figures, told apart by `figure`; a column that a figure has no use for is NULL or 0. Hours and
    days are of the shop's `timezone`; the session's own must be UTC. `carry` names further columns that ride along as
    keys; rows without a `kind` have no figure and serve those alone.

    Columns: KEYS, carry, then the names of _SUMS: bigint, money DECIMAL(24,2), `last_at` the latest instant in UTC.
    """
    sums = [expr(f"{formula} as {name}") for name, formula in _SUMS.items()]
    return _signed(events, timezone, carry).groupBy(*KEYS, *carry).agg(*sums).select(*KEYS, *carry, *_SUMS)


def _signed(events: DataFrame, timezone: str, carry: Sequence[str]) -> DataFrame:
    """Each event with its keys, and with signed amounts: a return subtracts."""
    is_sale, sign = "kind in ('sale', 'return')", "if(kind = 'return', -1, 1)"
    return events.selectExpr(
        f"case when {is_sale} then '{SALES}' when kind = 'count' then '{COUNT}' "
        f"when kind is not null then '{STOCK}' end as figure",
        f"if({is_sale}, date_trunc('HOUR', from_utc_timestamp(happened_at, '{timezone}')), null) as hour",
        "day",
        "store_id",
        "product_id",
        "product_name",
        "currency",
        "if(kind = 'count', happened_at, null) as recorded_at",
        "if(kind = 'count', event_id, null) as event_id",
        *carry,
        "kind",
        "line_no",
        "quantity",
        "happened_at",
        f"{sign} * quantity as pieces",
        f"cast({sign} * quantity as decimal(9,0)) * unit_price as amount",
        f"cast({sign} as decimal(1,0)) * coalesce(discount, 0) as reduction",
    )


# What a row of truth is about: sales of an hour, a day or a month, stock movements of a day, or one physical count.
BY_HOUR, BY_DAY, BY_MONTH = "sales by hour", "sales by day", "sales by month"
TRUTH_KEYS = ("grain", "month", "hour", "day", "store_id", "product_id", "currency", "recorded_at", "event_id")
_SUMMED = tuple(name for name in _SUMS if name != "last_at")


def truth(added: DataFrame, months: Sequence[str]) -> DataFrame:
    """The `additions` of these months rolled up: sales per hour, per day and per month, stock per day, and counts.

    Names of products play no part, so that sales under two names are one row. `grain` is one of BY_HOUR, BY_DAY,
    BY_MONTH, STOCK, COUNT; a column that a grain has no use for is NULL or 0.

    Columns: TRUTH_KEYS, then the names of _SUMS but `last_at`: bigint, money DECIMAL(24,2). Rows of one partition are
    in the order of TRUTH_KEYS.
    """
    keyed = added.selectExpr(
        "figure",
        "date_format(coalesce(hour, day), 'yyyy-MM') as month",
        "hour",
        "coalesce(cast(hour as date), day) as day",
        *("store_id", "product_id", "currency", "recorded_at", "event_id"),
        *_SUMMED,
    ).where(col("month").isin(list(months)))
    common = [col(name) for name in ("figure", "month", "store_id", "product_id", "currency")]
    sets = [
        [*common, *(col(name) for name in ("day", "hour", "recorded_at", "event_id"))],
        [*common, col("day")],
        common,
    ]
    level = expr("grouping_id() as level")
    rolled = keyed.groupingSets(sets, *sets[0]).agg(level, *_sums_of_sums()).where(f"level = 0 or figure = '{SALES}'")
    grain = (
        f"case when figure <> '{SALES}' then figure when level = 0 then '{BY_HOUR}' "
        f"when day is not null then '{BY_DAY}' else '{BY_MONTH}' end as grain"
    )
    shown = [expr(grain), *(col(name) for name in (*TRUTH_KEYS[1:], *_SUMMED))]
    return rolled.select(*shown).sortWithinPartitions(*TRUTH_KEYS)


def without_names(added: DataFrame, carry: str) -> DataFrame:
    """The `additions` whose product name plays no part, so that sales under two names are one row.

    Columns: KEYS but `product_name`, `carry`, then the names of _SUMS but `last_at`.
    """
    keys = [*(key for key in KEYS if key != "product_name"), carry]
    return added.groupBy(*keys).agg(*_sums_of_sums()).select(*keys, *_SUMMED)


def _sums_of_sums() -> list[Column]:
    return [expr(f"cast(sum({name}) as {MONEY if name in _MONEYS else 'bigint'}) as {name}") for name in _SUMMED]

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

_MONEYS = ("gross", "discount", "revenue")


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
_ABSENT = {"hour": "timestamp", "recorded_at": "timestamp", "event_id": "string"}  # in days and months
_SUMMED = tuple(name for name in _SUMS if name != "last_at")


def truth(added: DataFrame, months: Sequence[str]) -> DataFrame:
    """The `additions` of these months, carrying nothing, and rolled up: sales per hour, day and month, stock, counts.

    `grain` is one of BY_HOUR, BY_DAY, BY_MONTH, STOCK, COUNT; a column that a grain has no use for is NULL or 0.

    Columns: TRUTH_KEYS, then the names of _SUMS but `last_at`: bigint, money DECIMAL(24,2).
    """
    finest = added.selectExpr(
        f"if(figure = '{SALES}', '{BY_HOUR}', figure) as grain",
        # Each row has lines. To ask for them keeps the filter above the sums: below, every event would pay for it.
        "if(lines > 0, date_format(coalesce(hour, day), 'yyyy-MM'), null) as month",
        "hour",
        "coalesce(cast(hour as date), day) as day",
        *("store_id", "product_id", "currency", "recorded_at", "event_id"),
        *_SUMMED,
    ).where(col("month").isin(list(months)))
    return finest.unionByName(_rolled_up(finest))


def _rolled_up(finest: DataFrame) -> DataFrame:
    """Days and months of the sales. Only they have a currency: a group is of sales, or of none."""
    common = [col(name) for name in ("month", "store_id", "product_id", "currency")]
    sets = [[*common, col("day")], common]
    # Not filtered before: both sides of the union are made of one shuffle, as long as they ask the same of it.
    is_sale = expr(f"max(grain = '{BY_HOUR}') as is_sale")
    rolled = finest.groupingSets(sets, *sets[0]).agg(is_sale, *_sums_of_sums()).where("is_sale")
    grain = f"if(day is null, '{BY_MONTH}', '{BY_DAY}') as grain"
    absent = [f"cast(null as {kind}) as {name}" for name, kind in _ABSENT.items()]
    return rolled.selectExpr("*", grain, *absent).select(*TRUTH_KEYS, *_SUMMED)


def _sums_of_sums() -> list[Column]:
    return [expr(f"cast(sum({name}) as {MONEY if name in _MONEYS else 'bigint'}) as {name}") for name in _SUMMED]

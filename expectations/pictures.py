"""The figures that checks compare, as SQL: a candidate's, the published ones, the stream's since, and mongod's."""

from collections.abc import Sequence

from tillstream.tables import GROUPING, LIVE_COUNTS, LIVE_SALES, LIVE_STOCK, Column, Table

SALE_KINDS = "('sale', 'return')"


def candidate(table: Table) -> str:
    """FROM and WHERE of the rows that this generation recounted, under the name `t`."""
    return f"FROM `{table.name}` t WHERE t.`generation` = {{generation}}"


def published(table: Table) -> str:
    """FROM of the rows that readers see of the months that this generation recounted, under the name `t`."""
    return (
        f"FROM `{table.name}` t JOIN `published_months` p ON p.`month` = t.`month` AND p.`generation` = t.`generation` "
        "JOIN `generation_months` g ON g.`month` = t.`month` AND g.`generation` = {generation}"
    )


def live(table: Table) -> str:
    """FROM and WHERE of what the stream added between the published cut and this generation's, under the name `t`."""
    return f"FROM `{table.name}` t WHERE t.`epoch` >= {{base}} AND t.`epoch` < {{epoch}}"


def touched(kinds: str) -> str:
    """FROM and WHERE of the raw events of the slice whose kind meets a condition, such as "= 'count'"."""
    return f"FROM `slice_profile` WHERE `generation` = {{generation}} AND `kind` {kinds}"


# Which generation of each month readers see once this one is published.
AFTERWARDS = (
    "SELECT `month`, `generation` FROM `generation_months` WHERE `generation` = {generation} "
    "UNION ALL SELECT `month`, `generation` FROM `published_months` WHERE `month` NOT IN ({months})"
)

# What mongod and what the stream added up of the same events, in the same columns; a return subtracts.
_SIGN = "CASE `kind` WHEN 'return' THEN -1 ELSE 1 END"
SLICE_SALES = (
    f"SELECT `day`, `currency`, `events` AS `lines`, {_SIGN} * `units` AS `units`, {_SIGN} * `revenue` AS `revenue` "
    f"{touched(f'IN {SALE_KINDS}')}"
)
LIVE_DAYS = f"SELECT DATE(t.`hour`) AS `day`, t.`currency`, t.`lines`, t.`units`, t.`revenue` {live(LIVE_SALES)}"
SALES_COMPARED = ("lines", "units", "revenue")

SLICE_STOCK = (
    "SELECT `day`, CASE `kind` WHEN 'delivery' THEN `units` ELSE 0 END AS `delivered`, "
    "CASE `kind` WHEN 'loss' THEN `units` ELSE 0 END AS `lost`, "
    "CASE `kind` WHEN 'count' THEN `events` ELSE 0 END AS `counts`, "
    "CASE `kind` WHEN 'count' THEN `units` ELSE 0 END AS `quantity` "
    f"{touched(f'NOT IN {SALE_KINDS}')}"
)
STOCK_COMPARED = ("delivered", "lost", "counts", "quantity")


def stock(moves: str, counts: str, key: str) -> str:
    """Deliveries, losses and counts as one SELECT of STOCK_COMPARED by `key`, SQL for its columns.

    `moves` and `counts` are FROM and WHERE of a stock and of a counts table.
    """
    return (
        f"SELECT {key}, t.`delivered`, t.`lost`, 0 AS `counts`, 0 AS `quantity` {moves} "
        f"UNION ALL SELECT {key}, 0, 0, 1, t.`quantity` {counts}"
    )


LIVE_STOCK_DAYS = stock(live(LIVE_STOCK), live(LIVE_COUNTS), "t.`day`")


def names(columns: Sequence[Column]) -> tuple[str, ...]:
    """The columns' names."""
    return tuple(column.name for column in columns)


def listed(columns: Sequence[str], prefix: str = "") -> str:
    """Names for a SELECT, quoted: `lines` is a word of the server's own."""
    return ", ".join(f"{prefix}`{column}`" for column in columns)


def side_by_side(key: Sequence[str], figures: Sequence[str], sides: dict[str, str]) -> str:
    """One row per key that any side has, with `<side>_<figure>` of each side, 0 where it lacks the key.

    A side is a SELECT of the key and the figures, with any number of rows per key: each is added up by itself first, so
    that no more than the sums are put side by side.
    """
    parts = [
        f"{GROUPING} {listed(key)}, {', '.join(_columns(figures, side, sides))} FROM ({query}) `{side}` "
        f"GROUP BY {listed(key)}"
        for side, query in sides.items()
    ]
    sums = ", ".join(f"SUM(`{side}_{figure}`) AS `{side}_{figure}`" for side in sides for figure in figures)
    return f"{GROUPING} {listed(key)}, {sums} FROM ({' UNION ALL '.join(parts)}) u GROUP BY {listed(key)}"


def _columns(figures: Sequence[str], side: str, sides: dict[str, str]) -> list[str]:
    return [
        f"{f'SUM(`{figure}`)' if side == other else 0} AS `{other}_{figure}`" for other in sides for figure in figures
    ]

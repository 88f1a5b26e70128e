"""A candidate compared with what readers see, in SQL, hour by hour: the statements of `stores.reconciliation`."""

from datetime import date
from typing import NamedTuple

from tillstream import tables
from tillstream.stores.generations import Generation
from tillstream.stores.mysql import Cursor
from tillstream.tables import GROUPING, SALES_FIGURES, STOCK_FIGURES

LATE, UNEXPLAINED = "late", "unexplained"


class Figure(NamedTuple):
    """Where a figure is kept, and what of it is compared."""

    name: str
    truth: tables.Table
    live: tables.Table
    at: str  # the column of the business time
    key: tuple[str, ...]
    figures: tuple[str, ...]  # what must be equal
    units: str
    revenue: str
    currency: str


SALES = Figure(
    "sales", tables.TRUTH_SALES_BY_HOUR, tables.LIVE_SALES, "hour", ("store_id", "product_id", "currency"),
    tuple(f"`{column.name}`" for column in SALES_FIGURES), "`units`", "`revenue`", "`currency`",
)  # fmt: skip
STOCK = Figure(
    "stock", tables.TRUTH_STOCK, tables.LIVE_STOCK, "day", ("store_id", "product_id"),
    tuple(f"`{column.name}`" for column in STOCK_FIGURES), "`delivered` - `lost`", "0", "''",
)  # fmt: skip
# A count of nothing is a count: that it is there is compared as well.
COUNTS = Figure(
    "count", tables.TRUTH_COUNTS, tables.LIVE_COUNTS, "day", ("store_id", "product_id", "recorded_at", "event_id"),
    ("`quantity`", "1"), "`quantity`", "0", "''",
)  # fmt: skip
FIGURES = (SALES, STOCK, COUNTS)

_INTO = f"INSERT INTO `reconciliations` ({', '.join(f'`{c.name}`' for c in tables.RECONCILIATIONS.columns)}) "
_PARTS = ("published", "live", "candidate")
_KEPT = ("units", "revenue")
_LIVE = "`epoch` >= (SELECT `published_epoch` FROM `layers`) AND `epoch` < %(epoch)s"


def compare(cursor: Cursor, night: Generation, figure: Figure, month: str, base_day: date) -> None:
    """Keeps each day's key of a month that is wrong, or that changed although its day is before `base_day`."""
    at, key = f"`{figure.at}`", _listed(figure.key)
    values = ", ".join([*figure.figures, f"{figure.units} AS `pieces`", f"{figure.revenue} AS `amount`"])
    values = f"{at}, {key}, {values}"
    parts = (
        f"SELECT {values}, 1 AS `sign`, 'published' AS `part` FROM `{figure.truth.name}` t "
        "JOIN `published_months` p USING (`generation`, `month`) WHERE `month` = %(month)s "
        f"UNION ALL SELECT {values}, 1, 'live' FROM `{figure.live.name}` WHERE {_LIVE} "
        f"AND {at} >= %(first)s AND {at} < %(first)s + INTERVAL 1 MONTH "
        f"UNION ALL SELECT {values}, -1, 'candidate' FROM `{figure.truth.name}` "
        "WHERE `generation` = %(generation)s AND `month` = %(month)s"
    )
    unlike = " OR ".join(f"SUM(`sign` * {value}) <> 0" for value in figure.figures)
    by_key = (
        f"{GROUPING} DATE({at}) AS `day`, {key}, {_sums_of_parts()}, SUM(`part` = 'live') AS `live_rows`, "
        f"{unlike} AS `wrong` FROM ({parts}) q GROUP BY {at}, {key}"
    )
    cursor.execute(
        f"{_INTO}SELECT %(generation)s, '{figure.name}', `day`, `store_id`, `product_id`, "
        f"{figure.currency} AS `money`, {_totals()}, CASE WHEN MAX(`wrong`) = 1 THEN '{UNEXPLAINED}' ELSE '{LATE}' END "
        f"FROM ({by_key}) k GROUP BY `day`, `store_id`, `product_id`, `money` "
        "HAVING MAX(`wrong`) = 1 OR (`day` < %(base_day)s AND SUM(`live_rows`) > 0)",
        _arguments(night, month) | {"base_day": base_day},
    )


def compare_grains(cursor: Cursor, night: Generation, month: str) -> None:
    """Keeps each key of a candidate whose days are not the sum of its hours, or whose month is not that of its days."""
    figures = ", ".join(SALES.figures)
    for at, coarse, day, fine in (
        ("DATE(`hour`)", tables.TRUTH_SALES_BY_DAY, "`day`", tables.TRUTH_SALES_BY_HOUR),
        ("%(first)s", tables.TRUTH_SALES_BY_MONTH, "%(first)s", tables.TRUTH_SALES_BY_DAY),
    ):
        where = "WHERE `generation` = %(generation)s AND `month` = %(month)s"
        values = f"`store_id`, `product_id`, `currency`, {figures}"
        parts = (
            f"SELECT {at} AS `on`, {values}, 1 AS `sign` FROM `{fine.name}` {where} "
            f"UNION ALL SELECT {day}, {values}, -1 FROM `{coarse.name}` {where}"
        )
        unlike = " OR ".join(f"SUM(`sign` * {value}) <> 0" for value in SALES.figures)
        cursor.execute(
            f"{_INTO}SELECT %(generation)s, 'sales', `on`, `store_id`, `product_id`, `currency`, "
            "0, 0, SUM(`units` * (`sign` < 0)), 0, 0, SUM(`revenue` * (`sign` < 0)), "
            f"SUM(`units` * -`sign`), SUM(`revenue` * -`sign`), '{UNEXPLAINED}' "
            f"FROM ({parts}) q GROUP BY `on`, `store_id`, `product_id`, `currency` HAVING {unlike} "
            f"ON DUPLICATE KEY UPDATE `cause` = '{UNEXPLAINED}'",
            _arguments(night, month),
        )


def compare_forgotten(cursor: Cursor, night: Generation, figure: Figure) -> None:
    """Keeps each key that the stream added up to the cut in a month that the candidate does not recount."""
    at = f"`{figure.at}`"
    cursor.execute(
        f"{_INTO}SELECT %(generation)s, '{figure.name}', DATE({at}) AS `on`, `store_id`, `product_id`, "
        f"{figure.currency} AS `money`, 0, SUM({figure.units}), 0, 0, SUM({figure.revenue}), 0, "
        f"-SUM({figure.units}), -SUM({figure.revenue}), '{UNEXPLAINED}' FROM `{figure.live.name}` WHERE {_LIVE} "
        f"AND DATE_FORMAT({at}, '%%Y-%%m') NOT IN "
        "(SELECT `month` FROM `generation_months` WHERE `generation` = %(generation)s) "
        "GROUP BY `on`, `store_id`, `product_id`, `money`",
        _arguments(night),
    )


def _arguments(night: Generation, month: str | None = None) -> dict[str, object]:
    arguments: dict[str, object] = {"generation": night.generation, "epoch": night.epoch}
    return arguments if month is None else arguments | {"month": month, "first": f"{month}-01"}


def _sums_of_parts() -> str:
    return ", ".join(
        f"SUM(CASE WHEN `part` = '{part}' THEN `{value}` ELSE 0 END) AS `{part}_{name}`"
        for name, value in zip(_KEPT, ("pieces", "amount"), strict=True)
        for part in _PARTS
    )


def _totals() -> str:
    sums = [f"SUM(`{part}_{name}`)" for name in _KEPT for part in _PARTS]
    return ", ".join([*sums, *(f"SUM(`candidate_{n}` - `published_{n}` - `live_{n}`)" for n in _KEPT)])


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)

"""Sales by hour, day, month and year, and what sells most."""

from tillstream.tables import SALES_FIGURES
from tillstream.views.view import (
    FINAL,
    HOUR_MONTH,
    L_SALES_KEY,
    LIVE,
    PUBLISHED,
    SALES_KEY,
    T_SALES_KEY,
    View,
    listed,
    merged,
    of_period,
    sums,
)

RANKS = 10

# Putting the rows in order first takes the server half as long as looking up each row's group in a table of the groups
# so far. Years were measured too, and are no quicker for it.
IN_ORDER, _AS_THEY_COME = "SELECT SQL_BIG_RESULT", "SELECT"

_FIGURES = tuple(column.name for column in SALES_FIGURES)
_SHOWN = ("units", "returned_units", "lines", "gross", "discount", "revenue")

_DIRECTORY = """
SELECT n.`product_id` AS `product_id`, COALESCE(r.`product_name`, n.`product_name`) AS `product_name`,
  r.`category` AS `category`
FROM (SELECT `product_id`, `product_name`,
        ROW_NUMBER() OVER (PARTITION BY `product_id` ORDER BY `last_sold_at` DESC, `product_name`) AS `recency`
      FROM `product_names`) n
LEFT JOIN `products` r ON r.`product_id` = n.`product_id`
WHERE n.`recency` = 1
UNION ALL SELECT r.`product_id`, r.`product_name`, r.`category` FROM `products` r
WHERE NOT EXISTS (SELECT 1 FROM `product_names` n WHERE n.`product_id` = r.`product_id`)
"""


def _sales(period: str, source: str, select: str = IN_ORDER) -> str:
    """Sales per period x store x product x currency, with names."""
    return (
        f"SELECT s.`{period}` AS `{period}`, s.`store_id` AS `store_id`, s.`product_id` AS `product_id`, "
        f"s.`currency` AS `currency`, d.`product_name` AS `product_name`, d.`category` AS `category`, "
        f"{listed(_SHOWN, 's.')}, s.`state` AS `state` "
        f"FROM ({select} `{period}`, {SALES_KEY}, {sums(_SHOWN)}, {FINAL} AS `state` "
        f"FROM ({source}) m GROUP BY `{period}`, {SALES_KEY}) s "
        "LEFT JOIN `product_directory` d ON d.`product_id` = s.`product_id`"
    )


_HOURS = merged(of_period("hour"), f"p.`hour` AS `hour`, {T_SALES_KEY}", f"{HOUR_MONTH}, l.`hour`, {L_SALES_KEY}")
_DAYS = merged(of_period("day"), f"p.`day` AS `day`, {T_SALES_KEY}", f"{HOUR_MONTH}, DATE(l.`hour`), {L_SALES_KEY}")
MONTHS = merged(f"FROM `truth_sales_by_month` t {PUBLISHED}", T_SALES_KEY, f"{HOUR_MONTH}, {L_SALES_KEY}")
# A year is closed when its December is, though a product may have been sold last in May.
_YEARS = (
    f"SELECT CAST(LEFT(q.`month`, 4) AS SIGNED) AS `year`, {SALES_KEY}, {listed(_FIGURES, 'q.')}, "
    "CASE WHEN CONCAT(LEFT(q.`month`, 4), '-12') < y.`final_before` THEN q.`closed` ELSE 0 END AS `closed`, "
    f"q.`is_live` AS `is_live` FROM ({MONTHS}) q CROSS JOIN `layers` y"
)

# Each layer is added up before the two are put together: few rows are, where all products of all days would be.
_RECEIPTS = f"""
SELECT `day`, `store_id`, `currency`, SUM(`receipts`) AS `receipts`, SUM(`revenue`) AS `revenue`,
  ROUND(SUM(`revenue`) / NULLIF(SUM(`receipts`), 0), 2) AS `average_receipt`
FROM (SELECT p.`day` AS `day`, t.`store_id` AS `store_id`, t.`currency` AS `currency`, SUM(t.`receipts`) AS `receipts`,
        SUM(t.`revenue`) AS `revenue`
      {of_period("day")} GROUP BY p.`day`, t.`store_id`, t.`currency`
      UNION ALL SELECT DATE(l.`hour`), l.`store_id`, l.`currency`, SUM(l.`receipts`), SUM(l.`revenue`)
      FROM `live_sales` l {LIVE} GROUP BY DATE(l.`hour`), l.`store_id`, l.`currency`) m
GROUP BY `day`, `store_id`, `currency`
"""

_BEST_SELLERS = f"""
SELECT s.`product_id` AS `product_id`, s.`currency` AS `currency`, d.`product_name` AS `product_name`,
  d.`category` AS `category`, s.`units` AS `units`, s.`revenue` AS `revenue`,
  RANK() OVER (PARTITION BY s.`currency` ORDER BY s.`units` DESC) AS `rank_by_units`,
  RANK() OVER (PARTITION BY s.`currency` ORDER BY s.`revenue` DESC) AS `rank_by_revenue`
FROM ({IN_ORDER} `product_id`, `currency`, SUM(`units`) AS `units`, SUM(`revenue`) AS `revenue`
      FROM ({MONTHS}) m GROUP BY `product_id`, `currency`) s
LEFT JOIN `product_directory` d ON d.`product_id` = s.`product_id`
"""

# Equal units are told apart by revenue, then by product: ten rows a month, whatever ties there are.
_BEST_BY_MONTH = f"""
SELECT o.`month` AS `month`, o.`currency` AS `currency`, o.`rank` AS `rank`, o.`product_id` AS `product_id`,
  d.`product_name` AS `product_name`, o.`units` AS `units`, o.`revenue` AS `revenue`
FROM (SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.`month`, s.`currency`
        ORDER BY s.`units` DESC, s.`revenue` DESC, s.`product_id`) AS `rank`
      FROM ({IN_ORDER} `month`, `currency`, `product_id`, SUM(`units`) AS `units`, SUM(`revenue`) AS `revenue`
            FROM ({MONTHS}) m GROUP BY `month`, `currency`, `product_id`) s) o
LEFT JOIN `product_directory` d ON d.`product_id` = o.`product_id`
WHERE o.`rank` <= {RANKS}
"""


def _numbers(count: int) -> str:
    """A table of the numbers from 0 on."""
    return f"(SELECT 0 AS `n` UNION ALL SELECT {' UNION ALL SELECT '.join(map(str, range(1, count)))})"


_FIRST_DAY = "CAST(CONCAT(p.`month`, '-01') AS DATE)"
_PUBLISHED_DAYS = f"""
SELECT p.`month` AS `month`, p.`generation` AS `generation`, p.`closed` AS `closed`,
  {_FIRST_DAY} + INTERVAL d.`n` DAY AS `day`
FROM `published_months` p JOIN {_numbers(31)} d WHERE d.`n` < DAY(LAST_DAY({_FIRST_DAY}))
"""
_PUBLISHED_HOURS = f"""
SELECT p.`month` AS `month`, p.`generation` AS `generation`, p.`closed` AS `closed`,
  CAST(p.`day` AS DATETIME) + INTERVAL h.`n` HOUR AS `hour`
FROM `published_days` p JOIN {_numbers(24)} h
"""

SALES_VIEWS: tuple[View, ...] = (
    View("published_days", "Each day of the published months.", _PUBLISHED_DAYS, public=False),
    View("published_hours", "Each hour of the published months.", _PUBLISHED_HOURS, public=False),
    View("product_directory", "The name and category shown for each product.", _DIRECTORY, public=False),
    View("sales_by_hour", "Sales per hour on the shop's clock.", _sales("hour", _HOURS)),
    View("sales_by_day", "Sales per business day.", _sales("day", _DAYS)),
    View("sales_by_month", "Sales per business month.", _sales("month", MONTHS)),
    View("sales_by_year", "Sales per business year.", _sales("year", _YEARS, _AS_THEY_COME)),
    View("receipts_by_day", "Receipts per business day.", _RECEIPTS),
    View("best_sellers", "Products by units and by revenue, over all time.", _BEST_SELLERS),
    View("best_seller_by_month", f"The {RANKS} best sellers of each month, by units.", _BEST_BY_MONTH),
)

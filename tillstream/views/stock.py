"""Stock on hand, by counts and what moved since."""

from tillstream.views.ordering import current
from tillstream.views.view import LIVE, PUBLISHED, View

WINDOW_DAYS = 28  # mean daily sales are taken over the four weeks up to the last day with sales
OVER_DAYS = 180  # more cover than this is too much stock
SAFETY_DAYS = 7  # reorder level without an owner's own: sales of the lead time and of one week more
LEAD_TIME_DAYS = 14  # of products whose supplier's is not known

# Of whom a figure of stock is.
_KEY = "`store_id`, `product_id`"
_T_KEY = "t.`store_id` AS `store_id`, t.`product_id` AS `product_id`"
_L_KEY = "l.`store_id`, l.`product_id`"

# Everything that moves stock: deliveries and returns in, losses and sales out (`units` are net of returns). `recorded`
# tells what shows that a product's stock is on record from sales, which do not.
_MOVED = f"""
SELECT DATE(l.`hour`) AS `day`, {_L_KEY}, -l.`units` AS `change`, 0 AS `recorded`, NULL AS `counted`, 1 AS `is_change`
FROM `live_sales` l {LIVE}
UNION ALL SELECT t.`day`, {_T_KEY}, t.`delivered` - t.`lost`, 1, NULL, 1 FROM `truth_stock` t {PUBLISHED}
UNION ALL SELECT l.`day`, {_L_KEY}, l.`delivered` - l.`lost`, 1, NULL, 1 FROM `live_stock` l {LIVE}
"""
# Published sales come by the month, for years of days take too long to add up: a month's stand on its last day.
_CHANGES = f"""
{_MOVED}
UNION ALL SELECT LAST_DAY(CONCAT(t.`month`, '-01')), {_T_KEY}, -t.`units`, 0, NULL, 1
FROM `truth_sales_by_month` t {PUBLISHED}
"""

_T_COUNT = f"""
SELECT t.`day` AS `day`, {_T_KEY}, t.`recorded_at` AS `recorded_at`, t.`event_id` AS `event_id`,
  t.`quantity` AS `quantity`"""
_LIVE_COUNTS = f"SELECT l.`day`, {_L_KEY}, l.`recorded_at`, l.`event_id`, l.`quantity` FROM `live_counts` l {LIVE}"
_ALL_COUNTS = f"""{_T_COUNT}
FROM `truth_counts` t {PUBLISHED}
UNION ALL {_LIVE_COUNTS}
"""

# Of several counts of one day, the one written down last holds: it is of another day than the row before it.
_LATEST_FIRST = f"(PARTITION BY {_KEY} ORDER BY `day` DESC, `recorded_at` DESC, `event_id` DESC)"
_COUNTS_BY_AGE = f"""
SELECT `day`, {_KEY}, `quantity`, LAG(`day`) OVER {_LATEST_FIRST} AS `newer_day`
FROM ({_ALL_COUNTS}) a
"""
_HOLDS = "(`newer_day` IS NULL OR `newer_day` <> `day`)"


def _sold_before(count: str) -> str:
    """What published sales of a count's month were before its day: changes have them after it."""
    return f"""
CASE WHEN DAY({count}.`day`) = 1 THEN 0 ELSE (SELECT COALESCE(SUM(t.`units`), 0)
  FROM `published_months` p JOIN `truth_sales_by_day` t ON t.`generation` = p.`generation` AND t.`month` = p.`month`
  WHERE p.`month` = DATE_FORMAT({count}.`day`, '%Y-%m') AND t.`store_id` = {count}.`store_id`
    AND t.`product_id` = {count}.`product_id` AND t.`day` < {count}.`day`) END"""


# What had changed before each count is in the running sum of the changes of the days before it.
_RUNNING = f"""
SELECT {_KEY}, `day`, `counted`,
  SUM(`change`) OVER (PARTITION BY {_KEY} ORDER BY `day`, `is_change` ROWS UNBOUNDED PRECEDING) AS `changed`
FROM ({_CHANGES} UNION ALL SELECT `day`, {_KEY}, 0, 1, `quantity`, 0 FROM ({_COUNTS_BY_AGE}) c WHERE {_HOLDS}) m
"""
_COUNTED = f"""
SELECT {_KEY}, `day`, `counted`, r.`changed` - {_sold_before("r")} AS `changed`
FROM ({_RUNNING}) r WHERE `counted` IS NOT NULL
"""
_SHRINKAGE = f"""
SELECT {_KEY}, `day`, `expected`, `counted`, `expected` - `counted` AS `shrinkage`
FROM (SELECT {_KEY}, `day`, `counted`,
        LAG(`counted` - `changed`) OVER (PARTITION BY {_KEY} ORDER BY `day`) + `changed` AS `expected`
      FROM ({_COUNTED}) b) e
WHERE `expected` IS NOT NULL
"""


def _last_days(table: str) -> str:
    """The last day of each month of a table of truth: one look at the end of the month's keys.

    The key is named, with all its columns in order, for MySQL, which else puts all rows of the month in order.
    """
    return f"""
SELECT (SELECT t.`day` FROM `{table}` t FORCE INDEX FOR ORDER BY (PRIMARY)
  WHERE t.`generation` = p.`generation` AND t.`month` = p.`month`
  ORDER BY t.`generation` DESC, t.`month` DESC, t.`day` DESC LIMIT 1) AS `day`
FROM `published_months` p"""


_TODAY = f"""
SELECT MAX(`day`) AS `today` FROM ({_last_days("truth_sales_by_day")}
  UNION ALL {_last_days("truth_stock")} UNION ALL {_last_days("truth_counts")}
  UNION ALL SELECT DATE(MAX(l.`hour`)) FROM `live_sales` l {LIVE}
  UNION ALL SELECT MAX(l.`day`) FROM `live_stock` l {LIVE}
  UNION ALL SELECT MAX(l.`day`) FROM `live_counts` l {LIVE}) d
"""

# In this order, or the server reads all days and finds out afterwards that it wanted the last ones.
_SINCE = f"`stock_today`.`today` - INTERVAL {WINDOW_DAYS} DAY"
_RECENT = f"""
SELECT {_KEY}, SUM(`units`) AS `units`
FROM (SELECT {_T_KEY}, t.`units` AS `units` FROM `stock_today`
      STRAIGHT_JOIN `published_months` p ON p.`month` >= DATE_FORMAT({_SINCE}, '%Y-%m')
      STRAIGHT_JOIN `truth_sales_by_day` t
        ON t.`generation` = p.`generation` AND t.`month` = p.`month` AND t.`day` > {_SINCE}
      UNION ALL SELECT {_L_KEY}, l.`units` FROM `stock_today`
      STRAIGHT_JOIN `live_sales` l ON l.`hour` >= {_SINCE} + INTERVAL 1 DAY {LIVE}) s
GROUP BY {_KEY}
"""

# Of published counts only those of a product's last day are put in order: its key leads to them.
_COUNTED_ON = f"SELECT MAX(t.`day`) AS `day`, {_T_KEY} FROM `truth_counts` t {PUBLISHED} GROUP BY {_KEY}"
_LATE_COUNTS = f"""{_T_COUNT}
FROM ({_COUNTED_ON}) k STRAIGHT_JOIN `published_months` p ON p.`month` = DATE_FORMAT(k.`day`, '%Y-%m')
STRAIGHT_JOIN `truth_counts` t ON t.`generation` = p.`generation` AND t.`month` = p.`month` AND t.`day` = k.`day`
  AND t.`store_id` = k.`store_id` AND t.`product_id` = k.`product_id`
UNION ALL {_LIVE_COUNTS}
"""
# DISTINCT: these few rows are made first, and are not looked for among all counts again and again.
_LAST_COUNTS = f"""
SELECT DISTINCT q.`store_id`, q.`product_id`, q.`day`, q.`quantity` + {_sold_before("q")} AS `quantity`
FROM (SELECT `day`, {_KEY}, `quantity`, ROW_NUMBER() OVER {_LATEST_FIRST} AS `age` FROM ({_LATE_COUNTS}) a) q
WHERE q.`age` = 1
"""
# Published sales of the month of the last count and of later ones: the key leads to a product's.
_SOLD_SINCE = """
SELECT COALESCE(SUM(t.`units`), 0)
FROM `published_months` p
STRAIGHT_JOIN `truth_sales_by_month` t ON t.`generation` = p.`generation` AND t.`month` = p.`month`
WHERE p.`month` >= COALESCE(DATE_FORMAT(c.`day`, '%Y-%m'), '')
  AND t.`store_id` = m.`store_id` AND t.`product_id` = m.`product_id`"""
_ON_HAND = f"""
SELECT m.`store_id` AS `store_id`, m.`product_id` AS `product_id`, c.`day` AS `last_count_day`,
  COALESCE(c.`quantity`, 0)
    + SUM(CASE WHEN c.`day` IS NULL OR m.`day` >= c.`day` THEN m.`change` ELSE 0 END) - ({_SOLD_SINCE}) AS `on_hand`,
  SUM(m.`recorded`) AS `recorded`
FROM ({_MOVED}
  UNION ALL SELECT k.`day`, {_KEY}, 0, 1, NULL, 0 FROM ({_COUNTED_ON}) k
  UNION ALL SELECT l.`day`, {_L_KEY}, 0, 1, NULL, 0 FROM `live_counts` l {LIVE}) m
LEFT JOIN ({_LAST_COUNTS}) c ON c.`store_id` = m.`store_id` AND c.`product_id` = m.`product_id`
GROUP BY m.`store_id`, m.`product_id`, c.`day`, c.`quantity`
"""
# Products of which no stock was ever recorded are left out: nothing is known about their stock.
_STOCK_LEVELS = f"""
SELECT h.`store_id` AS `store_id`, h.`product_id` AS `product_id`, h.`last_count_day` AS `last_count_day`,
  h.`on_hand` AS `on_hand`, COALESCE(w.`units`, 0) AS `window_units`, `stock_today`.`today` AS `today`
FROM ({_ON_HAND}) h
CROSS JOIN `stock_today`
LEFT JOIN ({_RECENT}) w ON w.`store_id` = h.`store_id` AND w.`product_id` = h.`product_id`
WHERE h.`recorded` > 0
"""

_LEAD_TIME = f"COALESCE(p.`lead_time_days`, u.`lead_time_days`, {LEAD_TIME_DAYS})"

_STOCK_REORDER = f"""
SELECT s.`store_id` AS `store_id`, s.`product_id` AS `product_id`, d.`product_name` AS `product_name`,
  d.`category` AS `category`, s.`on_hand` AS `on_hand`, s.`last_count_day` AS `last_count_day`,
  s.`window_units` AS `window_units`, s.`today` AS `today`,
  COALESCE(p.`reorder_level`, CAST(CEIL(f.`reorder_point`) AS SIGNED),
    CEIL(GREATEST(s.`window_units`, 0) * ({_LEAD_TIME} + {SAFETY_DAYS}) / {WINDOW_DAYS})) AS `reorder_point`,
  CASE WHEN p.`reorder_level` IS NOT NULL THEN 'owner' WHEN f.`reorder_point` IS NOT NULL THEN 'forecast'
    ELSE 'recent sales' END AS `reorder_by`, f.`reason` AS `plan_reason`, {_LEAD_TIME} AS `lead_time_days`,
  CASE WHEN s.`window_units` > 0 THEN ROUND(GREATEST(s.`on_hand`, 0) * {WINDOW_DAYS} / s.`window_units`, 1) END
    AS `days_of_cover`,
  COALESCE(p.`discontinued_on` <= s.`today`, 0) AS `discontinued`
FROM `stock_levels` s
LEFT JOIN `product_directory` d ON d.`product_id` = s.`product_id`
LEFT JOIN `products` p ON p.`product_id` = s.`product_id`
LEFT JOIN `suppliers` u ON u.`supplier` = p.`supplier`
LEFT JOIN ({current("plan_lines")}) f ON f.`store_id` = s.`store_id` AND f.`product_id` = s.`product_id`
"""

_STOCK_STATUS = f"""
SELECT r.*,
  CASE WHEN `days_of_cover` IS NOT NULL THEN `today` + INTERVAL CAST(FLOOR(`days_of_cover`) AS SIGNED) DAY END
    AS `runs_out_on`,
  CASE WHEN `on_hand` <= 0 THEN 'out' WHEN `on_hand` <= `reorder_point` THEN 'low'
    WHEN `days_of_cover` IS NULL OR `days_of_cover` > {OVER_DAYS} THEN 'over' ELSE 'ok' END AS `status`
FROM `stock_reorder` r
"""

_STOCK = (
    "`store_id`, `product_id`, `product_name`, `category`, `on_hand`, `last_count_day`, `days_of_cover`, "
    "`runs_out_on`, `status`"
)

_LOW_STOCK = f"""
SELECT {_STOCK}, `reorder_point`,
  CONCAT(`on_hand`, ' left, reorder at ', `reorder_point`, ': ',
    CASE `reorder_by` WHEN 'owner' THEN 'level set by the owner' WHEN 'forecast' THEN `plan_reason`
      ELSE CONCAT(`window_units`, ' sold in {WINDOW_DAYS} days, ', `lead_time_days`, ' days to deliver and ',
        '{SAFETY_DAYS} to be safe') END) AS `why`
FROM `stock_status`
WHERE `status` IN ('out', 'low') AND `discontinued` = 0 AND (`reorder_point` > 0 OR `on_hand` < 0)
"""

STOCK_VIEWS: tuple[View, ...] = (
    View("stock_today", "The last day of which anything is on record.", _TODAY, public=False),
    View("stock_shrinkage", "Expected less counted stock, at each count but the first.", _SHRINKAGE),
    View("stock_levels", "Stock on hand and sales of the last weeks.", _STOCK_LEVELS, public=False),
    View("stock_reorder", "Stock with its reorder point and cover.", _STOCK_REORDER, public=False),
    View("stock_status", "Stock with all that is known about it.", _STOCK_STATUS, public=False),
    View(
        "stock_on_hand",
        "Last count + deliveries + returns - losses - sales of the days since.",
        f"SELECT {_STOCK} FROM `stock_status`",
    ),
    View("low_stock", "Stock to act on, and why.", _LOW_STOCK),
)

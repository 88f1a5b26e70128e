"""Stock on hand, by counts and what moved since."""

from tillstream.tables import STOCK_FIGURES
from tillstream.views.ordering import current
from tillstream.views.view import DAYS, View, merged

WINDOW_DAYS = 28  # mean daily sales are taken over the four weeks up to the last day with sales
OVER_DAYS = 180  # more cover than this is too much stock
SAFETY_DAYS = 7  # reorder level without an owner's own: sales of the lead time and of one week more
LEAD_TIME_DAYS = 14  # of products whose supplier's is not known

_MOVEMENTS = merged(
    "truth_stock",
    "t.`day` AS `day`, t.`store_id` AS `store_id`, t.`product_id` AS `product_id`",
    "DATE_FORMAT(l.`day`, '%Y-%m') AS `month`, l.`day`, l.`store_id`, l.`product_id`",
    "live_stock",
    STOCK_FIGURES,
)

_ALL_COUNTS = """
SELECT t.`day` AS `day`, t.`store_id` AS `store_id`, t.`product_id` AS `product_id`,
  t.`recorded_at` AS `recorded_at`, t.`event_id` AS `event_id`, t.`quantity` AS `quantity`
FROM `truth_counts` t JOIN `published_months` p ON p.`month` = t.`month` AND p.`generation` = t.`generation`
UNION ALL SELECT l.`day`, l.`store_id`, l.`product_id`, l.`recorded_at`, l.`event_id`, l.`quantity`
FROM `live_counts` l JOIN `layers` y ON l.`epoch` >= y.`published_epoch`
"""

# Of several counts of one day, the one written down last holds.
_STOCK_COUNTS = f"""
SELECT `day`, `store_id`, `product_id`, `quantity`,
  LAG(`day`) OVER (PARTITION BY `store_id`, `product_id` ORDER BY `day`) AS `previous_day`,
  LAG(`quantity`) OVER (PARTITION BY `store_id`, `product_id` ORDER BY `day`) AS `previous_quantity`,
  ROW_NUMBER() OVER (PARTITION BY `store_id`, `product_id` ORDER BY `day` DESC) AS `age`
FROM (SELECT a.*, ROW_NUMBER() OVER (PARTITION BY `store_id`, `product_id`, `day`
        ORDER BY `recorded_at` DESC, `event_id` DESC) AS `holds` FROM ({_ALL_COUNTS}) a) c
WHERE `holds` = 1
"""

# Everything that moves stock: deliveries and returns in, losses and sales out (`units` are net of returns). Counts move
# nothing, and tell like the others that a product's stock is on record.
_STOCK_MOVES = f"""
SELECT `day`, `store_id`, `product_id`, CAST(`delivered` AS SIGNED) - `lost` AS `change`, 0 AS `units`, 1 AS `on_record`
FROM ({_MOVEMENTS}) a
UNION ALL SELECT `day`, `store_id`, `product_id`, -`units`, `units`, 0 FROM ({DAYS}) b
UNION ALL SELECT `day`, `store_id`, `product_id`, 0, 0, 1 FROM ({_ALL_COUNTS}) c
"""

_SHRINKAGE = """
SELECT c.`store_id` AS `store_id`, c.`product_id` AS `product_id`, c.`day` AS `day`,
  c.`previous_quantity` + COALESCE(SUM(m.`change`), 0) AS `expected`, c.`quantity` AS `counted`,
  c.`previous_quantity` + COALESCE(SUM(m.`change`), 0) - c.`quantity` AS `shrinkage`
FROM `stock_counts` c
LEFT JOIN `stock_moves` m ON m.`store_id` = c.`store_id` AND m.`product_id` = c.`product_id`
  AND m.`day` >= c.`previous_day` AND m.`day` < c.`day`
WHERE c.`previous_day` IS NOT NULL
GROUP BY c.`store_id`, c.`product_id`, c.`day`, c.`previous_quantity`, c.`quantity`
"""

# Products of which no stock was ever recorded are left out: nothing is known about their stock.
_STOCK_LEVELS = f"""
SELECT m.`store_id` AS `store_id`, m.`product_id` AS `product_id`, c.`day` AS `last_count_day`,
  COALESCE(c.`quantity`, 0) + SUM(CASE WHEN c.`day` IS NULL OR m.`day` >= c.`day` THEN m.`change` ELSE 0 END)
    AS `on_hand`,
  SUM(CASE WHEN m.`day` > t.`today` - INTERVAL {WINDOW_DAYS} DAY THEN m.`units` ELSE 0 END) AS `window_units`,
  t.`today` AS `today`
FROM `stock_moves` m
CROSS JOIN (SELECT MAX(`day`) AS `today` FROM `stock_moves`) t
LEFT JOIN `stock_counts` c ON c.`store_id` = m.`store_id` AND c.`product_id` = m.`product_id` AND c.`age` = 1
GROUP BY m.`store_id`, m.`product_id`, c.`day`, c.`quantity`, t.`today`
HAVING SUM(m.`on_record`) > 0
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

# Nothing behind: all is counted up to the latest beat. Else: up to the newest record that is.

STOCK_VIEWS: tuple[View, ...] = (
    View("stock_moves", "Everything that moves stock, day by day.", _STOCK_MOVES, public=False),
    View("stock_counts", "The physical count that holds, for each day that has one.", _STOCK_COUNTS, public=False),
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

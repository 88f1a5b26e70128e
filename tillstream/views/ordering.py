"""What will sell, and what to order: the current plan, and every forecast that was issued."""

from tillstream.views.sales import IN_ORDER, MONTHS
from tillstream.views.view import View


def current(table: str) -> str:
    """The rows of a table that belong to the forecast readers see."""
    return f"SELECT q.* FROM `{table}` q JOIN `current_forecast` u ON u.`forecast` = q.`forecast`"


# With one row per day, product and month: of several forecasts of a day, the last one published holds.
_ISSUED = """
SELECT f.`forecast` AS `forecast`, f.`issued_on` AS `issued_on`, f.`published_at` AS `published_at`
FROM `forecasts` f
JOIN (SELECT `issued_on`, MAX(`forecast`) AS `forecast` FROM `forecasts` WHERE `published_at` IS NOT NULL
      GROUP BY `issued_on`) h ON h.`forecast` = f.`forecast`
"""


def _forecast(columns: str, where: str) -> str:
    return f"""
SELECT i.`issued_on` AS `issued_on`, m.`month` AS `month`, {columns}m.`product_id` AS `product_id`,
  d.`product_name` AS `product_name`, d.`category` AS `category`, m.`quantity` AS `quantity`, m.`p10` AS `p10`,
  m.`p50` AS `p50`, m.`p90` AS `p90`, m.`method` AS `method`, m.`backtest_error` AS `backtest_error`,
  m.`naive_error` AS `naive_error`, m.`last_month_error` AS `last_month_error`, m.`season_known` AS `season_known`,
  c.`actual` AS `actual`,
  CASE WHEN u.`forecast` IS NULL THEN 0 ELSE 1 END AS `is_current`
FROM `forecast_months` m
JOIN ({_ISSUED}) i ON i.`forecast` = m.`forecast`
LEFT JOIN `current_forecast` u ON u.`forecast` = m.`forecast`
LEFT JOIN `forecast_scores` c ON c.`forecast` = m.`forecast` AND c.`store_id` = m.`store_id`
  AND c.`product_id` = m.`product_id` AND c.`month` = m.`month`
LEFT JOIN `product_directory` d ON d.`product_id` = m.`product_id`
WHERE {where}
"""


def _months_between(first: str, last: str) -> str:
    """Of two months as texts, how many the second is after the first."""
    return f"PERIOD_DIFF(CAST(REPLACE({last}, '-', '') AS SIGNED), CAST(REPLACE({first}, '-', '') AS SIGNED))"


# Of a month that is over, the first forecast that was issued in it; of later ones the current forecast.
_FIRST_OF_MONTH = f"""
SELECT i.`forecast` AS `forecast`, DATE_FORMAT(i.`issued_on`, '%Y-%m') AS `month`,
  ROW_NUMBER() OVER (PARTITION BY DATE_FORMAT(i.`issued_on`, '%Y-%m') ORDER BY i.`issued_on`) AS `number`
FROM ({_ISSUED}) i
"""
_BEGINS = """
SELECT DATE_FORMAT(f.`issued_on`, '%Y-%m')
FROM `current_forecast` u JOIN `forecasts` f ON f.`forecast` = u.`forecast`"""
_EXPECTED = f"""
SELECT m.`month` AS `month`, m.`product_id` AS `product_id`, NULL AS `sold`, m.`quantity` AS `quantity`,
  m.`p10` AS `p10`, m.`p90` AS `p90`
FROM ({current("forecast_months")}) m WHERE m.`store_id` = ''
UNION ALL SELECT m.`month`, m.`product_id`, NULL, m.`quantity`, m.`p10`, m.`p90`
FROM ({_FIRST_OF_MONTH}) i
JOIN `forecast_months` m ON m.`forecast` = i.`forecast` AND m.`store_id` = '' AND m.`month` = i.`month`
WHERE i.`number` = 1 AND i.`month` < ({_BEGINS})
"""
# A published month in which a product has sold nothing counts as well, from its first sale on.
_FIRST_SOLD = f"SELECT MIN(`month`) AS `month`, `product_id` FROM ({MONTHS}) s GROUP BY `product_id`"
_DEMAND = f"""
SELECT q.`month` AS `month`, q.`product_id` AS `product_id`, d.`product_name` AS `product_name`,
  d.`category` AS `category`, q.`sold` AS `sold`, q.`quantity` AS `quantity`, q.`p10` AS `p10`, q.`p90` AS `p90`,
  {_months_between(f"({_BEGINS})", "q.`month`")} AS `months_ahead`
FROM ({IN_ORDER} `month`, `product_id`, SUM(`sold`) AS `sold`, SUM(`quantity`) AS `quantity`, SUM(`p10`) AS `p10`,
        SUM(`p90`) AS `p90`
      FROM (SELECT `month`, `product_id`, `units` + `returned_units` AS `sold`, NULL AS `quantity`, NULL AS `p10`,
              NULL AS `p90` FROM ({MONTHS}) s
            UNION ALL SELECT p.`month`, f.`product_id`, 0, NULL, NULL, NULL
            FROM ({_FIRST_SOLD}) f JOIN `published_months` p ON p.`month` > f.`month`
            UNION ALL {_EXPECTED}) r
      GROUP BY `month`, `product_id`) q
LEFT JOIN `product_directory` d ON d.`product_id` = q.`product_id`
"""


# A product's own delivery dates differ by store: what is ordered first decides.
_REFILLS = f"""
SELECT m.`month` AS `month`, m.`product_id` AS `product_id`, MAX(d.`product_name`) AS `product_name`,
  MAX(d.`category`) AS `category`, SUM(m.`quantity`) AS `quantity`, MIN(m.`order_by`) AS `order_by`,
  MAX(l.`supplier`) AS `supplier`, SUM(m.`cost`) AS `cost`, MAX(l.`cost_currency`) AS `currency`,
  CASE MIN(CASE l.`urgency` WHEN 'red' THEN 1 WHEN 'amber' THEN 2 ELSE 3 END)
    WHEN 1 THEN 'red' WHEN 2 THEN 'amber' ELSE 'green' END AS `urgency`,
  GROUP_CONCAT(m.`reason` ORDER BY m.`store_id` SEPARATOR ' ') AS `reason`
FROM ({current("plan_months")}) m
JOIN `plan_lines` l ON l.`forecast` = m.`forecast` AND l.`store_id` = m.`store_id` AND l.`product_id` = m.`product_id`
LEFT JOIN `product_directory` d ON d.`product_id` = m.`product_id`
GROUP BY m.`month`, m.`product_id`
"""

_PLAN = f"""
SELECT l.`store_id` AS `store_id`, l.`product_id` AS `product_id`, d.`product_name` AS `product_name`,
  d.`category` AS `category`, l.`quantity` AS `quantity`, l.`order_by` AS `order_by`,
  l.`refill_month` AS `refill_month`, l.`urgency` AS `urgency`, l.`supplier` AS `supplier`,
  l.`unit_cost` AS `unit_cost`, l.`cost` AS `cost`, l.`cost_currency` AS `currency`, l.`on_hand` AS `on_hand`,
  l.`on_order` AS `on_order`, l.`reserved` AS `reserved`, l.`reorder_point` AS `reorder_point`,
  l.`order_up_to` AS `order_up_to`, l.`safety_stock` AS `safety_stock`, l.`service` AS `service`, l.`abc` AS `abc`,
  l.`months_of_cover` AS `months_of_cover`, l.`runs_out_on` AS `runs_out_on`, l.`sell_through` AS `sell_through`,
  l.`lost_units` AS `lost_units`, l.`lost_revenue` AS `lost_revenue`, l.`price_currency` AS `price_currency`,
  l.`reason` AS `reason`
FROM ({current("plan_lines")}) l LEFT JOIN `product_directory` d ON d.`product_id` = l.`product_id`
"""

_IDLE = f"""
SELECT l.`store_id` AS `store_id`, l.`product_id` AS `product_id`, d.`product_name` AS `product_name`,
  d.`category` AS `category`, l.`idle` AS `idle`, l.`on_hand` AS `on_hand`, l.`idle_units` AS `idle_units`,
  l.`idle_cost` AS `idle_cost`, l.`cost_currency` AS `currency`, l.`months_of_cover` AS `months_of_cover`
FROM ({current("plan_lines")}) l LEFT JOIN `product_directory` d ON d.`product_id` = l.`product_id`
WHERE l.`idle_units` > 0
"""

# The first forecast of a month is the one that ordering stood on: it is what gets judged.
_ACCURACY = f"""
SELECT m.`month` AS `month`, f.`issued_on` AS `issued_on`,
  {_months_between("DATE_FORMAT(f.`issued_on`, '%Y-%m')", "m.`month`")} AS `months_ahead`,
  COUNT(*) AS `products`, SUM(m.`quantity`) AS `forecast`, SUM(c.`actual`) AS `actual`,
  SUM(ABS(m.`quantity` - c.`actual`)) / NULLIF(SUM(c.`actual`), 0) AS `error`,
  SUM(CASE WHEN m.`naive` IS NOT NULL THEN ABS(m.`naive` - c.`actual`) END)
    / NULLIF(SUM(CASE WHEN m.`naive` IS NOT NULL THEN c.`actual` END), 0) AS `naive_error`,
  AVG(CASE WHEN c.`actual` BETWEEN m.`p10` AND m.`p90` THEN 1 ELSE 0 END) AS `inside_interval`
FROM `forecast_scores` c
JOIN `forecast_months` m ON m.`forecast` = c.`forecast` AND m.`store_id` = c.`store_id`
  AND m.`product_id` = c.`product_id` AND m.`month` = c.`month`
JOIN `forecasts` f ON f.`forecast` = c.`forecast`
WHERE c.`store_id` = '' AND f.`published_at` IS NOT NULL
GROUP BY m.`month`, f.`issued_on`, f.`forecast`
"""

ORDERING_VIEWS: tuple[View, ...] = (
    View("demand_forecast", "What each product should sell, by the day of issue.", _forecast("", "m.`store_id` = ''")),
    View(
        "demand_forecast_by_store",
        "The same by store, where there are several.",
        _forecast("m.`store_id` AS `store_id`, ", "m.`store_id` <> ''"),
    ),
    View("demand_by_month", "What each product sold by month, returns not subtracted, and should sell.", _DEMAND),
    View("refill_plan", "What to refill in which month, if it sells as expected.", _REFILLS),
    View("order_plan", "What to order now, and the numbers behind it.", _PLAN),
    View("stock_to_sell_off", "Stock that has not sold for a year, or lasts longer than one.", _IDLE),
    View(
        "size_runs",
        "Styles of which some wanted sizes are gone and others are left.",
        f"SELECT s.`store_id`, s.`style`, s.`colour`, s.`state` FROM ({current('broken_size_runs')}) s",
    ),
    View("forecast_accuracy", "What became of issued forecasts, once their months were over.", _ACCURACY),
)

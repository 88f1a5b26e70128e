"""The views that people, dashboards and other people's SQL read: published truth plus what is live since its cut."""

from dataclasses import dataclass

from tillstream.tables import SALES_FIGURES, STOCK_FIGURES, Column

WINDOW_DAYS = 28  # mean daily sales are taken over the four weeks up to the last day with sales
OVER_DAYS = 180  # more cover than this is too much stock
SAFETY_DAYS = 7  # reorder level without an owner's own: sales of the lead time and of one week more
LEAD_TIME_DAYS = 14  # of products whose supplier's is not known
RANKS = 10


@dataclass(frozen=True)
class View:
    """One view: its name, what it shows, and its query. `public` ones are promised to readers."""

    name: str
    meaning: str
    query: str
    public: bool = True


_FIGURES = tuple(column.name for column in SALES_FIGURES)
_SHOWN = ("units", "returned_units", "lines", "gross", "discount", "revenue")

# A closed month was over at the published cut. What the stream has added since makes a row provisional again.
_FINAL = "CASE WHEN MIN(`closed`) = 1 AND SUM(`is_live`) = 0 THEN 'final' ELSE 'provisional' END"


def _sums(names: tuple[str, ...], prefix: str = "") -> str:
    return ", ".join(f"SUM({prefix}`{name}`) AS `{name}`" for name in names)


def _listed(names: tuple[str, ...], prefix: str = "") -> str:
    return ", ".join(f"{prefix}`{name}`" for name in names)


def _merged(truth: str, key: str, live_key: str, live: str, figures: tuple[Column, ...]) -> str:
    """Rows of published generations, and live rows of the epochs since, told apart by `is_live`."""
    names = tuple(column.name for column in figures)
    return (
        f"SELECT t.`month` AS `month`, {key}, {_listed(names, 't.')}, p.`closed` AS `closed`, 0 AS `is_live` "
        f"FROM `{truth}` t JOIN `published_months` p ON p.`month` = t.`month` AND p.`generation` = t.`generation` "
        f"UNION ALL SELECT {live_key}, {_listed(names, 'l.')}, 0 AS `closed`, 1 AS `is_live` "
        f"FROM `{live}` l JOIN `layers` y ON l.`epoch` >= y.`published_epoch`"
    )


_HOUR_MONTH = "DATE_FORMAT(l.`hour`, '%Y-%m') AS `month`"
_SALES_KEY = "`store_id`, `product_id`, `currency`"
_T_SALES_KEY = "t.`store_id` AS `store_id`, t.`product_id` AS `product_id`, t.`currency` AS `currency`"
_L_SALES_KEY = "l.`store_id`, l.`product_id`, l.`currency`"

_DIRECTORY = """
SELECT n.`product_id` AS `product_id`, COALESCE(r.`product_name`, n.`product_name`) AS `product_name`,
  r.`category` AS `category`
FROM (SELECT `product_id`, `product_name`,
        ROW_NUMBER() OVER (PARTITION BY `product_id` ORDER BY `last_sold_at` DESC, `product_name`) AS `recency`
      FROM `product_names`) n
LEFT JOIN `products` r ON r.`product_id` = n.`product_id`
WHERE n.`recency` = 1
"""


def _sales(period: str, source: str) -> str:
    """Sales per period x store x product x currency, with names."""
    return (
        f"SELECT s.`{period}` AS `{period}`, s.`store_id` AS `store_id`, s.`product_id` AS `product_id`, "
        f"s.`currency` AS `currency`, d.`product_name` AS `product_name`, d.`category` AS `category`, "
        f"{_listed(_SHOWN, 's.')}, s.`state` AS `state` "
        f"FROM (SELECT `{period}`, {_SALES_KEY}, {_sums(_SHOWN)}, {_FINAL} AS `state` "
        f"FROM ({source}) m GROUP BY `{period}`, {_SALES_KEY}) s "
        "LEFT JOIN `product_directory` d ON d.`product_id` = s.`product_id`"
    )


_HOURS = _merged(
    "truth_sales_by_hour", f"t.`hour` AS `hour`, {_T_SALES_KEY}", f"{_HOUR_MONTH}, l.`hour`, {_L_SALES_KEY}",
    "live_sales", SALES_FIGURES,
)  # fmt: skip
_DAYS = _merged(
    "truth_sales_by_day", f"t.`day` AS `day`, {_T_SALES_KEY}", f"{_HOUR_MONTH}, DATE(l.`hour`), {_L_SALES_KEY}",
    "live_sales", SALES_FIGURES,
)  # fmt: skip
_MONTHS = _merged(
    "truth_sales_by_month", _T_SALES_KEY, f"{_HOUR_MONTH}, {_L_SALES_KEY}", "live_sales", SALES_FIGURES,
)  # fmt: skip
# A year is closed when its December is, though a product may have been sold last in May.
_YEARS = (
    f"SELECT CAST(LEFT(q.`month`, 4) AS SIGNED) AS `year`, {_SALES_KEY}, {_listed(_FIGURES, 'q.')}, "
    "CASE WHEN CONCAT(LEFT(q.`month`, 4), '-12') < y.`final_before` THEN q.`closed` ELSE 0 END AS `closed`, "
    f"q.`is_live` AS `is_live` FROM ({_MONTHS}) q CROSS JOIN `layers` y"
)

_RECEIPTS = f"""
SELECT `day`, `store_id`, `currency`, SUM(`receipts`) AS `receipts`, SUM(`revenue`) AS `revenue`,
  ROUND(SUM(`revenue`) / NULLIF(SUM(`receipts`), 0), 2) AS `average_receipt`
FROM ({_DAYS}) m GROUP BY `day`, `store_id`, `currency`
"""

_BEST_SELLERS = f"""
SELECT s.`product_id` AS `product_id`, s.`currency` AS `currency`, d.`product_name` AS `product_name`,
  d.`category` AS `category`, s.`units` AS `units`, s.`revenue` AS `revenue`,
  RANK() OVER (PARTITION BY s.`currency` ORDER BY s.`units` DESC) AS `rank_by_units`,
  RANK() OVER (PARTITION BY s.`currency` ORDER BY s.`revenue` DESC) AS `rank_by_revenue`
FROM (SELECT `product_id`, `currency`, SUM(`units`) AS `units`, SUM(`revenue`) AS `revenue`
      FROM ({_MONTHS}) m GROUP BY `product_id`, `currency`) s
LEFT JOIN `product_directory` d ON d.`product_id` = s.`product_id`
"""

# Equal units are told apart by revenue, then by product: ten rows a month, whatever ties there are.
_BEST_BY_MONTH = f"""
SELECT o.`month` AS `month`, o.`currency` AS `currency`, o.`rank` AS `rank`, o.`product_id` AS `product_id`,
  d.`product_name` AS `product_name`, o.`units` AS `units`, o.`revenue` AS `revenue`
FROM (SELECT s.*, ROW_NUMBER() OVER (PARTITION BY s.`month`, s.`currency`
        ORDER BY s.`units` DESC, s.`revenue` DESC, s.`product_id`) AS `rank`
      FROM (SELECT `month`, `currency`, `product_id`, SUM(`units`) AS `units`, SUM(`revenue`) AS `revenue`
            FROM ({_MONTHS}) m GROUP BY `month`, `currency`, `product_id`) s) o
LEFT JOIN `product_directory` d ON d.`product_id` = o.`product_id`
WHERE o.`rank` <= {RANKS}
"""

_MOVEMENTS = _merged(
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
UNION ALL SELECT `day`, `store_id`, `product_id`, -`units`, `units`, 0 FROM ({_DAYS}) b
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
  COALESCE(p.`reorder_level`,
    CEIL(GREATEST(s.`window_units`, 0) * ({_LEAD_TIME} + {SAFETY_DAYS}) / {WINDOW_DAYS})) AS `reorder_point`,
  p.`reorder_level` IS NOT NULL AS `set_by_owner`, {_LEAD_TIME} AS `lead_time_days`,
  CASE WHEN s.`window_units` > 0 THEN ROUND(GREATEST(s.`on_hand`, 0) * {WINDOW_DAYS} / s.`window_units`, 1) END
    AS `days_of_cover`,
  COALESCE(p.`discontinued_on` <= s.`today`, 0) AS `discontinued`
FROM `stock_levels` s
LEFT JOIN `product_directory` d ON d.`product_id` = s.`product_id`
LEFT JOIN `products` p ON p.`product_id` = s.`product_id`
LEFT JOIN `suppliers` u ON u.`supplier` = p.`supplier`
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
    CASE WHEN `set_by_owner` = 1 THEN 'level set by the owner'
      ELSE CONCAT(`window_units`, ' sold in {WINDOW_DAYS} days, ', `lead_time_days`, ' days to deliver and ',
        '{SAFETY_DAYS} to be safe') END) AS `why`
FROM `stock_status`
WHERE `status` IN ('out', 'low') AND `discontinued` = 0 AND (`reorder_point` > 0 OR `on_hand` < 0)
"""

# Nothing behind: all is counted up to the latest beat. Else: up to the newest record that is.
_LIVE_FRESHNESS = """
SELECT h.`layer` AS `layer`,
  CASE WHEN b.`events_behind` = 0 THEN GREATEST(h.`beat_at`, COALESCE(h.`newest_event_at`, h.`beat_at`))
    ELSE h.`newest_event_at` END AS `as_of`,
  b.`events_behind` AS `events_behind`, h.`committed_at` AS `published_at`, h.`state` AS `state`,
  h.`message` AS `message`
FROM `heartbeat` h
CROSS JOIN (SELECT CAST(COALESCE(SUM(GREATEST(e.`end_offset` - COALESCE(o.`next_offset`, 0), 0)), 0) AS SIGNED)
              AS `events_behind`
            FROM `source_ends` e
            LEFT JOIN `stream_offsets` o ON o.`topic` = e.`topic` AND o.`partition` = e.`partition`) b
"""

_TRUTH_FRESHNESS = """
SELECT 'truth' AS `layer`, MAX(e.`opened_at`) AS `as_of`,
  CAST(COALESCE((SELECT SUM(o.`next_offset` - COALESCE(c.`next_offset`, 0)) FROM `stream_offsets` o
     JOIN `layers` y LEFT JOIN `cuts` c
       ON c.`epoch` = y.`published_epoch` AND c.`topic` = o.`topic` AND c.`partition` = o.`partition`), 0) AS SIGNED)
    AS `events_behind`,
  MAX(g.`published_at`) AS `published_at`, 'published' AS `state`, '' AS `message`
FROM `generations` g JOIN `layers` l ON g.`epoch` = l.`published_epoch` JOIN `epochs` e ON e.`epoch` = g.`epoch`
WHERE g.`published_at` IS NOT NULL
HAVING MAX(g.`published_at`) IS NOT NULL
"""

_FRESHNESS = f"""
SELECT `layer`, `as_of`, `events_behind`,
  GREATEST(TIMESTAMPDIFF(MICROSECOND, `as_of`, UTC_TIMESTAMP(3)) / 1000000, 0) AS `seconds_behind`,
  `published_at`, `state`, `message`
FROM ({_LIVE_FRESHNESS} UNION ALL {_TRUTH_FRESHNESS}) f
"""

_QUALITY = """
SELECT q.`run_id` AS `run_id`, g.`generation` AS `generation`, q.`stage` AS `stage`, q.`check_name` AS `check_name`,
  CASE WHEN q.`passed` = 1 THEN 'passed' ELSE 'failed' END AS `result`, q.`severity` AS `severity`,
  q.`observed` AS `observed`, q.`expected` AS `expected`, q.`detail` AS `detail`, q.`rows_seen` AS `rows_seen`,
  q.`checked_at` AS `checked_at`
FROM `quality_results` q LEFT JOIN `generations` g ON g.`run_id` = q.`run_id`
"""

_RECONCILIATION = """
SELECT r.`generation` AS `generation`, g.`run_id` AS `run_id`, r.`figure` AS `figure`, r.`day` AS `day`,
  r.`store_id` AS `store_id`, r.`product_id` AS `product_id`, r.`currency` AS `currency`,
  r.`published_units` AS `published_units`, r.`live_units` AS `live_units`, r.`candidate_units` AS `candidate_units`,
  r.`published_revenue` AS `published_revenue`, r.`live_revenue` AS `live_revenue`,
  r.`candidate_revenue` AS `candidate_revenue`, r.`units_difference` AS `units_difference`,
  r.`revenue_difference` AS `revenue_difference`, r.`cause` AS `cause`
FROM `reconciliations` r JOIN `generations` g ON g.`generation` = r.`generation`
"""

_RESTATEMENTS = """
SELECT r.`generation` AS `generation`, g.`published_at` AS `published_at`, r.`month` AS `month`,
  r.`product_id` AS `product_id`, r.`currency` AS `currency`,
  SUM(r.`before_revenue`) AS `before`, SUM(r.`after_revenue`) AS `after`,
  SUM(r.`before_units`) AS `before_units`, SUM(r.`after_units`) AS `after_units`,
  GROUP_CONCAT(DISTINCT r.`cause` ORDER BY r.`cause` SEPARATOR ', ') AS `cause`
FROM `restatement_rows` r JOIN `generations` g ON g.`generation` = r.`generation`
GROUP BY r.`generation`, g.`published_at`, r.`month`, r.`product_id`, r.`currency`
"""

VIEWS: tuple[View, ...] = (
    View("product_directory", "The name and category shown for each product.", _DIRECTORY, public=False),
    View("sales_by_hour", "Sales per hour on the shop's clock.", _sales("hour", _HOURS)),
    View("sales_by_day", "Sales per business day.", _sales("day", _DAYS)),
    View("sales_by_month", "Sales per business month.", _sales("month", _MONTHS)),
    View("sales_by_year", "Sales per business year.", _sales("year", _YEARS)),
    View("receipts_by_day", "Receipts per business day.", _RECEIPTS),
    View("best_sellers", "Products by units and by revenue, over all time.", _BEST_SELLERS),
    View("best_seller_by_month", f"The {RANKS} best sellers of each month, by units.", _BEST_BY_MONTH),
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
    View("freshness", "How far each layer has counted.", _FRESHNESS),
    View(
        "rejects_by_reason",
        "Records in quarantine.",
        "SELECT `topic`, `reason`, `rejected`, `last_at` FROM `reject_counts` WHERE `rejected` > 0",
    ),
    View("quality_checks", "Every check of every night, and what it found.", _QUALITY),
    View("reconciliation", "What a night found different from the figures shown before it, and why.", _RECONCILIATION),
    View("restatements", "Figures of closed months that a publication changed.", _RESTATEMENTS),
)

"""Checks of a forecast and its plan before readers see them."""

from expectations.checks import Check, Severity, Subject
from tillstream.tables import FORECAST_MONTHS, PLAN_LINES, PLAN_MONTHS

AHEAD = 7  # months: the one in progress and six more
NO_WORSE = "1.02"  # a year of backtest tells no finer difference

REMEDY = (
    "The forecast is wrong, not what it was made of: clear the task `forecast`. If it fails again, "
    "`tillstream explain --forecast --product ID` shows what it was made from."
)
PLAN_REMEDY = (
    "The plan is wrong, not what it was made of: clear the task `forecast`. If it fails again, look at the product in "
    "the file of `tillstream products import FILE`."
)

_ROWS = "SELECT t.* FROM `{table}` t WHERE t.`forecast` = {{forecast}}"
_FIGURES = ("quantity", "p10", "p50", "p90")
_MAY_LACK = ("naive", "backtest_error", "naive_error", "last_month_error")


def _rows(table: str) -> str:
    return _ROWS.format(table=table)


# What readers see of the months that the forecast has learned from, and of the one in progress up to its day.
_SEEN = (
    "FROM `{table}` t JOIN `published_months` p ON p.`month` = t.`month` AND p.`generation` = t.`generation` "
    "WHERE t.`month` {when}"
)


def _seen(columns: str, by_month: str, by_day: str) -> str:
    """SELECT of the columns of a table by month, or by day."""
    over = _SEEN.format(table=by_month, when="BETWEEN '{oldest}' AND '{before}'")
    running = _SEEN.format(table=by_day, when="= '{first}' AND t.`day` <= '{issued_on}'")
    return f"SELECT {columns} {over} UNION SELECT {columns} {running}"


_STOCKED = " UNION ".join(
    _seen("t.`store_id` AS `store_id`, t.`product_id` AS `product_id`", table, table)
    for table in ("truth_stock", "truth_counts")
)
_PRODUCTS = (
    "SELECT `product_id` FROM `products` "
    f"UNION {_seen('t.`product_id`', 'truth_sales_by_month', 'truth_sales_by_day')} "
    f"UNION SELECT `product_id` FROM ({_STOCKED}) k"
)

HEADER = Subject(
    "forecasts",
    "The forecast's own row.",
    _rows("forecasts"),
    "`forecast`",
    REMEDY,
    (
        Check("complete", "All of its rows were written.", "`written_at` IS NOT NULL"),
        Check(
            "truth",
            "The truth that it learned from was published.",
            "`generation` IN (SELECT `generation` FROM `publications`)",
            facts="CONCAT('generation ', `generation`)",
        ),
    ),
    "1",
)

MONTHS = Subject(
    FORECAST_MONTHS.name,
    "Each store (and all of them) x product x month of the forecast.",
    _rows(FORECAST_MONTHS.name),
    "CONCAT_WS(' · ', NULLIF(`store_id`, ''), `product_id`, `month`)",
    REMEDY,
    (
        Check(
            "figures",
            "No figure is missing, and the method is said.",
            " AND ".join([*(f"`{name}` IS NOT NULL" for name in _FIGURES), "`method` <> ''"]),
        ),
        Check(
            "non_negative",
            "Nothing below 0 is expected, and no error is below 0.",
            " AND ".join(
                [f"`{name}` >= 0" for name in _FIGURES] + [f"COALESCE(`{name}`, 0) >= 0" for name in _MAY_LACK]
            ),
            facts="CONCAT(`quantity`, ' expected, ', `p10`, ' to ', `p90`)",
        ),
        Check(
            "monotone",
            "Quantiles do not fall from one level to the next.",
            "`p10` <= `p50` AND `p50` <= `p90`",
            facts="CONCAT_WS(', ', `p10`, `p50`, `p90`)",
        ),
        Check("months", "The month is one that the forecast speaks of.", "`month` IN ({months})"),
        Check(
            "errors",
            "Where the method's own error is known, so are those of the naive ones.",
            "(`backtest_error` IS NULL) = (`naive_error` IS NULL) "
            "AND (`backtest_error` IS NULL) = (`last_month_error` IS NULL)",
        ),
    ),
    f"SELECT {AHEAD} * COUNT(DISTINCT `product_id`) FROM ({_PRODUCTS}) a",
)

PRODUCTS = Subject(
    "forecast_products",
    "Each product of the reference data, and each that was ever sold, delivered or counted.",
    "SELECT a.`product_id`, COUNT(m.`month`) AS `months`, COUNT(DISTINCT o.`product_id`) AS `models` "
    f"FROM ({_PRODUCTS}) a LEFT JOIN `forecast_months` m ON m.`forecast` = {{forecast}} AND m.`store_id` = '' "
    "AND m.`product_id` = a.`product_id` LEFT JOIN `forecast_models` o ON o.`forecast` = {forecast} "
    "AND o.`store_id` = '' AND o.`product_id` = a.`product_id` GROUP BY a.`product_id`",
    "`product_id`",
    REMEDY,
    (
        Check(
            "present",
            "It has a forecast for each month.",
            f"`months` = {AHEAD}",
            facts="CONCAT(`months`, ' months')",
        ),
        Check("explained", "What the forecast was made from is kept.", "`models` = 1"),
    ),
    f"SELECT COUNT(DISTINCT `product_id`) FROM ({_PRODUCTS}) f",
)

_WHOLE = "WHERE `forecast` = {forecast} AND `store_id` = ''"

TOTALS = Subject(
    "forecast_totals",
    "Each month of the forecast of all stores.",
    "SELECT p.`month`, p.`products`, c.`categories` FROM (SELECT `month`, SUM(`quantity`) AS `products` "
    f"FROM `forecast_months` {_WHOLE} GROUP BY `month`) p LEFT JOIN (SELECT `month`, SUM(`quantity`) AS `categories` "
    "FROM (SELECT n.`month`, d.`category`, SUM(n.`quantity`) AS `quantity` FROM `forecast_months` n "
    f"LEFT JOIN `product_directory` d ON d.`product_id` = n.`product_id` {_WHOLE} GROUP BY n.`month`, d.`category`) g "
    "GROUP BY `month`) c ON c.`month` = p.`month`",
    "`month`",
    REMEDY,
    (
        Check(
            "categories",
            "Categories, as readers see them, add up to what all products are expected to sell.",
            "`categories` = `products`",
            facts="CONCAT(`categories`, ' by category, ', `products`, ' by product')",
        ),
    ),
    f"SELECT CASE WHEN COUNT(*) > 0 THEN {AHEAD} ELSE 0 END FROM ({_PRODUCTS}) f",
)

STORES = Subject(
    "forecast_stores",
    "Each product x month of a forecast by store.",
    "SELECT `product_id`, `month`, SUM(CASE WHEN `store_id` = '' THEN `quantity` ELSE 0 END) AS `whole`, "
    "SUM(CASE WHEN `store_id` <> '' THEN `quantity` ELSE 0 END) AS `parts`, COUNT(*) AS `scopes` "
    "FROM `forecast_months` WHERE `forecast` = {forecast} GROUP BY `product_id`, `month` HAVING COUNT(*) > 1",
    "CONCAT_WS(' · ', `product_id`, `month`)",
    REMEDY,
    (
        Check(
            "add_up",
            "The stores add up to what all of them are expected to sell, but for what rounding leaves.",
            "ABS(`whole` - `parts`) <= 0.001 * `scopes`",
            facts="CONCAT(`whole`, ' in all, ', `parts`, ' by store')",
        ),
    ),
    "0",
)

WORTH = Subject(
    "forecast_worth",
    "The errors at earlier origins of all products together.",
    "SELECT COUNT(*) AS `products`, COALESCE(SUM(`backtest_error`), 0) AS `own`, "
    "COALESCE(SUM(`naive_error`), 0) AS `naive` FROM `forecast_months` WHERE `forecast` = {forecast} "
    "AND `store_id` = '' AND `month` = '{first}' AND `naive_error` IS NOT NULL",
    "CONCAT(`products`, ' products')",
    REMEDY,
    (
        Check(
            "naive",
            "It errs by no more than the same month of the last year does, but for two hundredths.",
            f"`own` <= `naive` * {NO_WORSE}",
            facts="CONCAT(`own`, ' pieces a month, naive ', `naive`)",
        ),
    ),
    "1",
)

_PACKS = "`quantity` >= 0 AND MOD(`quantity`, `pack_size`) = 0 AND (`quantity` = 0 OR `quantity` >= `minimum_order`)"

LINES = Subject(
    PLAN_LINES.name,
    "Each line of the plan.",
    _rows(PLAN_LINES.name),
    "CONCAT_WS(' · ', `store_id`, `product_id`)",
    PLAN_REMEDY,
    (
        Check(
            "packs",
            "What is to be ordered is whole packs, and no less than the supplier's minimum.",
            _PACKS,
            facts="CONCAT(`quantity`, ' in packs of ', `pack_size`, ', minimum ', `minimum_order`)",
        ),
        Check(
            "levels",
            "The reorder point is no higher than the stock that an order leads to, and nothing is below 0.",
            "0 <= `safety_stock` AND 0 <= `reorder_point` AND `reorder_point` <= `order_up_to` "
            "AND `service` > 0 AND `service` < 1 AND COALESCE(`months_of_cover`, 0) >= 0 AND `lost_units` >= 0",
            facts="CONCAT('reorder at ', `reorder_point`, ', up to ', `order_up_to`)",
        ),
        Check("reason", "It says why.", "`reason` <> '' AND `urgency` IN ('red', 'amber', 'green')"),
        Check(
            "idle",
            "What lies idle is no more than what is there.",
            "`idle` IN ('dead', 'slow', 'ok') AND `idle_units` BETWEEN 0 AND GREATEST(`on_hand`, 0)",
            facts="CONCAT(`idle_units`, ' of ', `on_hand`)",
        ),
        Check(
            "cost",
            "An order costs its pieces times what one costs, where that is known.",
            "(`unit_cost` IS NULL AND `cost` IS NULL) OR `cost` = `quantity` * `unit_cost`",
            facts="CONCAT(`cost`, ' for ', `quantity`)",
        ),
        Check(
            "described",
            "Lead time and cost of what is to be ordered are known.",
            "`quantity` = 0 OR (`lead_time_days` IS NOT NULL AND `unit_cost` IS NOT NULL)",
            Severity.WARNING,
        ),
    ),
    f"SELECT COUNT(*) FROM ({_STOCKED}) k",
)

STOCKED = Subject(
    "plan_stocked",
    "Each product of whose stock in a store anything was ever delivered, lost or counted.",
    f"SELECT k.`store_id`, k.`product_id`, l.`product_id` AS `planned` FROM ({_STOCKED}) k "
    "LEFT JOIN `plan_lines` l ON l.`forecast` = {forecast} AND l.`store_id` = k.`store_id` "
    "AND l.`product_id` = k.`product_id`",
    "CONCAT_WS(' · ', `store_id`, `product_id`)",
    PLAN_REMEDY,
    (Check("present", "It has a line in the plan.", "`planned` IS NOT NULL"),),
    "0",
)

REFILLS = Subject(
    PLAN_MONTHS.name,
    "Each refill of the plan.",
    "SELECT m.*, l.`pack_size`, l.`minimum_order` FROM `plan_months` m LEFT JOIN `plan_lines` l "
    "ON l.`forecast` = m.`forecast` AND l.`store_id` = m.`store_id` AND l.`product_id` = m.`product_id` "
    "WHERE m.`forecast` = {forecast}",
    "CONCAT_WS(' · ', `store_id`, `product_id`, `month`)",
    PLAN_REMEDY,
    (
        Check("packs", "It is whole packs, no less than the minimum, and not nothing.", f"`quantity` > 0 AND {_PACKS}"),
        Check("months", "The month is one that the forecast speaks of.", "`month` IN ({months})"),
        Check("reason", "It says why.", "`reason` <> ''"),
    ),
    "0",
)

ORDERS = Subject(
    "plan_orders",
    "Each line of the plan by which something is to be ordered now.",
    "SELECT l.`store_id`, l.`product_id`, l.`quantity` AS `due`, m.`quantity` AS `first` FROM `plan_lines` l "
    "LEFT JOIN (SELECT `store_id`, `product_id`, MIN(`month`) AS `month` FROM `plan_months` "
    "WHERE `forecast` = {forecast} GROUP BY `store_id`, `product_id`) e ON e.`store_id` = l.`store_id` "
    "AND e.`product_id` = l.`product_id` LEFT JOIN `plan_months` m ON m.`forecast` = {forecast} "
    "AND m.`store_id` = e.`store_id` AND m.`product_id` = e.`product_id` AND m.`month` = e.`month` "
    "WHERE l.`forecast` = {forecast} AND l.`quantity` > 0",
    "CONCAT_WS(' · ', `store_id`, `product_id`)",
    PLAN_REMEDY,
    (
        Check(
            "first_refill",
            "The first refill is that order.",
            "`first` = `due`",
            facts="CONCAT(COALESCE(`first`, 'none'), ' planned, ', `due`, ' due')",
        ),
    ),
    "0",
)

SUBJECTS = (HEADER, MONTHS, PRODUCTS, TOTALS, STORES, WORTH, LINES, STOCKED, REFILLS, ORDERS)

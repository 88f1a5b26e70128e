"""What each chart must show, counted by DuckDB out of the files that were imported, or asked straight of a view."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

# One row per receipt line; returns are negative.
LINES = """
CREATE TABLE lines AS
SELECT strptime(l.sold_at[1:19], '%Y-%m-%dT%H:%M:%S') AS sold, date_trunc('hour', sold) AS hour, sold::DATE AS day,
  strftime(sold, '%Y-%m') AS month, strftime(sold, '%Y') AS year, l.store_id, l.currency,
  COALESCE(p.product_name, l.product_name) AS product_name, p.category AS category,
  CASE l.kind WHEN 'sale' THEN 1 ELSE -1 END AS sign, sign * l.quantity::INT AS units,
  CASE l.kind WHEN 'sale' THEN 0 ELSE l.quantity::INT END AS returned_units,
  sign * COALESCE(NULLIF(l.discount, ''), '0')::DECIMAL(18, 2) AS taken_off,
  units * l.unit_price::DECIMAL(18, 2) AS gross, gross - taken_off AS revenue,
  CASE WHEN l.line_no = '1' THEN 1 ELSE 0 END AS receipts
FROM read_csv($sales, all_varchar = true, union_by_name = true) l
LEFT JOIN read_csv($products, all_varchar = true) p USING (product_id)
"""
WEEK = "INTERVAL 7 DAY"
OWN = "currency = 'MMK'"
TODAY = f"{OWN} AND day = today()"
# By a chart's title. `now()` and `today()` are the shop's. Rows are compared without their order.
RECOUNTS = {
    "How much have we sold today?": f"SELECT SUM(revenue) AS revenue FROM lines WHERE {TODAY}",
    "How much in this hour?": f"""SELECT COALESCE(SUM(revenue), 0) AS revenue
        FROM lines WHERE {OWN} AND hour = this_hour()""",
    "And a week ago by this hour?": f"""SELECT SUM(revenue) AS revenue FROM lines
        WHERE {OWN} AND day = today() - {WEEK} AND hour <= this_hour() - {WEEK}""",
    "How many receipts today?": f"SELECT SUM(receipts) AS receipts FROM lines WHERE {TODAY}",
    "How does today run beside the same weekday last week?": f"""
        SELECT strftime(hour, '%H:00') AS hour_of_day,
          CASE day WHEN today() THEN 'today' ELSE 'a week ago' END AS which_day, SUM(revenue) AS revenue
        FROM lines WHERE {OWN} AND day IN (today(), today() - {WEEK}) GROUP BY ALL""",
    "What sells best today?": f"""SELECT product_name, category, SUM(units) AS units, SUM(revenue) AS revenue
        FROM lines WHERE {TODAY} GROUP BY ALL""",
    "How much this month?": f"SELECT SUM(revenue) AS revenue FROM lines WHERE {OWN} AND month = this_month()",
    "When were the tills busy today?": f"""SELECT strftime(hour, '%H:00') AS hour_of_day, COUNT(*) AS "lines"
        FROM lines WHERE {TODAY} GROUP BY ALL""",
    "Which store sells today?": f"""SELECT store_id, SUM(receipts) AS receipts, SUM(revenue) AS revenue,
          ROUND(SUM(revenue)::DOUBLE / SUM(receipts), 4) AS average FROM lines WHERE {TODAY} GROUP BY ALL""",
    "How much did we sell?": f"SELECT SUM(revenue) AS revenue FROM lines WHERE {OWN}",
    "How many pieces?": f"SELECT SUM(units) AS units FROM lines WHERE {OWN}",
    "How much did we give as discount?": f"SELECT SUM(taken_off) AS discount FROM lines WHERE {OWN}",
    "How many pieces came back?": f"SELECT SUM(returned_units) AS returned_units FROM lines WHERE {OWN}",
    "What are our monthly sales?": f"""SELECT month, 'provisional' AS state, SUM(revenue) AS revenue
        FROM lines WHERE {OWN} GROUP BY ALL""",
    "What are our yearly sales?": f"""SELECT year::INT AS year, 'provisional' AS state, SUM(revenue) AS revenue
        FROM lines WHERE {OWN} GROUP BY ALL""",
    "How does each year compare, month by month?": f"""SELECT month[6:7] AS month_of_year, year, SUM(revenue) AS revenue
        FROM lines WHERE {OWN} GROUP BY ALL""",
    "What sells most? (the first 20)": f"""SELECT product_name, category, SUM(units) AS units, SUM(revenue) AS revenue
        FROM lines WHERE {OWN} GROUP BY ALL ORDER BY units DESC LIMIT 20""",
    "Which category sells in which month of the year? (pieces)": f"""
        SELECT month[6:7] AS month_of_year, category, SUM(units) AS units FROM lines WHERE {OWN} GROUP BY ALL""",
    "How much comes back, and what do we give away?": f"""
        SELECT month, ROUND(SUM(returned_units)::DOUBLE / SUM(units + returned_units), 4) AS return_share,
          ROUND((SUM(taken_off) / SUM(gross))::DOUBLE, 4) AS discount_share
        FROM lines WHERE {OWN} GROUP BY ALL""",
    "What was sold, and what will sell? (pieces a month; choose a product to see how sure that is)": """
        SELECT month, SUM(units + returned_units) AS sold FROM lines GROUP BY ALL""",
    "Which months are not final yet?": f"""SELECT month, SUM(units) AS units, SUM(revenue) AS revenue
        FROM lines WHERE {OWN} GROUP BY ALL""",
}
# The shop's records of its stock and of itself are compared with the views, whose own tests recount them.
VIEWS = {
    "How many are low or gone?": "SELECT COUNT(*) AS count FROM low_stock",
    "What is low, and why? (the first 100)": "SELECT product_name, on_hand, why, store_id FROM low_stock",
    "What runs out when? (the first 100)": """SELECT runs_out_on, product_name, on_hand, days_of_cover, store_id
        FROM stock_on_hand WHERE runs_out_on IS NOT NULL AND status <> 'out'""",
    "What was missing at the counts? (the latest 100)": """
        SELECT day, store_id, product_id, expected, counted, shrinkage FROM stock_shrinkage WHERE shrinkage <> 0""",
    "What came in, in which currency?": """SELECT year, currency, SUM(units) AS units, SUM(revenue) AS revenue
        FROM sales_by_year GROUP BY year, currency""",
    "How many records were refused?": "SELECT COALESCE(SUM(rejected), 0) AS rejected FROM rejects_by_reason",
}
# Of which only the best are shown: where rows are equal, which of them is chance.
RANKED = {"What sells most? (the first 20)": "units", "What sells best today?": "revenue"}


def counted(sales: list[Path], products: Path, now: datetime) -> duckdb.DuckDBPyConnection:
    """The receipt lines of those files, at an instant on the shop's clock."""
    connection = duckdb.connect()
    connection.execute(LINES, {"sales": [str(path) for path in sales], "products": str(products)})
    connection.execute(f"CREATE MACRO today() AS DATE '{now:%Y-%m-%d}'")
    connection.execute(f"CREATE MACRO this_hour() AS TIMESTAMP '{now:%Y-%m-%d %H}:00:00'")
    connection.execute(f"CREATE MACRO this_month() AS '{now:%Y-%m}'")
    return connection


def plain(value: Any) -> Any:
    """Equal for equal figures, whatever carried them: shares to four places, money to two, days as text."""
    if isinstance(value, (int, float, Decimal)):
        return round(float(value), 4)
    return value if value is None else str(value)

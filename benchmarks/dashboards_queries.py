"""How long the database takes for what readers ask: each view, and each chart's own SQL."""

import time
from datetime import datetime
from statistics import median

from benchmarks.figures import Figure, at_most
from benchmarks.stream_run import Run, say
from stack.superset_api import Superset
from stack.superset_check import VIEWER, expected, query
from stack.superset_configuration import USERS
from tillstream.settings import Settings
from tillstream.shop_calendar import zone
from tillstream.stores.mysql import Cursor, reading, rows
from tillstream.views import VIEWS

BAR_MS, TIMES = 300.0, 5
# Nobody asks for every hour of three years: of these a day, a day, a month, a year, a month.
ASKED = {
    "sales_by_hour": "WHERE `hour` >= CURDATE() - INTERVAL 7 DAY AND `hour` < CURDATE() - INTERVAL 6 DAY",
    "sales_by_day": "WHERE `day` = CURDATE() - INTERVAL 7 DAY",
    "sales_by_month": "WHERE `month` = DATE_FORMAT(CURDATE() - INTERVAL 1 MONTH, '%Y-%m')",
    "sales_by_year": "WHERE `year` = YEAR(CURDATE()) - 1",
    "receipts_by_day": "WHERE `day` >= CURDATE() - INTERVAL 31 DAY",
}


def queries(run: Run) -> list[Figure]:
    """Medians, as the reader of dashboards gets his rows."""
    asked = {
        f"view {view.name}": f"SELECT * FROM `{view.name}` {ASKED.get(view.name, '')}" for view in VIEWS if view.public
    }
    asked |= {f"chart {name}": sql for name, sql in charts(run.settings).items()}
    say(f"{len(asked)} queries of views and charts, {TIMES} times each")
    with reading(run.settings, "bi") as cursor:
        cursor.execute(f"SET time_zone = '{_offset(run.settings)}'")  # as Superset does
        return [at_most(name, 1000 * _seconds(cursor, sql), BAR_MS, "ms") for name, sql in asked.items()]


def charts(settings: Settings) -> dict[str, str]:
    """By dashboard and title the SQL of each chart."""
    session = Superset(settings, VIEWER, settings.secret(USERS[VIEWER]))
    return {
        f"{slug}: {chart.slice_name}": str(part["query"])
        for slug in expected()
        for chart in session.charts(slug)
        for part in session.data(query(chart))
    }


def _offset(settings: Settings) -> str:
    offset = f"{datetime.now(zone(settings.timezone)):%z}"
    return f"{offset[:3]}:{offset[3:5]}"


def _seconds(cursor: Cursor, sql: str) -> float:
    taken = []
    for _ in range(TIMES):
        begun = time.monotonic()
        rows(cursor, sql)
        taken.append(time.monotonic() - begun)
    return median(taken)

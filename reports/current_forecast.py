"""The forecast that readers see: which it is, or why there is none and what to do."""

from datetime import date, datetime

import msgspec

from tillstream.errors import TerminalError
from tillstream.stores.mysql import Cursor, rows


class Issue(msgspec.Struct, frozen=True):
    """A published forecast. Instants are UTC."""

    forecast: int
    run_id: str
    generation: int
    issued_on: date
    history_months: int
    code_version: str
    created_at: datetime
    published_at: datetime


def find(cursor: Cursor) -> Issue | None:
    """The current forecast; None before the first one."""
    columns = ", ".join(f"f.`{name}`" for name in Issue.__struct_fields__)
    query = f"SELECT {columns} FROM `forecasts` f JOIN `current_forecast` u ON u.`forecast` = f.`forecast`"
    found = rows(cursor, query)
    return Issue(*found[0]) if found else None


def current(cursor: Cursor) -> Issue:
    """The current forecast. Raises TerminalError, which says what to do, where there is none."""
    issue = find(cursor)
    if issue is None:
        raise TerminalError("There is no forecast yet.", _remedy(cursor))
    return issue


def failed_checks(cursor: Cursor, run_id: str) -> list[str]:
    """What the checks of a forecast's run found wrong."""
    query = "SELECT `check_name` FROM `quality_results` WHERE `run_id` = %s AND `passed` = 0 ORDER BY `check_name`"
    return [name for (name,) in rows(cursor, query, (run_id,))]


def _remedy(cursor: Cursor) -> str:
    if not rows(cursor, "SELECT 1 FROM `publications` LIMIT 1"):
        return "It is made from published truth: `tillstream nightly` publishes the first, and the forecast follows it."
    made = rows(cursor, "SELECT `run_id` FROM `forecasts` ORDER BY `forecast` DESC LIMIT 1")
    if made and (failed := failed_checks(cursor, made[0][0])):
        return f"One was made, but its checks failed: {', '.join(failed)}."
    return (
        "It follows each night's publication within minutes: `demand_forecast` on Airflow's page shows how far it is, "
        "and `tillstream nightly` runs a night."
    )

"""The forecast that readers see, or why there is none and what to do."""

from tillstream.errors import TerminalError
from tillstream.stores import forecasts
from tillstream.stores.forecasts import Forecast
from tillstream.stores.mysql import Cursor, rows


def current(cursor: Cursor) -> Forecast:
    """The current forecast. Raises TerminalError, which says what to do, where there is none."""
    found = forecasts.current(cursor)
    if found is None:
        raise TerminalError("There is no forecast yet.", _remedy(cursor))
    return found


def failed_checks(cursor: Cursor, run_id: str) -> list[str]:
    """What refused a forecast's run."""
    query = (
        "SELECT `check_name` FROM `quality_results` WHERE `run_id` = %s AND `passed` = 0 AND `severity` = 'critical' "
        "ORDER BY `check_name`"
    )
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

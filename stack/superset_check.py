"""Whether the dashboards are there as the files say, and every chart's query runs: an import may fail silently."""

import json
import re
from typing import Any

from stack.superset_api import Chart, Superset
from stack.superset_configuration import CONTENT, USERS
from tillstream.errors import TerminalError
from tillstream.settings import Settings

VIEWER = "viewer"
# What a chart's page groups by and shows, under the names that the kinds of charts have for it.
COLUMNS = ("x_axis", "groupby", "groupbyRows", "groupbyColumns", "all_columns")
METRICS = ("metric", "metrics")
MOST_FAULTS = 5


def check(settings: Settings) -> None:
    """Looks with a viewer's eyes. Raises TerminalError saying which dashboard lacks what, and which query fails."""
    session = Superset(settings, VIEWER, settings.secret(USERS[VIEWER]))
    faults = [fault for slug, charts in expected().items() for fault in _faults(session, slug, charts)]
    if faults:
        shown = faults[:MOST_FAULTS] + ([f"and {len(faults) - MOST_FAULTS} more"] if len(faults) > MOST_FAULTS else [])
        raise TerminalError(
            "Superset does not show the dashboards as they should be:\n  " + "\n  ".join(shown),
            f"They are declared in {CONTENT}.",
        )


def expected() -> dict[str, int]:
    """How many charts each dashboard has by its file, by its short name."""
    texts = [path.read_text() for path in sorted((CONTENT / "dashboards").glob("*.yaml"))]
    return {re.findall(r"^slug: (\S+)$", text, re.MULTILINE)[0]: text.count("type: CHART") for text in texts}


def query(chart: Chart) -> dict[str, Any]:
    """What asks for a chart's data, as its page would before anybody has chosen a filter."""
    form = chart.form_data
    number, _, kind = form["datasource"].partition("__")
    filters = form.get("adhoc_filters") or []
    conditions = [f"({each['sqlExpression']})" for each in filters if each["expressionType"] == "SQL"]
    ranges = [each for each in filters if each["expressionType"] == "SIMPLE"]
    asked = {
        "columns": _listed(form, COLUMNS),
        "metrics": _listed(form, METRICS) or None,
        "filters": [{"col": each["subject"], "op": each["operator"], "val": each["comparator"]} for each in ranges],
        "extras": {"where": " AND ".join(conditions)},
        "orderby": _order(form),
        "row_limit": form.get("row_limit"),
    }
    return {"datasource": {"id": int(number), "type": kind}, "queries": [asked], "form_data": form}


def _order(form: dict[str, Any]) -> list[Any]:
    """Pairs of what a table is ordered by and whether that ascends: its rows are cut off in this order."""
    if form.get("timeseries_limit_metric"):
        return [[form["timeseries_limit_metric"], not form.get("order_desc")]]
    return [json.loads(each) for each in form.get("order_by_cols") or []]


def _listed(form: dict[str, Any], names: tuple[str, ...]) -> list[Any]:
    """The values of those of the names that are there, be each one value or a list."""
    found = [form[name] for name in names if form.get(name)]
    return [value for each in found for value in (each if isinstance(each, list) else [each])]


def _faults(session: Superset, slug: str, wanted: int) -> list[str]:
    try:
        charts = session.charts(slug)
    except TerminalError as error:
        return [f"{slug}: {error.what}"]
    faults = [] if len(charts) == wanted else [f"{slug}: {len(charts)} of its {wanted} charts are there"]
    for chart in charts:
        try:
            session.data(query(chart))
        except TerminalError as error:
            faults.append(f"{slug}, '{chart.slice_name}': {error.what.strip()}")
    return faults

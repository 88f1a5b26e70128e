"""The dashboards' files agree with each other and with the views that readers are promised."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from stack.superset_api import Chart
from stack.superset_check import expected, query
from tillstream.accounts import MYSQL_ACCOUNTS
from tillstream.settings import CHECKOUT
from tillstream.views import VIEWS

FOLDER = CHECKOUT / "superset"
KINDS = ("databases", "datasets/tillstream", "charts", "dashboards")
PUBLIC = {view.name for view in VIEWS if view.public}
VIEW_COLUMNS = dict(
    re.findall(r"### `(\w+)`\n\n.*?\n\nColumns: (.*?)\n", (CHECKOUT / "docs" / "tables.md").read_text())
)

# What tells the rows of a view apart that a table lists.
KEYS = {
    "best_seller_by_month": {"month", "currency", "rank", "product_id"},
    "forecast_accuracy": {"month", "issued_on"},
    "freshness": {"layer"},
    "low_stock": {"store_id", "product_id"},
    "quality_checks": {"run_id", "stage", "check_name"},
    "refill_plan": {"month", "product_id"},
    "rejects_by_reason": {"topic", "reason"},
    "restatements": {"generation", "month", "product_id", "currency"},
    "size_runs": {"store_id", "style", "colour"},
    "stock_on_hand": {"store_id", "product_id"},
    "stock_shrinkage": {"store_id", "product_id", "day"},
    "stock_to_sell_off": {"store_id", "product_id"},
}


@cache
def files(kind: str) -> dict[str, dict[str, Any]]:
    return {path.stem: yaml.safe_load(path.read_text()) for path in sorted((FOLDER / kind).glob("*.yaml"))}


def datasets() -> dict[str, dict[str, Any]]:
    return {each["uuid"]: each for each in files("datasets/tillstream").values()}


def test_every_id_is_there_once_and_every_title_too() -> None:
    ids = [each["uuid"] for kind in KINDS for each in files(kind).values()]
    titles = [each["slice_name"] for each in files("charts").values()]
    assert len(ids) == len(set(ids)) > 60
    assert len(titles) == len(set(titles))
    assert all("?" in title for title in titles)


def test_the_owner_s_page_speaks_of_charts_that_there_are() -> None:
    titles = [each["slice_name"] for each in files("charts").values()]
    named = re.findall(r'"([^"]*\?[^"]*)"', (CHECKOUT / "docs" / "owner.md").read_text())
    assert len(named) > 20
    assert [name for name in named if not any(title.startswith(name) for title in titles)] == []


def test_the_only_database_is_read_through_the_account_for_readers_and_without_a_password() -> None:
    [database] = files("databases").values()
    assert database["sqlalchemy_uri"].startswith(f"mysql+pymysql://{MYSQL_ACCOUNTS['bi']}@tillstream/")
    assert "password" not in database
    assert not any(database[right] for right in ("expose_in_sqllab", "allow_dml", "allow_ctas", "allow_csv_upload"))


def test_all_of_it_is_kept_in_files_and_cannot_be_changed_on_a_page() -> None:
    assert all(each["is_managed_externally"] is True for kind in KINDS for each in files(kind).values())


@pytest.mark.parametrize("name", files("datasets/tillstream"))
def test_a_dataset_is_a_promised_view_with_its_columns(name: str) -> None:
    dataset = files("datasets/tillstream")[name]
    own = [each["column_name"] for each in dataset["columns"] if "expression" not in each]
    assert dataset["table_name"] == name
    assert name in PUBLIC
    assert dataset.get("sql") is None
    assert set(own) <= set(re.findall(r"`(\w+)`", VIEW_COLUMNS[name]))


@pytest.mark.parametrize("name", files("charts"))
def test_a_chart_asks_for_what_its_dataset_has(name: str) -> None:
    chart = files("charts")[name]
    dataset = datasets()[chart["dataset_uuid"]]
    columns = {each["column_name"] for each in dataset["columns"]}
    metrics = {each["metric_name"] for each in dataset["metrics"]}
    [asked] = query(Chart(chart["slice_name"], chart["params"] | {"datasource": "1__table"}))["queries"]
    assert set(asked["columns"]) <= columns
    assert set(asked["metrics"] or ()) <= metrics
    assert {each["col"] for each in asked["filters"]} <= columns
    assert {each for each, _ in asked["orderby"]} <= columns | metrics


@pytest.mark.parametrize("name", files("charts"))
def test_money_is_never_added_across_currencies(name: str) -> None:
    chart = files("charts")[name]
    dataset = datasets()[chart["dataset_uuid"]]
    money = {"revenue", "discount", "cost", "money", "pace", "average", "discount_share"}
    params = chart["params"]
    if money & {params.get("metric"), *params.get("metrics", ())} and "currency" in json.dumps(dataset["columns"]):
        own = any(
            "currency = '${currency}'" in each.get("sqlExpression", "") for each in params.get("adhoc_filters", ())
        )
        assert own or "currency" in params.get("groupby", ()), "neither the shop's own currency alone, nor one by one"


def test_a_title_that_says_how_many_rows_are_shown_is_right() -> None:
    titles = {chart["slice_name"]: chart["params"].get("row_limit") for chart in files("charts").values()}
    said = {title: re.search(r"the (?:first|latest) (\d+)\)", title) for title in titles}
    assert len([found for found in said.values() if found]) >= 10
    assert not [title for title, found in said.items() if found and int(found[1]) != titles[title]]


def test_rows_that_a_limit_leaves_are_always_the_same_ones() -> None:
    loose = {}
    for name, chart in files("charts").items():
        dataset = datasets()[chart["dataset_uuid"]]
        order = {json.loads(each)[0] for each in chart["params"].get("order_by_cols", [])}
        summed = order & {metric["metric_name"] for metric in dataset["metrics"]}  # rows that look alike became one
        key = KEYS.get(dataset["table_name"], {"no key is known"})
        if chart["params"].get("query_mode") == "raw" and (summed or not key <= order):
            loose[name] = order
    assert loose == {}


def test_nothing_is_added_up_out_of_the_rows_that_a_limit_has_left() -> None:
    """A pivot sums in the browser: of a large shop it would show months without some of their products, and totals."""
    kinds = [chart["viz_type"] for chart in files("charts").values()]
    assert {"table", "big_number_total"} <= set(kinds)
    assert "pivot_table_v2" not in kinds


@pytest.mark.parametrize("slug", files("dashboards"))
def test_a_dashboard_shows_its_charts_and_all_of_them_fit(slug: str) -> None:
    dashboard = files("dashboards")[slug]
    position = dashboard["position"]
    shown = {each["meta"]["uuid"] for key, each in position.items() if key.startswith("CHART-")}
    own = {chart["uuid"] for name, chart in files("charts").items() if name.startswith(f"{slug}-")}
    assert dashboard["slug"] == slug
    assert shown == own
    assert len(shown) == expected()[slug]
    for key, row in position.items():
        if key.startswith("ROW-"):
            widths = [position[child]["meta"]["width"] for child in row["children"]]
            assert sum(widths) <= 12
            assert set(widths) <= {3, 6, 12}, "a phone shows halves and quarters of a row"


def test_filters_stand_on_columns_of_datasets() -> None:
    for dashboard in files("dashboards").values():
        for each in dashboard["metadata"]["native_filter_configuration"]:
            for target in each["targets"]:
                if target:
                    columns = {column["column_name"] for column in datasets()[target["datasetUuid"]]["columns"]}
                    assert target["column"]["name"] in columns


def test_today_refreshes_itself() -> None:
    assert files("dashboards")["today"]["metadata"]["refresh_frequency"] == 10


def test_nobody_who_looks_may_write_or_open_sql_lab() -> None:
    roles = yaml.safe_load((FOLDER / "roles.yaml").read_text())
    assert set(roles) == {"owner", "viewer"}
    for granted in roles.values():
        writes = {view for view, rights in granted.items() if any("read" not in right for right in rights)}
        assert writes == {"DashboardFilterStateRestApi", "Superset"}
        assert not [view for view in granted if "sql" in view.lower() or view in {"Database", "Dataset"}]


def test_no_file_holds_a_secret_or_a_host() -> None:
    texts = [path.read_text() for path in Path(FOLDER).rglob("*.yaml")]
    assert not [text for text in texts if re.search(r"://[^/\s]*:[^/\s]*@|127\.0\.0\.1|localhost", text)]

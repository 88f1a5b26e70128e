"""The migrated database is the declared one, and no other is touched."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from stack import mysql
from tillstream.accounts import DATABASE
from tillstream.errors import TerminalError
from tillstream.migrations import migrations
from tillstream.reference_docs import view_columns
from tillstream.settings import Settings
from tillstream.stores import schema
from tillstream.stores.mysql import connect, rows, transaction
from tillstream.tables import TABLES
from tillstream.views import VIEWS

DECLARED = "declared"
LEDGER = "schema_migrations"

# What other people's SQL stands on.
SALES = {
    "store_id", "product_id", "currency", "product_name", "category", "units", "returned_units", "lines", "gross",
    "discount", "revenue", "state",
}  # fmt: skip
PROMISED = {
    "sales_by_hour": {"hour"} | SALES,
    "sales_by_day": {"day"} | SALES,
    "sales_by_month": {"month"} | SALES,
    "sales_by_year": {"year"} | SALES,
    "receipts_by_day": {"day", "store_id", "currency", "receipts", "revenue", "average_receipt"},
    "best_sellers": {"product_id", "currency", "units", "revenue", "rank_by_units", "rank_by_revenue"},
    "best_seller_by_month": {"month", "currency", "rank", "product_id", "product_name", "units", "revenue"},
    "stock_on_hand": {
        "store_id", "product_id", "on_hand", "last_count_day", "days_of_cover", "runs_out_on", "status",
    },
    "low_stock": {"store_id", "product_id", "on_hand", "status", "reorder_point", "why"},
    "demand_forecast": {
        "issued_on", "month", "product_id", "quantity", "p10", "p50", "p90", "method", "backtest_error", "naive_error",
        "actual",
    },
    "refill_plan": {"month", "product_id", "quantity", "order_by", "supplier", "cost", "urgency", "reason"},
    "freshness": {"layer", "as_of", "events_behind", "seconds_behind", "published_at"},
    "rejects_by_reason": {"reason", "rejected"},
    "quality_checks": {"run_id", "stage", "check_name", "result", "severity", "observed", "expected"},
    "reconciliation": {"generation", "day", "store_id", "product_id", "currency", "cause"},
    "restatements": {"generation", "published_at", "month", "product_id", "before", "after", "cause"},
}  # fmt: skip


@pytest.fixture
def administrator(servers: Settings) -> Iterator["Connection[Cursor]"]:
    connection = mysql.administrator(servers)
    yield connection
    connection.close()


@pytest.fixture
def declared(administrator: "Connection[Cursor]") -> Iterator[str]:
    """A database made of the declarations alone."""
    with administrator.cursor() as cursor:
        collation = schema.collation(cursor)
        cursor.execute(f"CREATE DATABASE {DECLARED} CHARACTER SET utf8mb4 COLLATE {collation}")
        cursor.execute(f"USE {DECLARED}")
        for table in TABLES:
            cursor.execute(table.ddl(collation))
        yield DECLARED
        cursor.execute(f"DROP DATABASE {DECLARED}")


@pytest.fixture
def migrate_account(servers: Settings) -> Iterator["Connection[Cursor]"]:
    connection = connect(servers, "migrate")
    yield connection
    connection.close()


def structure(connection: "Connection[Cursor]", database: str) -> dict[str, list[tuple[Any, ...]]]:
    """Columns, keys and options of all tables of a database, as the server has them."""
    queries = {
        "tables": "SELECT table_name, engine, table_collation FROM information_schema.tables "
        "WHERE table_schema = %s AND table_type = 'BASE TABLE' ORDER BY table_name",
        "columns": "SELECT c.table_name, c.column_name, c.ordinal_position, c.column_default, c.is_nullable, "
        "c.column_type, c.character_set_name, c.collation_name FROM information_schema.columns c "
        "JOIN information_schema.tables t USING (table_schema, table_name) "
        "WHERE c.table_schema = %s AND t.table_type = 'BASE TABLE' ORDER BY c.table_name, c.ordinal_position",
        "keys": "SELECT table_name, index_name, seq_in_index, column_name, non_unique "
        "FROM information_schema.statistics WHERE table_schema = %s ORDER BY table_name, index_name, seq_in_index",
    }
    with connection.cursor() as cursor:
        return {name: rows(cursor, query, (database,)) for name, query in queries.items()}


def columns_of(connection: "Connection[Cursor]", name: str) -> list[str]:
    query = (
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s "
        "ORDER BY ordinal_position"
    )
    with connection.cursor() as cursor:
        return [column for (column,) in rows(cursor, query, (DATABASE, name))]


def test_the_migrated_tables_are_the_declared_ones(administrator: "Connection[Cursor]", declared: str) -> None:
    wanted, found = structure(administrator, declared), structure(administrator, DATABASE)

    assert len(wanted["tables"]) == len(TABLES)
    for kind, expected in wanted.items():
        assert [row for row in found[kind] if row[0] != LEDGER] == expected


def test_every_text_is_compared_byte_by_byte_without_padding(administrator: "Connection[Cursor]") -> None:
    with administrator.cursor() as cursor:
        collation = schema.collation(cursor)
    found = {row[-1] for row in structure(administrator, DATABASE)["columns"] if row[-1] is not None}

    assert found == {collation}
    assert "nopad" in collation or "0900" in collation


def test_a_second_migration_changes_nothing(servers: Settings, administrator: "Connection[Cursor]") -> None:
    before = structure(administrator, DATABASE)

    assert schema.migrate(servers) == []
    assert structure(administrator, DATABASE) == before


def test_a_migration_that_was_cut_off_is_made_good(
    servers: Settings, administrator: "Connection[Cursor]", migrate_account: "Connection[Cursor]"
) -> None:
    before = structure(administrator, DATABASE)
    with transaction(migrate_account) as cursor:
        cursor.execute(f"DELETE FROM {LEDGER}")
        cursor.execute("DROP TABLE shop, suppliers")
        cursor.execute("DROP VIEW sales_by_month")

    assert schema.migrate(servers) == [migration.name for migration in migrations()]
    assert structure(administrator, DATABASE) == before
    grant_again(servers, administrator)


def grant_again(servers: Settings, administrator: "Connection[Cursor]") -> None:
    """MySQL forgets the rights on a table with the table; for the tests that follow."""
    schema.grant_tables(administrator, mysql.client_host(servers))


def test_a_newer_schema_is_refused(servers: Settings, migrate_account: "Connection[Cursor]") -> None:
    newer = len(migrations()) + 1
    with transaction(migrate_account) as cursor:
        cursor.execute(f"INSERT INTO {LEDGER} VALUES (%s, 'of_tomorrow', UTC_TIMESTAMP(3))", (newer,))
    try:
        with pytest.raises(TerminalError, match=rf"schema {newer}; this version of tillstream knows {newer - 1}"):
            schema.migrate(servers)
    finally:
        with transaction(migrate_account) as cursor:
            cursor.execute(f"DELETE FROM {LEDGER} WHERE number = %s", (newer,))
    assert schema.migrate(servers) == []


def test_another_time_zone_is_refused(servers: Settings) -> None:
    with pytest.raises(TerminalError, match=r"kept in Asia/Yangon; the settings say UTC.\n.*TILLSTREAM_TIMEZONE=Asia"):
        schema.migrate(replace(servers, timezone="UTC"))


@pytest.mark.parametrize("name", PROMISED)
def test_a_promised_view_has_the_promised_columns(migrate_account: "Connection[Cursor]", name: str) -> None:
    assert set(columns_of(migrate_account, name)) >= PROMISED[name]


def test_the_documented_columns_of_readers_views_are_the_servers(migrate_account: "Connection[Cursor]") -> None:
    public = [view for view in VIEWS if view.public]

    assert {view.name: view_columns(view) for view in public} == {
        view.name: columns_of(migrate_account, view.name) for view in public
    }


def test_the_reader_of_dashboards_reads_each_promised_view_and_nothing_else(servers: Settings) -> None:
    connection = connect(servers, "bi")
    for view in VIEWS:
        if view.public:
            with transaction(connection) as cursor:
                cursor.execute(f"SELECT * FROM `{view.name}`")
    inner = [view.name for view in VIEWS if not view.public]
    for name in [LEDGER, *inner, *(table.name for table in TABLES)]:
        with pytest.raises(TerminalError, match="refused"), transaction(connection) as cursor:
            cursor.execute(f"SELECT 1 FROM `{name}`")
    connection.close()


def test_money_in_views_is_decimal(migrate_account: "Connection[Cursor]") -> None:
    query = (
        "SELECT DISTINCT data_type, numeric_scale FROM information_schema.columns WHERE table_schema = %s "
        "AND column_name IN ('gross', 'discount', 'revenue', 'average_receipt', 'unit_cost')"
    )
    with migrate_account.cursor() as cursor:
        assert rows(cursor, query, (DATABASE,)) == [("decimal", 2)]

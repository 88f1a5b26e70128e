"""Every table is declared once and well; rights and statements are rendered from the declarations."""

import re

import pytest

from tillstream import tables
from tillstream.accounts import MONGO_RIGHTS, MYSQL_ACCOUNTS, MYSQL_RIGHTS
from tillstream.events import TOPICS, Reason, json_schema
from tillstream.migrations import migrations
from tillstream.tables import TABLES, Column, Table
from tillstream.views import VIEWS

IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,63}")


def names() -> list[str]:
    return [table.name for table in TABLES]


@pytest.mark.parametrize("table", TABLES, ids=names())
def test_a_table_is_well_declared(table: Table) -> None:
    columns = [column.name for column in table.columns]

    assert all(map(IDENTIFIER.fullmatch, [table.name, *columns]))
    assert len(columns) == len(set(columns))
    assert table.meaning.endswith(".")
    assert all(column.meaning for column in table.columns)
    assert table.key
    assert not any(column.nullable or column.default for column in table.key)
    assert all(set(index) <= set(columns) for index in table.indexes)


def test_every_declared_table_is_listed_once() -> None:
    declared = {value.name for value in vars(tables).values() if isinstance(value, Table)}

    assert declared == set(names())
    assert len(names()) == len(declared)


def test_views_and_tables_have_names_of_their_own() -> None:
    views = [view.name for view in VIEWS]

    assert len(set(views + names())) == len(views) + len(TABLES)


def test_money_is_decimal_and_nothing_is_a_float() -> None:
    amounts = [
        column for table in TABLES for column in table.columns if column.name in ("gross", "discount", "revenue")
    ]

    assert {column.type for column in amounts} == {"DECIMAL(24,2)"}
    assert not [c for table in TABLES for c in table.columns if re.match("FLOAT|DOUBLE|REAL", c.type, re.IGNORECASE)]


def test_every_amount_has_its_currency_beside_it() -> None:
    for table in TABLES:
        columns = {column.name for column in table.columns}
        if columns & {"gross", "revenue"}:
            assert "currency" in table.key_names
        if "unit_cost" in columns:
            assert "cost_currency" in columns


@pytest.mark.parametrize("topic", TOPICS)
def test_texts_of_events_fit_their_columns(topic: str) -> None:
    widths = {"event_id": tables.EVENT_ID, "product_id": tables.ID, "store_id": tables.ID, "product_name": tables.NAME}
    [definition] = json_schema(topic)["$defs"].values()

    limits = {name: f"VARCHAR({definition['properties'][name]['maxLength']})" for name in widths}
    assert limits == widths


def test_every_reason_fits_its_column() -> None:
    assert max(map(len, Reason)) <= 40


def test_ddl_states_charset_collation_and_key() -> None:
    table = Table(
        "things",
        "Things.",
        (Column("thing_id", "VARCHAR(9)", "which"),),
        (Column("note", "INT", "what", nullable=True), Column("number", "INT", "how many", default="0")),
        (("number", "note"),),
    )

    assert table.ddl("utf8mb4_0900_bin") == (
        "CREATE TABLE IF NOT EXISTS `things` (\n"
        "  `thing_id` VARCHAR(9) NOT NULL,\n"
        "  `note` INT,\n"
        "  `number` INT NOT NULL DEFAULT 0,\n"
        "  PRIMARY KEY (`thing_id`),\n"
        "  KEY `number_note` (`number`, `note`)\n"
        ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_bin"
    )
    assert tables.adding_upsert(table) == (
        "INSERT INTO `things` (`thing_id`, `note`, `number`) VALUES (%s, %s, %s) ON DUPLICATE KEY UPDATE "
        "`note` = `note` + VALUES(`note`), `number` = `number` + VALUES(`number`)"
    )
    assert tables.replacing_upsert(table).endswith("`note` = VALUES(`note`), `number` = VALUES(`number`)")


def test_a_live_table_and_its_truth_have_the_same_figures() -> None:
    assert tables.LIVE_SALES.values == tables.TRUTH_SALES_BY_HOUR.values == tables.TRUTH_SALES_BY_MONTH.values
    assert tables.LIVE_STOCK.values == tables.TRUTH_STOCK.values
    assert tables.LIVE_COUNTS.key[1:] == tables.TRUTH_COUNTS.key[2:]


def test_every_account_with_rights_exists_and_readers_have_no_table() -> None:
    assert set(MYSQL_RIGHTS) == set(MYSQL_ACCOUNTS) - {"migrate", "bi"}
    assert {"stream", "batch", "operator", "privacy", "migrate"} == set(MONGO_RIGHTS)


def test_nobody_may_delete_what_cannot_be_counted_again() -> None:
    kept = (tables.STREAM_OFFSETS, tables.CUTS, tables.STREAM_GAPS, tables.PRODUCTS)
    for rights in MYSQL_RIGHTS.values():
        assert not [table.name for table in kept if "DELETE" in rights.get(table, ())]


def test_migrations_are_numbered_and_leave_no_statement_empty() -> None:
    found = migrations()

    assert [migration.number for migration in found] == list(range(1, len(found) + 1))
    assert all(statement and not statement.endswith(";") for migration in found for statement in migration.statements)
    created = re.findall(r"CREATE TABLE IF NOT EXISTS `(\w+)`", "\n".join(s for m in found for s in m.statements))
    assert set(created) >= set(names())

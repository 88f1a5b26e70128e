"""Checks that the server's truth tables are the declared ones: a column that is gone, or a key that is not enforced."""

from collections.abc import Sequence

from expectations.checks import Check, Subject
from tillstream.tables import Column, Table


def columns_of(truth: Sequence[Table]) -> Subject:
    """Each declared column of the truth tables, as the server has it: the key that it enforces makes rows unique."""
    declared = " UNION ALL ".join(_declared(table, column) for table in truth for column in table.columns)
    # Servers write INT with or without a display width; every other type is told the same by all of them.
    # They differ in the collation of these texts, so bytes are compared.
    found = (
        "SELECT CAST(c.`table_name` AS BINARY) AS `found_table`, CAST(c.`column_name` AS BINARY) AS `found_column`, "
        "CAST(CASE WHEN c.`column_type` LIKE '%int%' THEN c.`data_type` ELSE c.`column_type` END AS BINARY) "
        "AS `found_type`, "
        "CAST(c.`is_nullable` AS BINARY) AS `found_nullable`, COALESCE(k.`seq_in_index`, 0) AS `found_position` "
        "FROM information_schema.columns c LEFT JOIN information_schema.statistics k "
        "ON k.`table_schema` = c.`table_schema` AND k.`table_name` = c.`table_name` "
        "AND k.`column_name` = c.`column_name` AND k.`index_name` = 'PRIMARY' WHERE c.`table_schema` = DATABASE()"
    )
    return Subject(
        "truth_columns",
        "Each declared column of the truth tables, as the server has it.",
        f"SELECT d.*, f.* FROM ({declared}) d LEFT JOIN ({found}) f "
        "ON f.`found_table` = d.`table_name` AND f.`found_column` = d.`column_name`",
        "CONCAT(`table_name`, '.', `column_name`)",
        "Somebody changed the tables by hand: docs/tables.md says how they must be.",
        (
            Check("there", "Every declared column is there.", "`found_column` IS NOT NULL", facts="'missing'"),
            Check(
                "type",
                "It has the declared type.",
                "`found_column` IS NULL OR `found_type` = `type`",
                facts="CONVERT(`found_type` USING utf8mb4)",
            ),
            Check(
                "nullable",
                "It may be NULL only if declared so.",
                "`found_column` IS NULL OR `found_nullable` = `nullable`",
            ),
            Check(
                "unique",
                "The primary key is the declared one, so the server lets no key in twice.",
                "`found_column` IS NULL OR `found_position` = `position`",
                facts="CONCAT('column ', `found_position`, ' of the key, declared as ', `position`)",
            ),
        ),
        str(sum(len(table.columns) for table in truth)),
    )


def _declared(table: Table, column: Column) -> str:
    position = table.key.index(column) + 1 if column in table.key else 0
    return (
        f"SELECT '{table.name}' AS `table_name`, '{column.name}' AS `column_name`, '{column.type.lower()}' AS `type`, "
        f"'{'YES' if column.nullable else 'NO'}' AS `nullable`, {position} AS `position`"
    )

"""Arrow columns to INSERT statements, rendered in C++: what is written by the million must not pass through Python."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from tillstream.stores.mysql import Cursor
from tillstream.tables import Table, adding_tail, insert_head, replacing_tail

ROWS = 5_000  # of one statement: below 1 MB, while servers take 16 and more


def replace(cursor: Cursor, table: Table, columns: pa.Table) -> None:
    """Writes rows, named as the table's columns, in the place of those with the same keys."""
    for statement in statements(table, columns, replacing_tail(table)):
        cursor.execute(statement)


def add(cursor: Cursor, table: Table, columns: pa.Table) -> None:
    """Adds the values of rows, named as the table's columns, onto those with the same keys."""
    for statement in statements(table, columns, adding_tail(table)):
        cursor.execute(statement)


def numbered(columns: pa.Table, name: str, number: int) -> pa.Table:
    """Rows with one more column, which has the same number in each."""
    return columns.append_column(name, pa.repeat(pa.scalar(number, pa.int64()), columns.num_rows))


def statements(table: Table, columns: pa.Table, tail: str) -> Iterator[str]:
    """INSERTs of so many rows that any server takes one.

    In the order of the key, one for all writers: none waits for another that waits for it.
    """
    columns = columns.sort_by([(name, "ascending") for name in table.key_names])
    head = insert_head(table)
    for start in range(0, columns.num_rows, ROWS):
        part = columns.slice(start, ROWS).combine_chunks()
        literals = [_literals(part[column.name].combine_chunks()) for column in table.columns]
        values = pc.binary_join_element_wise(*literals, ",")
        yield f"{head} ({'),('.join(values.to_pylist())}) {tail}"


def _literals(values: pa.Array) -> pa.Array:
    """SQL literals. Texts are escaped as in every session of ours: a backslash escapes (`mysql.SESSION`)."""
    if pa.types.is_string(values.type):
        escaped = pc.replace_substring(pc.replace_substring(values, "\\", "\\\\"), "'", "\\'")
        return _quoted(escaped)
    if pa.types.is_timestamp(values.type):
        return _quoted(values.cast(pa.timestamp("ms", values.type.tz)).cast(pa.timestamp("ms")).cast(pa.string()))
    if pa.types.is_date(values.type):
        return _quoted(values.cast(pa.string()))
    return values.cast(pa.string())


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise("'", texts, "'", "")
